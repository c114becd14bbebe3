"""Copy images from registry to registry by digest: no build, no Docker engine, nothing on this machine's disk.

A small client of the OCI Distribution Specification 1.1, which Amazon ECR and the local cloud serve. Why not a library:
docs/adr/0055-promotion-copies-images.md.
"""

import concurrent.futures
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urljoin

import httpx

from localcloud.errors import LocalCloudError

T = TypeVar("T")
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_AT_ONCE = 4
_ATTEMPTS = 5
_TIMEOUT = httpx.Timeout(60.0, connect=15.0)
_TRANSIENT = {408, 429, 500, 502, 503, 504}
_REFUSED = {401, 403}


class _Again(Exception):  # noqa: N818  a signal within this module
    """The registry did not answer, or asked to be left alone for a while."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """A manifest as the registry stores it, byte by byte.

    Args:
        digest: `sha256:…` of the body.
        media_type: Its media type.
        body: The document.
    """

    digest: str
    media_type: str
    body: bytes

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The document, read."""
        found: Mapping[str, Any] = json.loads(self.body)
        return found

    @property
    def children(self) -> list[str]:
        """Digests of the manifests that an image index lists: one per platform, and their attestations."""
        return [str(item["digest"]) for item in self.document.get("manifests") or ()]

    @property
    def blobs(self) -> dict[str, int]:
        """Digest → bytes of an image's configuration and layers; layers with a URL of their own stay there."""
        listed = (self.document.get("config"), *(self.document.get("layers") or ()))
        return {str(item["digest"]): int(item["size"]) for item in listed if item and not item.get("urls")}


