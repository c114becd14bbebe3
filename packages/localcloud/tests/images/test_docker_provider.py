import asyncio
import io
import tarfile
import uuid
from typing import Any

import boto3
import docker
import pytest
from pulumi.provider.experimental.provider import CheckRequest, InvokeRequest, InvokeResponse

from localcloud.errors import LocalCloudError
from localcloud.providers.docker import GET_MANIFESTS, GET_REGISTRY_IMAGE, DockerProvider
from localcloud.providers.values import Values, to_plain_map, to_property_map
from localcloud.settings import CloudSettings

MANIFEST = '{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "layers": []}'


@pytest.fixture
def pushed(cloud: CloudSettings, repository: str) -> str:
    """Digest of an image that somebody else has pushed as `repository:1`."""
    client: Any = boto3.client(
        "ecr",
        endpoint_url=cloud.endpoint,
        region_name=cloud.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    name = repository.partition("/")[2]
    answer = client.put_image(repositoryName=name, imageManifest=MANIFEST, imageTag="1")
    return str(answer["image"]["imageId"]["imageDigest"])


def invoke(cloud: CloudSettings, token: str, **arguments: Any) -> InvokeResponse:
    return asyncio.run(DockerProvider(cloud).invoke(InvokeRequest(token, to_property_map(arguments))))


def result(cloud: CloudSettings, token: str, **arguments: Any) -> Values:
    response = invoke(cloud, token, **arguments)
    assert not response.failures, response.failures[0].reason
    return to_plain_map(response.return_value or {})


def test_a_tag_is_resolved_to_its_digest(cloud: CloudSettings, repository: str, pushed: str) -> None:
    name = f"{repository}:1"

    assert result(cloud, GET_REGISTRY_IMAGE, name=name) == {
        "id": pushed,
        "name": name,
        "sha256Digest": pushed,
    }


def test_the_accounts_own_ecr_address_means_the_same_image(
    cloud: CloudSettings, repository: str, pushed: str
) -> None:
    path = repository.partition("/")[2]
    name = f"{cloud.account_id}.dkr.ecr.{cloud.region}.amazonaws.com/{path}:1"

    assert result(cloud, GET_REGISTRY_IMAGE, name=name)["sha256Digest"] == pushed


def test_one_image_has_one_manifest(cloud: CloudSettings, repository: str, pushed: str) -> None:
    manifests = result(cloud, GET_MANIFESTS, name=f"{repository}:1")["manifests"]

    assert [item["sha256Digest"] for item in manifests] == [pushed]


@pytest.mark.parametrize("missing", [":2", "-missing:1"])
def test_an_image_that_does_not_exist_is_an_error(
    cloud: CloudSettings, repository: str, missing: str
) -> None:
    with pytest.raises(LocalCloudError, match="does not exist") as failure:
        invoke(cloud, GET_REGISTRY_IMAGE, name=f"{repository}{missing}")
    assert f"{repository}{missing}" in failure.value.message


@pytest.mark.docker
def test_a_registry_out_of_reach_is_an_error(cloud: CloudSettings) -> None:
    with pytest.raises(LocalCloudError, match="no registry is reachable") as failure:
        invoke(cloud, GET_REGISTRY_IMAGE, name="registry.invalid/web:1")
    assert "docker load registry.invalid/web:1" in str(failure.value.fix)


@pytest.mark.docker
def test_an_image_that_only_the_engine_has_is_named_by_its_id_and_tasks_find_it(cloud: CloudSettings) -> None:
    engine = docker.from_env()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("made"), io.BytesIO())
    name = f"shop-{uuid.uuid4().hex[:8]}/web:dev"
    engine.api.import_image_from_data(archive.getvalue(), repository=name[:-4], tag="dev")
    try:
        found = result(cloud, GET_REGISTRY_IMAGE, name=name)["sha256Digest"]

        assert found == engine.images.get(name).id
    finally:
        engine.images.remove(name)


def test_another_registry_needs_an_engine_to_ask(
    cloud: CloudSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    with pytest.raises(LocalCloudError, match="needs a Docker engine"):
        invoke(cloud, GET_REGISTRY_IMAGE, name="registry.invalid/web:1")


@pytest.mark.parametrize(
    ("token", "arguments", "reason"),
    [
        ("docker:index/getPlugin:getPlugin", {"name": "x"}, "does not answer docker:index/getPlugin"),
        (GET_REGISTRY_IMAGE, {"nam": "x"}, "unknown property 'nam'"),
        (GET_REGISTRY_IMAGE, {}, "an image reference is needed"),
    ],
)
def test_what_cannot_be_answered_is_a_failure_with_its_reason(
    token: str, arguments: dict[str, Any], reason: str
) -> None:
    failures = invoke(CloudSettings(), token, **arguments).failures

    assert [reason in failure.reason for failure in failures] == [True]


def test_resources_of_the_package_are_refused() -> None:
    urn = "urn:pulumi:local::project::docker:index/container:Container::web"

    response = asyncio.run(DockerProvider(CloudSettings()).check(CheckRequest(urn, {}, {}, b"")))

    assert response.failures
    assert "docker:index/container:Container is not part of the local cloud" in response.failures[0].reason
