import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from docker import DockerClient
from pulumi.provider.experimental.provider import (
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    ReadRequest,
    UpdateRequest,
)

from localcloud.errors import LocalCloudError
from localcloud.images.registry import EmulatedRegistry, Reference
from localcloud.providers.docker_build import DockerBuildProvider
from localcloud.providers.values import UNKNOWN, Values, to_plain_map, to_property_map
from localcloud.settings import CloudSettings
from localcloud.setup.docker_engine import Engine, find_engine

pytestmark = pytest.mark.docker
URN = "urn:pulumi:local::project::docker-build:index:Image::web"
ON_BASE = "ARG BASE_IMAGE=python:3.13-slim-trixie\nFROM ${BASE_IMAGE}\n"


class Image:
    """One image resource, driven as an engine drives it."""

    def __init__(self, settings: CloudSettings, context: Path, repository: str) -> None:
        self.told: list[str] = []
        self.provider = DockerBuildProvider(settings, tell=self.told.append)
        self.state: Values = {}
        self.values: Values = {
            "push": True,
            "buildOnPreview": False,
            "network": "default",
            "context": {"location": str(context)},
            "dockerfile": {"location": str(context / "Dockerfile")},
            "tags": [f"{repository}:1"],
            "registries": [{"address": repository, "username": "AWS", "password": "hunter2"}],
        }

    def checked(self, **changes: Any) -> Any:
        self.values |= changes
        request = CheckRequest(URN, {}, to_property_map(self.values), b"")
        response = asyncio.run(self.provider.check(request))
        assert not response.failures, [failure.reason for failure in response.failures]
        return response.inputs

    def create(self, *, preview: bool = False, **changes: Any) -> Values:
        request = CreateRequest(URN, self.checked(**changes), 0, preview)
        self.response = asyncio.run(self.provider.create(request))
        self.state = to_plain_map(self.response.properties)
        return self.state

    def update(self, *, preview: bool = False, **changes: Any) -> Values:
        olds = to_property_map(self.state)
        request = UpdateRequest(URN, "web", olds, self.checked(**changes), 0, [], preview)
        self.state = to_plain_map(asyncio.run(self.provider.update(request)).properties)
        return self.state

    def diff(self, *ignored: str, **changes: Any) -> DiffResponse:
        olds = to_property_map(self.state)
        request = DiffRequest(URN, "web", olds, self.checked(**changes), list(ignored))
        return asyncio.run(self.provider.diff(request))

    def find(self) -> Values | None:
        found = asyncio.run(self.provider.find(CreateRequest(URN, self.checked(), 0, preview=False)))
        return to_plain_map(found.properties) if found else None

    def read(self) -> str | None:
        state = to_property_map(self.state)
        return asyncio.run(self.provider.read(ReadRequest(URN, "web", state, state))).resource_id


@pytest.fixture
def image(cloud: CloudSettings, context: Path, repository: str, docker: DockerClient) -> Iterator[Image]:
    yield Image(cloud, context, repository)
    for found in docker.images.list(name=repository):
        docker.images.remove(str(found.id), force=True)


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerClient]:
    engine = find_engine()
    assert isinstance(engine, Engine), engine
    with closing(DockerClient(base_url=engine.host, version="auto")) as client:
        yield client


@pytest.fixture
def no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, whoever starts Docker fails."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    monkeypatch.setenv("PATH", "/nonexistent")


def test_an_image_is_built_pushed_and_known_by_its_digest(image: Image, cloud: CloudSettings) -> None:
    state = image.create()

    tag = image.values["tags"][0]
    pushed = EmulatedRegistry(cloud).digest(Reference.parse(tag))
    assert state["digest"] == pushed
    assert state["ref"] == f"{tag}@{pushed}"
    assert image.response.resource_id == "web"
    assert {key: state[key] for key in image.values} == image.values, "outputs echo every input"


def test_an_unchanged_image_is_seen_without_docker(
    image: Image, context: Path, request: pytest.FixtureRequest
) -> None:
    image.create()
    request.getfixturevalue("no_docker")
    os.utime(context / "page", (1, 1))
    (context / "ignored").write_text("the rules exclude it")

    answer = image.diff(registries=[{"address": "x", "username": "AWS", "password": "another one"}])

    assert (answer.changes, answer.diffs) == (False, [])