class Repository:
    """One repository of one registry, with somebody's credentials.

    Args:
        endpoint: URL of the registry, `https://….amazonaws.com`.
        name: Name of the repository in it.
        authorization: Value of the header; None where none is asked for.
        host: The registry's name where the URL is another one.
    """

    def __init__(
        self, endpoint: str, name: str, *, authorization: str | None = None, host: str | None = None
    ) -> None:
        self.endpoint, self.name = endpoint, name
        self._registry = host or endpoint.partition("://")[2]
        headers = {"Authorization": authorization} if authorization else {}
        # A proxy has no business with a server on this machine. Redirects lead to the storage behind a registry
        # (ECR: S3), and httpx does not hand the credentials on to another host.
        self._client = httpx.Client(
            headers=headers | ({"Host": host} if host else {}),
            timeout=_TIMEOUT,
            follow_redirects=True,
            trust_env=endpoint.startswith("https:"),
        )

    def __str__(self) -> str:
        return f"{self._registry}/{self.name}"

    def __enter__(self) -> "Repository":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def shares_registry_with(self, other: "Repository") -> bool:
        """Whether layers could be mounted from one to the other instead of being copied."""
        return self._registry == other._registry

    def manifest(self, reference: str) -> Manifest:
        """The manifest of a tag or digest.

        Raises:
            LocalCloudError: There is none, or the registry refuses or does not answer.
        """
        response = self._ask("GET", f"manifests/{reference}", headers={"Accept": ", ".join(MANIFESTS)})
        if response.status_code == 404:
            raise LocalCloudError(f"{self} has no image {reference}")
        found = "sha256:" + hashlib.sha256(response.content).hexdigest()
        if reference.startswith("sha256:") and found != reference:
            raise LocalCloudError(f"{self} answers with {found} for {reference}")
        return Manifest(digest=found, media_type=response.headers["Content-Type"], body=response.content)

    def digest_of(self, reference: str) -> str | None:
        """Digest of what a tag or digest names; None when there is nothing of that name."""
        response = self._ask("HEAD", f"manifests/{reference}", headers={"Accept": ", ".join(MANIFESTS)})
        if response.status_code == 404:
            return None
        return response.headers.get("Docker-Content-Digest") or self.manifest(reference).digest

    def has_blob(self, digest: str) -> bool:
        """Whether a layer is there already."""
        return self._ask("HEAD", f"blobs/{digest}").status_code != 404

    def put(self, manifest: Manifest, tag: str | None = None) -> None:
        """Store a manifest, under its digest alone or with a tag as well.

        Raises:
            LocalCloudError: The registry does not take it.
        """
        headers = {"Content-Type": manifest.media_type}
        self._ask("PUT", f"manifests/{tag or manifest.digest}", headers=headers, content=manifest.body)

    def take(self, digest: str, size: int, source: "Repository", sent: Callable[[int], object]) -> None:
        """Make a layer one of this repository's: mounted where the registry can, else copied piece by piece.

        Args:
            digest: The layer.
            size: Its bytes.
            source: Where it is.
            sent: Called with the bytes of every piece.

        Raises:
            LocalCloudError: A registry refuses or does not answer.
        """
        if self.has_blob(digest):
            return
        near = self.shares_registry_with(source)
        mount = {"mount": digest, "from": source.name} if near else {}
        started = self._ask("POST", "blobs/uploads/", params=mount)
        if started.status_code == 201:
            return

        sessions = [self._location(started)]  # the answer to a mount that is not possible is an upload

        def upload() -> None:
            session = sessions.pop() if sessions else self._location(self._ask("POST", "blobs/uploads/"))
            with source._open(digest) as pieces:
                length = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
                answer = self._once("PATCH", session, headers=length, content=_counted(pieces, sent))
            finish = str(httpx.URL(self._location(answer)).copy_merge_params({"digest": digest}))
            self._once("PUT", finish, headers={"Content-Length": "0"})

        _patiently(upload, f"copying {digest[:19]} from {source} to {self}")

    def _open(self, digest: str) -> "_Stream":
        return _Stream(self._client, self._url(f"blobs/{digest}"), str(self))

    def _location(self, response: httpx.Response) -> str:
        return urljoin(str(response.request.url), response.headers["Location"])

    def _url(self, path: str) -> str:
        return f"{self.endpoint}/v2/{self.name}/{path}"

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, again after a while when the registry did not answer; 404 is an answer to a question."""
        return _patiently(
            lambda: self._once(method, self._url(path), **options), f"{method} {path} of {self}"
        )

    def _once(self, method: str, url: str, **options: Any) -> httpx.Response:
        try:
            response = self._client.request(method, url, **options)
        except httpx.TransportError as error:
            raise _Again(str(error) or type(error).__name__) from error
        _checked(response, str(self))
        return response


class _Stream:
    """A layer as it comes; the connection is given back in the end."""

    def __init__(self, client: httpx.Client, url: str, repository: str) -> None:
        self._context = client.stream("GET", url)
        self._repository = repository

    def __enter__(self) -> Iterator[bytes]:
        try:
            response = self._context.__enter__()
        except httpx.TransportError as error:
            raise _Again(str(error) or type(error).__name__) from error
        if response.is_error:
            response.read()
        _checked(response, self._repository)
        if response.status_code == 404:
            raise LocalCloudError(f"{self._repository} lacks a layer of its own image: {response.url}")
        return response.iter_raw()

    def __exit__(self, *details: Any) -> None:
        self._context.__exit__(*details)


def _counted(pieces: Iterator[bytes], sent: Callable[[int], object]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        sent(len(piece))


def _checked(response: httpx.Response, repository: str) -> None:
    status = response.status_code
    if status in _TRANSIENT:
        raise _Again(f"{status} {response.reason_phrase}")
    if status in _REFUSED:
        raise LocalCloudError(
            f"the registry refuses access to {repository}: {status} {_said(response)}",
            fix="allow the stack's credentials to pull (source) and push (destination) there: ecr:BatchGetImage, "
            "ecr:GetDownloadUrlForLayer; ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload, "
            "ecr:BatchCheckLayerAvailability, ecr:PutImage",
        )
    questions = response.request.method in {"GET", "HEAD"}
    if response.is_error and not (status == 404 and questions):
        raise LocalCloudError(f"{repository}: {response.request.method} answered {status} {_said(response)}")


def _said(response: httpx.Response) -> str:
    try:
        return "; ".join(f"{item.get('code')}: {item.get('message')}" for item in response.json()["errors"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return response.text[:200]


def _patiently(work: Callable[[], T], what: str) -> T:
    wait = 1.0
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return work()
        except _Again as error:
            if attempt == _ATTEMPTS:
                raise LocalCloudError(
                    f"{what} failed {_ATTEMPTS} times: {error}",
                    fix="run the command again: what is copied stays",
                ) from None
            time.sleep(wait)
            wait *= 2
    raise AssertionError("unreachable")


def copy_image(
    source: Repository,
    destination: Repository,
    digest: str,
    *,
    tag: str,
    report: Callable[[str], object] = lambda _: None,
) -> bool:
    """Copy an image with everything it consists of; its digest stays what it is.

    An image index goes with the images of all its platforms. What the destination has already is not sent again, so
    that a copy which was interrupted goes on where it ended.

    Args:
        source: Where the image is.
        destination: Where it is to be.
        digest: The image.
        tag: Tag that it gets there: what has none is taken for rubbish.
        report: Called with a line when something is copied.

    Returns:
        Whether there was anything to do.

    Raises:
        LocalCloudError: The source does not have it, or a registry refuses or does not answer.
    """
    if destination.digest_of(tag) == digest:
        return False
    manifests = list(_tree(source, digest))
    blobs = {found: size for manifest in manifests for found, size in manifest.blobs.items()}
    progress = _Progress(sum(blobs.values()), lambda line: report(f"{destination}: {line}"))
    with concurrent.futures.ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        copies = [
            pool.submit(destination.take, found, size, source, progress.sent) for found, size in blobs.items()
        ]
        try:
            for copy in concurrent.futures.as_completed(copies):
                copy.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    for manifest in manifests[:-1]:
        if destination.digest_of(manifest.digest) is None:
            destination.put(manifest)
    destination.put(manifests[-1], tag)
    report(
        f"{destination} has {digest[:19]} ({progress.done / 1e6:.1f} of {progress.total / 1e6:.1f} MB sent)"
    )
    return True


def _tree(source: Repository, digest: str) -> Iterator[Manifest]:
    """The manifests of an image: what an index lists before the index."""
    manifest = source.manifest(digest)
    for child in dict.fromkeys(manifest.children):
        yield from _tree(source, child)
    yield manifest


class _Progress:
    """Says every few seconds how far a copy has come."""

    _SECONDS = 3.0

    def __init__(self, total: int, report: Callable[[str], object]) -> None:
        self.total, self.done = total, 0
        self._report, self._said = report, time.monotonic()
        self._lock = threading.Lock()

    def sent(self, count: int) -> None:
        with self._lock:
            self.done += count
            if time.monotonic() - self._said >= self._SECONDS:
                self._said = time.monotonic()
                self._report(f"{self.done / 1e6:.0f} of {self.total / 1e6:.0f} MB sent")
