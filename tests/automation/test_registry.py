"""Copying images between repositories, over the registry protocol of a real emulator."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from automation.registry import Repository, copy_image
from localcloud.errors import LocalCloudError
from tests.automation.conftest import Workbench
from tests.images import Pusher

GIVER, TAKER = (f"{account}.dkr.ecr.us-east-1.amazonaws.com" for account in ("222222222222", "333333333333"))


@pytest.fixture
def ecr(bench: Workbench, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Two accounts with a repository of their own each, and a second one in the first."""
    for account, names in (("222222222222", ("dev/web", "near/web")), ("333333333333", ("prod/web",))):
        client = bench.client("ecr", account)
        for name in names:
            client.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    yield lambda account: bench.client("ecr", account)
    for account, names in (("222222222222", ("dev/web", "near/web")), ("333333333333", ("prod/web",))):
        for name in names:
            bench.client("ecr", account).delete_repository(repositoryName=name, force=True)


def repository(bench: Workbench, name: str, host: str) -> Repository:
    return Repository(bench.cloud.endpoint, name, host=host)


def test_an_index_goes_to_another_account_with_every_platform_and_keeps_its_digest(
    bench: Workbench, ecr: Any
) -> None:
    pusher = Pusher(bench.cloud.endpoint, "dev/web", GIVER)
    arm, intel = pusher.image("arm64"), pusher.image("x86")
    index = pusher.index(arm, intel, tag="1")
    lines: list[str] = []
    with repository(bench, "dev/web", GIVER) as source, repository(bench, "prod/web", TAKER) as destination:
        assert copy_image(source, destination, index, tag="promoted", report=lines.append)
        assert not copy_image(source, destination, index, tag="promoted")  # there already
    ecr("222222222222").delete_repository(repositoryName="dev/web", force=True)
    ecr("222222222222").create_repository(repositoryName="dev/web")
    details = ecr("333333333333").describe_images(repositoryName="prod/web")["imageDetails"]
    assert {item["imageDigest"]: item.get("imageTags") for item in details} == {
        arm: None,
        intel: None,
        index: ["promoted"],
    }
    with repository(bench, "prod/web", TAKER) as kept:
        for image in (arm, intel):
            assert all(kept.has_blob(blob) for blob in kept.manifest(image).blobs)
    assert "has sha256:" in lines[-1]


def test_layers_are_mounted_within_a_registry_that_allows_it_and_copied_in_any_other(
    bench: Workbench, ecr: Any
) -> None:
    """ECR mounts only where the account says so ("Blob mounting in Amazon ECR")."""
    image = Pusher(bench.cloud.endpoint, "dev/web", GIVER).image("layer of a few bytes", "1")
    sent: list[int] = []
    with repository(bench, "dev/web", GIVER) as source, repository(bench, "near/web", GIVER) as destination:
        (config, layer) = source.manifest(image).blobs.items()
        destination.take(*config, source, sent.append)
        assert sum(sent) == config[1]  # by default ECR does not mount
        ecr("222222222222").put_account_setting(name="BLOB_MOUNTING", value="ENABLED")
        destination.take(*layer, source, sent.append)
        assert sum(sent) == config[1]
        assert destination.has_blob(layer[0])
    ecr("222222222222").put_account_setting(name="BLOB_MOUNTING", value="DISABLED")


def test_an_image_that_is_gone_or_a_tag_that_is_taken_is_one_message(bench: Workbench, ecr: Any) -> None:
    del ecr
    image = Pusher(bench.cloud.endpoint, "dev/web", GIVER).image("a", "1")
    Pusher(bench.cloud.endpoint, "prod/web", TAKER).image("something else", "promoted")
    with repository(bench, "dev/web", GIVER) as source, repository(bench, "prod/web", TAKER) as destination:
        with pytest.raises(LocalCloudError, match=r"dev/web has no image sha256:0000"):
            copy_image(source, destination, "sha256:" + "0" * 64, tag="x")
        with pytest.raises(LocalCloudError, match="TAG_INVALID: The image tag 'promoted' already exists"):
            copy_image(source, destination, image, tag="promoted")


def test_a_registry_that_is_busy_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[httpx.Response | Exception] = iter(
        [httpx.Response(429), httpx.ConnectError("network is unreachable"), httpx.Response(200)]
    )
    waited: list[float] = []
    monkeypatch.setattr("automation.registry.time.sleep", waited.append)
    busy = Repository("https://registry.test", "web")

    def answer(request: httpx.Request) -> httpx.Response:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        found.request = request
        return found

    monkeypatch.setattr(busy, "_client", httpx.Client(transport=httpx.MockTransport(answer)))
    assert busy.has_blob("sha256:x")
    assert waited == [1.0, 2.0]
