"""Put our part of ECR before MiniStack's: the API, and the registry that Docker pushes to."""

import json
import time
from collections.abc import Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecr.api import EcrApi
from localcloud.emulator.ecr.images import Repository, blobs_in
from localcloud.emulator.json_api import Handler, Response


def install() -> None:
    """Install both; called once."""
    ecr = upstream.ecr
    api = EcrApi(ecr.handle_request)
    ecr.handle_request = api.handler
    upstream.app.SERVICE_HANDLERS["ecr"] = api.handler
    ecr.handle_registry_request = _registry(ecr.handle_registry_request, api)
    plain_shape = ecr._repo_shape

    def shape(repository: Mapping[str, Any]) -> Mapping[str, Any]:
        filters = repository.get("imageTagMutabilityExclusionFilters")
        answer: Mapping[str, Any] = plain_shape(repository)
        return {**answer, "imageTagMutabilityExclusionFilters": filters} if filters else answer

    ecr._repo_shape = shape


def _registry(plain: Handler, api: EcrApi) -> Handler:
    """The registry's handler (OCI Distribution Specification) with what ECR checks."""
    ecr = upstream.ecr

    async def handle(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Response:
        verb, name, reference = ecr._parse_v2_path(path) or ("", "", "")
        ecr._select_registry_request_scope(
            name, {key.lower(): value for key, value in headers.items()}, query
        )
        repository = Repository.here(name)
        if verb == "blob_uploads" and not api.mounts(repository.account, repository.region):
            # The answer to a mount that is not possible is an upload (specification, "Mounting a blob from another
            # repository").
            query = {key: value for key, value in query.items() if key not in {"mount", "from"}}
        if verb != "manifest" or method.upper() != "PUT" or repository.settings is None:
            return await plain(method, path, headers, body, query)
        refused = _refused(repository, reference, body)
        if refused is not None:
            return refused
        before = {record["imageDigest"] for record in repository.records}
        response = await plain(method, path, headers, body, query)
        for record in repository.records:
            if record["imageDigest"] not in before:
                record["imagePushedAt"] = time.time()  # MiniStack's whole seconds do not order two pushes
        if not reference.startswith(
            "sha256:"
        ):  # a tag completes an image: what it lists has been pushed before
            repository.expire()
        return response

    return handle


def _refused(repository: Repository, reference: str, body: bytes) -> Response | None:
    """What ECR says to a manifest that it does not take."""
    ecr = upstream.ecr
    try:
        manifest = json.loads(body)
    except ValueError:
        manifest = None
    if not isinstance(manifest, dict):
        invalid: Response = ecr._registry_error(400, "MANIFEST_INVALID", "manifest invalid", {})
        return invalid
    if not reference.startswith("sha256:"):
        holder = repository.find({"imageTag": reference})
        moves = holder is not None and holder["imageDigest"] != ecr._content_digest(body)
        if moves and repository.tag_is_fixed(reference):
            # The text of ImageTagAlreadyExistsException, which Docker prints after `tag invalid:`.
            text = (
                f"The image tag '{reference}' already exists in the '{repository.name}' repository and cannot be "
                "overwritten because the tag is immutable."
            )
            fixed: Response = ecr._registry_error(400, "TAG_INVALID", text, {"tag": reference})
            return fixed
    # LayersNotFoundException and ReferencedImagesNotFoundException of PutImage, as the registry tells them.
    missing = [digest for digest in blobs_in(manifest) if digest not in repository.blobs] + [
        item["digest"]
        for item in manifest.get("manifests") or ()
        if repository.find({"imageDigest": item["digest"]}) is None
    ]
    if missing:
        unknown: Response = ecr._registry_error(
            400, "MANIFEST_BLOB_UNKNOWN", f"not in the repository {repository.name}: {', '.join(missing)}", {}
        )
        return unknown
    return None
