"""Image references, and the emulated ECR's registry (OCI Distribution Specification)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import requests
from docker import DockerClient
from docker.errors import APIError

from localcloud.errors import LocalCloudError
from localcloud.hints import command
from localcloud.settings import CloudSettings

DEFAULT_REGISTRY = "docker.io"
ECR_HOST = re.compile(r"^(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$")
MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    )
)
REGISTRY_SECONDS = 20
DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An image reference taken apart.

    Args:
        registry: Host with port, for example `localhost:4566`; `docker.io` where the reference names none.
        repository: Path inside the registry; Docker Hub's own images are in `library/`.
        tag: `latest` where the reference has neither tag nor digest.
        digest: `sha256:…` or None.
    """

    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read `[registry/]repository[:tag][@digest]`.

        Raises:
            LocalCloudError: The text is no image reference.
        """
        name, _, digest = text.partition("@")
        first, slash, rest = name.partition("/")
        has_registry = bool(slash) and ("." in first or ":" in first or first == "localhost")
        registry, path = (first, rest) if has_registry else (DEFAULT_REGISTRY, name)
        repository, _, tag = path.partition(":")
        if not re.fullmatch(r"[a-z0-9]+(?:(?:[._/]|__|-+)[a-z0-9]+)*", repository) or (
            digest and not DIGEST.match(digest)
        ):
            raise LocalCloudError(
                f"{text!r} is not an image reference",
                fix="write it as registry/repository:tag, in lower case",
            )
        if registry == DEFAULT_REGISTRY and "/" not in repository:
            repository = f"library/{repository}"
        return cls(
            registry=registry,
            repository=repository,
            tag=tag or (None if digest else "latest"),
            digest=digest or None,
        )

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"


class EmulatedRegistry:
    """The registry of the local cloud's ECR.

    Args:
        settings: Port and account of the local cloud.
    """

    def __init__(self, settings: CloudSettings) -> None:
        self._settings = settings

    def serves(self, reference: Reference) -> bool:
        """Whether a reference names this registry: by its local address, or by the account's ECR host."""
        ecr = ECR_HOST.match(reference.registry)
        local = {self._settings.registry, f"127.0.0.1:{self._settings.port}"}
        return reference.registry in local or (
            ecr is not None and ecr["account"] == self._settings.account_id
        )

    def digest(self, reference: Reference) -> str | None:
        """Digest of what a reference names; None when there is no such repository, tag or digest."""
        response = self._get(reference, f"manifests/{reference.digest or reference.tag}", method="HEAD")
        return response.headers["Docker-Content-Digest"] if response else None

    def labels(self, reference: Reference) -> dict[str, str]:
        """Labels of an image; empty when there is no such image or when it is a list of images."""
        manifest = self.manifest(reference)
        config = manifest.get("config", {}).get("digest")
        response = self._get(reference, f"blobs/{config}") if config else None
        return dict(response.json().get("config", {}).get("Labels") or {}) if response else {}

    def manifest(self, reference: Reference) -> dict[str, Any]:
        """The manifest a reference names, as the registry stores it; empty when there is none."""
        response = self._get(reference, f"manifests/{reference.digest or reference.tag}")
        return dict(response.json()) if response else {}

    def _get(self, reference: Reference, path: str, *, method: str = "GET") -> httpx.Response | None:
        url = f"{self._settings.endpoint}/v2/{reference.repository}/{path}"
        headers = {"Accept": MANIFEST_TYPES}
        if ECR_HOST.match(reference.registry):
            headers["Host"] = reference.registry  # the emulator reads account and region from it
        try:
            # The machine's proxy has no business with a server on this machine.
            with httpx.Client(trust_env=False, timeout=REGISTRY_SECONDS) as client:
                response = client.request(method, url, headers=headers)
        except httpx.HTTPError as error:
            raise LocalCloudError(
                f"the registry at {self._settings.registry} does not answer ({type(error).__name__})",
                fix=command("start"),
            ) from None
        if response.status_code == 404:
            return None
        if response.is_error:
            raise LocalCloudError(f"{method} {url}: {response.status_code} {response.text[:300]}")
        return response


def push(client: DockerClient, image: str, credentials: tuple[str, str] | None) -> str:
    """Push a tagged image and return its digest.

    Args:
        client: The engine that has the image.
        image: Reference with a tag.
        credentials: User name and password; sent to the engine only, never written anywhere.

    Raises:
        LocalCloudError: The registry refused or did not answer, or a disk is full.
    """
    reference = Reference.parse(image)
    options: dict[str, Any] = {}
    if credentials:
        options["auth_config"] = {"username": credentials[0], "password": credentials[1]}
    try:
        events = client.images.push(reference.name, tag=reference.tag, stream=True, decode=True, **options)
        return _digest_from(events, image)
    except (APIError, requests.exceptions.RequestException) as error:
        raise push_failure(image, str(error)) from None


def _digest_from(events: Iterator[Mapping[str, Any]], image: str) -> str:
    digest = ""
    for event in events:
        if "error" in event:
            raise push_failure(image, str(event["error"]))
        digest = event.get("aux", {}).get("Digest", digest)
    if not digest:
        raise push_failure(image, "the registry answered with no digest")
    return digest


def push_failure(image: str, reason: str) -> LocalCloudError:
    """One message for a failed push, with what helps by the words registries and engines use."""
    for signs, fix in (
        (("no space left",), "free disk space, for example: docker system prune; then run the command again"),
        (
            ("name unknown", "name_unknown", "repository name not known"),
            "create the ECR repository before the image",
        ),
        (
            ("immutable",),
            "the tag exists with other content: give other content another tag, such as its hash",
        ),
        (
            ("connection refused", "eof", "connection reset"),
            f"is the local cloud running? {command('start')}",
        ),
        (
            ("denied", "unauthorized", "no basic auth"),
            "check registries[].username and password of the image",
        ),
    ):
        if any(sign in reason.lower() for sign in signs):
            return LocalCloudError(f"pushing {image} failed: {reason}", fix=fix)
    return LocalCloudError(f"pushing {image} failed: {reason}", fix="run the command again")
