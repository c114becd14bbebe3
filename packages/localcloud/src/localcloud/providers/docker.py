"""The `docker` package on the local cloud: which digest does an image in a registry have."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import requests
from docker import DockerClient
from docker.errors import APIError, DockerException, ImageNotFound
from pulumi.provider.experimental import provider as protocol

from localcloud import console
from localcloud.errors import LocalCloudError
from localcloud.hints import command
from localcloud.images.registry import EmulatedRegistry, Reference
from localcloud.providers.values import has_unknown, to_plain_map, to_property_map
from localcloud.settings import CloudSettings
from localcloud.setup.base_image import ensure_base_image
from localcloud.setup.docker_engine import Engine, find_engine

GET_REGISTRY_IMAGE = "docker:index/getRegistryImage:getRegistryImage"
GET_MANIFESTS = "docker:index/getRegistryImageManifests:getRegistryImageManifests"
LOOKUP_SECONDS = 20


class DockerProvider(protocol.Provider):
    """The look-ups of `docker` that resolve an image built elsewhere to its digest.

    Answers come from the emulated ECR for its own images and through the Docker engine, with the credentials of
    `docker login`, for every other registry.

    Args:
        settings: The local cloud.
    """

    def __init__(self, settings: CloudSettings) -> None:
        self.notes: dict[str, str] = {}
        self._settings = settings
        self._registry = EmulatedRegistry(settings)
        self._functions: dict[str, Callable[[str], Awaitable[dict[str, Any]]]] = {
            GET_REGISTRY_IMAGE: self._registry_image,
            GET_MANIFESTS: self._manifests,
        }

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Refuse every resource: images are built by docker-build and containers run by ECS."""
        reason = f"{request.type} is not part of the local cloud; it looks up digests ({GET_REGISTRY_IMAGE})"
        return protocol.CheckResponse(request.new_inputs, [protocol.CheckFailure("", reason)])

    async def invoke(self, request: protocol.InvokeRequest) -> protocol.InvokeResponse:
        """Answer getRegistryImage and getRegistryImageManifests.

        Raises:
            LocalCloudError: The image does not exist, or its registry cannot be asked.
        """
        arguments = to_plain_map(request.args)
        failure = self._failure(request.tok, arguments)
        if failure:
            return protocol.InvokeResponse(failures=[failure])
        name = str(arguments["name"])
        result = await self._functions[request.tok](name)
        return protocol.InvokeResponse(to_property_map({"id": result.pop("id"), **arguments, **result}))

    def _failure(self, token: str, arguments: dict[str, Any]) -> protocol.CheckFailure | None:
        if token not in self._functions:
            known = ", ".join(self._functions)
            return protocol.CheckFailure("", f"the local cloud does not answer {token}; it answers {known}")
        for unknown in sorted(set(arguments) - {"name", "insecureSkipVerify", "authConfig"}):
            return protocol.CheckFailure(unknown, f"unknown property {unknown!r} of {token}")
        if not isinstance(arguments.get("name"), str) or has_unknown(arguments):
            return protocol.CheckFailure(
                "name", "name: an image reference is needed, such as registry/repository:tag"
            )
        return None

    async def _registry_image(self, name: str) -> dict[str, Any]:
        digest = await asyncio.to_thread(self.resolve, name)
        return {"id": digest, "sha256Digest": digest}

    async def _manifests(self, name: str) -> dict[str, Any]:
        reference = Reference.parse(name)
        if not self._registry.serves(reference):
            raise LocalCloudError(
                f"the manifests of {name} can be listed for images of the local cloud's ECR only",
                fix="use get_registry_image, which gives the digest of the whole list",
            )
        digest = await asyncio.to_thread(self.resolve, name)
        manifest = await asyncio.to_thread(self._registry.manifest, reference)
        listed = manifest.get("manifests") or [{"digest": digest, "mediaType": manifest.get("mediaType", "")}]
        found = [
            {
                "architecture": item.get("platform", {}).get("architecture", ""),
                "os": item.get("platform", {}).get("os", ""),
                "mediaType": item["mediaType"],
                "sha256Digest": item["digest"],
            }
            for item in listed
        ]
        return {"id": digest, "manifests": found}

    def resolve(self, name: str) -> str:
        """Digest of the image a reference names.

        Raises:
            LocalCloudError: There is no such image, or its registry cannot be asked.
        """
        reference = Reference.parse(name)
        ours = self._registry.serves(reference)
        digest = self._registry.digest(reference) if ours else _ask_engine(self._settings, name)
        if digest is None:
            wanted = reference.digest or reference.tag
            raise LocalCloudError(
                f"the image {name} does not exist: {reference.name} has no {wanted!r}",
                fix="push it first, or correct the reference",
            )
        return digest


def _ask_engine(settings: CloudSettings, name: str) -> str | None:
    """Ask another registry through the Docker engine, which knows proxies, mirrors and logins.

    Where the registry has no answer, the image that the engine has under this name counts, or else its stand-in. An
    image that was never in a registry has no digest; its id takes the digest's place, and tasks find it by that.
    """
    engine = find_engine()
    if not isinstance(engine, Engine):
        raise LocalCloudError(
            f"looking up {name} needs a Docker engine, and none answers", fix=command("setup")
        )
    try:
        with closing(DockerClient(base_url=engine.host, version="auto", timeout=LOOKUP_SECONDS)) as client:
            try:
                return str(client.images.get_registry_data(name).id)
            except APIError as error:
                reason = str(error.explanation or error)
            except requests.exceptions.RequestException as error:
                reason = f"{type(error).__name__}"
            return _local(client, name) or _without_registry(settings, engine.host, name, reason)
    except (DockerException, requests.exceptions.RequestException) as error:
        raise LocalCloudError(f"looking up {name} failed: {error}", fix="run the command again") from None


def _local(client: DockerClient, name: str) -> str | None:
    """Digest, or else id, of the engine's own image of this name."""
    try:
        image = client.images.get(name)
    except ImageNotFound:
        return None
    console.warn(
        f"no registry answers for {name}: the image of that name in this machine's Docker engine runs"
    )
    repository = name.partition("@")[0]
    repository = repository.rsplit(":", 1)[0] if ":" in repository.rsplit("/", 1)[-1] else repository
    for known in image.attrs.get("RepoDigests") or []:
        place, _, digest = str(known).partition("@")
        if place == repository:
            return digest
    return str(image.id)


def _without_registry(settings: CloudSettings, docker_host: str, name: str, reason: str) -> str | None:
    if "manifest unknown" in reason or "not found" in reason:
        return None
    if "denied" in reason or "unauthorized" in reason:
        raise LocalCloudError(
            f"the registry gives no access to {name}: {reason}",
            fix="run `docker login` for that registry, or build the image on this machine under that name",
        )
    found = ensure_base_image(settings, docker_host, name)
    console.warn(f"{name} cannot be pulled here: tasks run on the stand-in {found}")
    with closing(DockerClient(base_url=docker_host, version="auto")) as client:
        return str(client.images.get(found).id)