def test_a_change_is_previewed_without_docker_and_then_built(image: Image, context: Path) -> None:
    before = image.create()
    (context / "page").write_text("changed")
    answer = image.diff(tags=[before["tags"][0].replace(":1", ":2")])
    assert answer.diffs == ["contextHash", "tags"]
    assert answer.replaces == []

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        patch.setattr(image.provider, "_machine", None)
        previewed = to_plain_map(
            asyncio.run(
                image.provider.update(
                    UpdateRequest(URN, "web", to_property_map(before), image.checked(), 0, [], preview=True)
                )
            ).properties
        )
    assert previewed["digest"] is UNKNOWN
    assert previewed["ref"] is UNKNOWN
    assert previewed["contextHash"] != before["contextHash"]

    after = image.update()
    assert after["digest"] != before["digest"]
    assert after["contextHash"] == previewed["contextHash"]


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"buildArgs": {"A": "1"}}, ["buildArgs"]),
        ({"labels": {"a": "b"}}, ["labels"]),
        ({"tags": [UNKNOWN]}, ["tags"]),
        ({"context": UNKNOWN}, ["context", "contextHash"]),
        ({"buildOnPreview": True}, []),
        ({"secrets": {"token": "new"}}, ["secrets"]),
        (
            {"secrets": {"token": "new"}, "ignoreSecretsInDiffCalculation": ["token"]},
            ["ignoreSecretsInDiffCalculation"],
        ),
    ],
)
def test_the_diff_names_what_changed(image: Image, changes: Values, names: list[str]) -> None:
    image.state = {
        **image.values,
        "secrets": {"token": "old"},
        "contextHash": image.create(preview=True)["contextHash"],
    }
    wanted: Values = {"secrets": {"token": "old"}} | changes

    assert image.diff(**wanted).diffs == names
    assert image.diff(*names).changes is False


def test_an_interrupted_create_is_found_by_content(image: Image, context: Path) -> None:
    assert image.find() is None
    state = image.create()

    assert image.find() == state
    again = DockerBuildProvider(image.provider.settings, tell=image.told.append)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
        made = asyncio.run(again.create(CreateRequest(URN, image.checked(), 0, preview=False)))
    assert to_plain_map(made.properties) == state
    assert "    web: already in the registry, nothing to build" in image.told

    (context / "page").write_text("other content under the same tag")
    assert image.find() is None
    with pytest.raises(LocalCloudError, match="is immutable") as failure:
        image.create()
    assert "another tag" in str(failure.value.fix)


def test_a_preview_builds_only_when_it_is_told_to(image: Image, context: Path, cloud: CloudSettings) -> None:
    (context / "Dockerfile").write_text("FROM scratch\nCOPY missing /\n")
    assert image.create(preview=True)["digest"] is UNKNOWN

    with pytest.raises(LocalCloudError, match="missing"):
        image.create(preview=True, buildOnPreview=True, tags=[UNKNOWN])

    (context / "Dockerfile").write_text("FROM scratch\nCOPY page /\n")
    assert image.create(preview=True)["ref"] is UNKNOWN
    assert image.create(preview=True, buildArgs={"A": UNKNOWN})["ref"] is UNKNOWN
    assert any("not built in this preview, buildArgs, tags not known yet" in line for line in image.told)


