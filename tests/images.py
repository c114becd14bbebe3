"""Small images made of bytes, pushed into the local cloud's registry without a Docker engine."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import httpx

OCI = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass
class Pusher:
    """Pushes to one repository as Docker does.

    Args:
        endpoint: The local cloud.
        repository: Name of the repository.
        host: ECR's host name, where the repository is another account's.
    """

    endpoint: str
    repository: str
    host: str | None = None
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Host": self.host} if self.host else {}

    def url(self, path: str) -> str:
        return f"{self.endpoint}/v2/{self.repository}/{path}"

    def layer(self, content: bytes) -> dict[str, Any]:
        digest = digest_of(content)
        self._send("POST", "blobs/uploads/", params={"digest": digest}, content=content)
        return {"mediaType": "application/octet-stream", "digest": digest, "size": len(content)}

    def image(self, content: str, tag: str | None = None) -> str:
        """An image of one layer; returns its digest."""
        layers = [self.layer(content.encode())]
        manifest = {"schemaVersion": 2, "mediaType": OCI, "config": self.layer(b"{}"), "layers": layers}
        return self.manifest(manifest, OCI, tag)

    def index(self, *images: str, tag: str | None = None) -> str:
        """An index of images; returns its digest."""
        listed = [{"mediaType": OCI, "digest": digest, "size": 1} for digest in images]
        return self.manifest({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}, INDEX, tag)

    def manifest(self, document: dict[str, Any], media_type: str, tag: str | None) -> str:
        body = json.dumps(document).encode()
        path = f"manifests/{tag or digest_of(body)}"
        self._send("PUT", path, content=body, headers={"Content-Type": media_type})
        return digest_of(body)

    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> None:
        sent = httpx.request(method, self.url(path), headers=self.headers | (headers or {}), **options)
        assert sent.is_success, sent.text
