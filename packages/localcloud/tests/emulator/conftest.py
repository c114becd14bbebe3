"""A running emulator for the tests that do not stop it."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest

from localcloud.emulator import start, stop
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.balancer import Balancer
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.emulator.stage import (
    Cloud,
    Deployed,
    balancer_with_group,
    root_filesystem,
    static_busybox,
)
from packages.localcloud.tests.emulator.targets import Target, target


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One local cloud for all tests that do not stop it; they keep apart by the names they use."""
    folder = tmp_path_factory.mktemp("cloud")
    settings = CloudSettings(home=folder / "home", port=free_port())
    start(settings)
    engine = docker.from_env()
    repository = f"{settings.registry}/busybox"
    try:
        Cloud(settings, "").client("ecr").create_repository(repositoryName="busybox")
        engine.api.import_image_from_data(
            root_filesystem(static_busybox(folder)), repository=repository, tag="1"
        )
        pushed = list(engine.images.push(repository, tag="1", stream=True, decode=True))
        digest = next(line["aux"]["Digest"] for line in pushed if "aux" in line)
        engine.images.remove(f"{repository}:1")
        yield Cloud(settings, f"{repository}@{digest}")
    finally:
        stop(settings)
        for image in engine.images.list(name=repository):
            engine.images.remove(str(image.id), force=True)


@pytest.fixture
def name() -> str:
    """A name nothing else uses."""
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.fixture
def deploy(cloud: Cloud, name: str) -> Iterator[Callable[..., Deployed]]:
    """Make a cluster, log group, load balancer and target group; the service is the test's to create."""
    made: list[Deployed] = []

    def make(**health_check: Any) -> Deployed:
        cloud.client("ecs").create_cluster(clusterName=name)
        cloud.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
        deployed = Deployed(cloud, name, balancer_with_group(cloud, name, **health_check))
        made.append(deployed)
        return deployed

    yield make
    ecs = cloud.client("ecs")
    for deployed in made:
        for service in ecs.list_services(cluster=deployed.name)["serviceArns"]:
            ecs.delete_service(cluster=deployed.name, service=service, force=True)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud without an image: targets are in this process."""
    settings = CloudSettings(home=tmp_path_factory.mktemp("plain") / "home", port=free_port())
    start(settings)
    yield Cloud(settings, "")
    stop(settings)


@pytest.fixture
def web(plain: Cloud, name: str) -> Balancer:
    """A load balancer of the test's own."""
    return Balancer(plain, name)


@pytest.fixture
def one() -> Iterator[Target]:
    """A target."""
    with target("one") as server:
        yield server


@pytest.fixture
def two() -> Iterator[Target]:
    """Another target."""
    with target("two") as server:
        yield server