def test_a_deleted_repository_is_noticed_on_refresh(
    image: Image, repository: str, cloud: CloudSettings
) -> None:
    image.create()
    assert image.read() == "web"
    client: Any = boto3.client(
        "ecr",
        endpoint_url=cloud.endpoint,
        region_name=cloud.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.delete_repository(repositoryName=repository.partition("/")[2], force=True)

    assert image.read() is None


def test_deleting_leaves_the_pushed_image(image: Image, cloud: CloudSettings) -> None:
    state = image.create()
    asyncio.run(image.provider.delete(DeleteRequest(URN, "web", to_property_map(state), 0)))

    assert EmulatedRegistry(cloud).digest(Reference.parse(state["tags"][0])) == state["digest"]


def test_passwords_and_build_secrets_are_secret_in_the_state_and_never_printed(
    image: Image, context: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = (
        ON_BASE
        + "RUN --mount=type=secret,id=token grep -q tr0ub4dor /run/secrets/token && cat /run/secrets/token\n"
    )
    image.create(dockerfile={"inline": text}, secrets={"token": "tr0ub4dor"})

    assert image.response.properties["secrets"].is_secret
    assert image.response.properties["registries"].is_secret
    failing = {"inline": text + "RUN --mount=type=secret,id=token cat /run/secrets/token; exit 7\n"}
    with pytest.raises(LocalCloudError) as failure:
        image.create(dockerfile=failing, tags=[image.values["tags"][0] + "x"])
    printed = "".join([*image.told, str(failure.value), *capfd.readouterr()])
    assert "exit 7" in printed
    assert "tr0ub4dor" not in printed
    assert "hunter2" not in printed


def test_no_command_line_holds_a_secret(image: Image, context: Path) -> None:
    image.checked(
        secrets={"token": "tr0ub4dor"},
        dockerfile={"inline": ON_BASE + f"RUN echo {time.time()}; sleep 2\n"},
    )
    lines: set[str] = set()
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            children = psutil.Process().children(recursive=True)
            for child in children:
                try:
                    lines.add(" ".join(child.cmdline()))
                except psutil.Error:
                    continue
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        image.create()
    finally:
        over.set()
        watcher.join()
    assert any(" build " in line for line in lines)
    assert not any("tr0ub4dor" in line or "hunter2" in line for line in lines)


def test_a_cancelled_build_is_stopped(image: Image) -> None:
    inputs = image.checked(dockerfile={"inline": ON_BASE + f"RUN echo {time.time()}; sleep 60\n"})

    async def interrupted() -> None:
        creating = asyncio.create_task(image.provider.create(CreateRequest(URN, inputs, 0, preview=False)))
        while not any("sleep 60" in line for line in image.told):
            await asyncio.sleep(0.05)
            assert not creating.done()
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating

    asyncio.run(asyncio.wait_for(interrupted(), 30))
    commands = [" ".join(child.cmdline()) for child in psutil.Process().children(recursive=True)]
    assert not any(" build " in command for command in commands)


@pytest.mark.parametrize(
    ("dockerfile", "message", "fix"),
    [
        (ON_BASE + "RUN echo about to fail; exit 3\n", "about to fail", "correct the Dockerfile"),
        (ON_BASE + "COPY nowhere /\n", "nowhere", "correct the Dockerfile"),
        (
            ON_BASE + "RUN echo 'write /x: no space left on device'; exit 1\n",
            "disk is full",
            "docker system df",
        ),
        ("FROM no-such-registry.invalid/base:1\nUSER 1\n", "no registry is reachable", "docker load"),
    ],
)
def test_a_failed_build_is_one_message_with_its_remedy(
    image: Image, dockerfile: str, message: str, fix: str
) -> None:
    with pytest.raises(LocalCloudError) as failure:
        image.create(dockerfile={"inline": dockerfile})

    assert "building image web failed" in failure.value.message
    assert message in failure.value.message
    assert fix in str(failure.value.fix)


def test_an_engine_that_does_not_answer_is_one_message(image: Image, no_docker: None) -> None:
    with pytest.raises(LocalCloudError, match="no Docker engine answers at DOCKER_HOST"):
        image.create()


def test_a_repository_that_does_not_exist_is_one_message(image: Image, cloud: CloudSettings) -> None:
    with pytest.raises(LocalCloudError) as failure:
        image.create(tags=[f"{cloud.registry}/missing:1"])
    assert "create the ECR repository" in str(failure.value.fix)


def test_what_the_local_cloud_does_differently_is_noted(image: Image) -> None:
    image.create(platforms=["linux/s390x", "linux/riscv64"], cacheFrom=[{"registry": {"ref": "x/y"}}])

    assert "not for linux/s390x, linux/riscv64" in image.provider.notes[URN]
    assert "caches are the Docker engine's own" in image.provider.notes[URN]


def test_other_types_of_the_package_are_refused(cloud: CloudSettings) -> None:
    provider = DockerBuildProvider(cloud)
    request = CheckRequest(URN.replace("index:Image", "index:Index"), {}, {}, b"")

    failures = asyncio.run(provider.check(request)).failures

    assert failures
    assert "docker-build:index:Image only" in failures[0].reason
