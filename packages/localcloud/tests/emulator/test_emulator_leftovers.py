"""Containers of a local cloud whose process was killed: found by their label, and nothing else is."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest
from docker.errors import NotFound

from localcloud import cli
from localcloud.emulator import start, stop
from localcloud.emulator.identity import INSTANCE_LABEL, instance_of
from localcloud.emulator.naming.hosts_file import folder
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.emulator.stage import (
    NETWORK,
    SERVE,
    Cloud,
    Deployed,
    eventually,
    root_filesystem,
    static_busybox,
)

pytestmark = pytest.mark.docker


@pytest.fixture
def other(tmp_path: Path, cloud: Cloud) -> Iterator[Cloud]:
    """A second local cloud, which the test may kill; the engine already has the first one's image."""
    settings = CloudSettings(home=tmp_path / "home", port=free_port())
    start(settings)
    yield Cloud(settings, cloud.image)
    stop(settings)


def run_one(cloud: Cloud, name: str) -> Any:
    """Run a task; returns its container."""
    job = Deployed(cloud, name, "")
    cloud.client("ecs").create_cluster(clusterName=name)
    cloud.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
    cloud.client("ecs").run_task(cluster=name, taskDefinition=job.define(), networkConfiguration=NETWORK)
    return eventually(lambda: next((entry for entry in job.containers() if entry.status == "running"), None))


SIDE_EFFECTS = "echo 1 > /anonymous/file; echo 1 > /scratch/file; exec httpd -f -p 5000 -h /www"


@pytest.fixture
def imported(other: Cloud, tmp_path: Path) -> Iterator[str]:
    """An image of the other local cloud that declares a volume, in its registry and nowhere else."""
    engine = docker.from_env()
    repository = f"{other.settings.registry}/leaves"
    other.client("ecr").create_repository(repositoryName="leaves")
    files = root_filesystem(static_busybox(tmp_path))
    engine.api.import_image_from_data(files, repository=repository, tag="1", changes=["VOLUME /anonymous"])
    list(engine.images.push(repository, tag="1", stream=True, decode=True))
    engine.images.remove(f"{repository}:1")
    yield f"{repository}:1"
    stop(other.settings)
    for image in engine.images.list(name=repository):
        engine.images.remove(str(image.id), force=True)


class Traces:
    """What a local cloud makes on this machine, where others make things as well.

    Containers, networks and volumes are known by their label. The engine makes a container's anonymous volumes without
    one: they are noted while the container has them.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._engine = docker.from_env()
        self._anonymous: set[str] = set()

    def count(self) -> dict[str, int]:
        """How much of each kind is there."""
        label: dict[str, Any] = {"label": f"{INSTANCE_LABEL}={instance_of(self._cloud.settings)}"}
        containers = self._engine.containers.list(all=True, sparse=True, filters=label)
        volumes = {str(volume.name) for volume in self._engine.volumes.list(filters=label)}
        for container in containers:
            with contextlib.suppress(NotFound):
                mounts = self._engine.api.inspect_container(str(container.id))["Mounts"]
                self._anonymous |= {mount["Name"] for mount in mounts if mount["Type"] == "volume"}
        home = self._cloud.settings.home
        processes = [
            process
            for process in psutil.process_iter(["environ"])
            if (process.info["environ"] or {}).get("LOCALCLOUD_HOME") == str(home)
        ]
        return {
            "containers": len(containers),
            "volumes": len(volumes | {name for name in self._anonymous if self._is_there(name)}),
            "networks": len(self._engine.networks.list(filters=label)),
            "images": sum(self._is_ours(image) for image in self._engine.images.list()),
            "processes": len(processes),
            "folders": sum((home / name).exists() for name in ("hosts", "scratch")),
            "control groups": len(
                list(Path("/sys/fs/cgroup").glob(f"**/{instance_of(self._cloud.settings)}*"))
            ),
        }

    def _is_there(self, volume: str) -> bool:
        try:
            self._engine.volumes.get(volume)
        except NotFound:
            return False
        return True

    def _is_ours(self, image: Any) -> bool:
        names = [*image.tags, *(image.attrs.get("RepoDigests") or [])]
        return any(name.startswith(f"{self._cloud.settings.registry}/") for name in names)


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_everything_that_a_run_makes_goes_with_it(
    other: Cloud, imported: str, name: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces = Traces(other)
    job = Deployed(Cloud(other.settings, imported), name, "")
    other.client("ecs").create_cluster(clusterName=name)
    other.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
    mounts = [{"sourceVolume": "scratch", "containerPath": "/scratch"}]
    beside = {
        "name": "beside",
        "image": imported,
        "command": ["sleep", "600"],
        "essential": False,
        "stopTimeout": 2,
    }
    definition = job.define(
        command=["sh", "-c", SIDE_EFFECTS],
        mountPoints=mounts,
        stopTimeout=2,
        task={"volumes": [{"name": "scratch"}], "others": [beside]},
    )
    for _ in range(2):
        other.client("ecs").run_task(cluster=name, taskDefinition=definition, networkConfiguration=NETWORK)
    [_, stopped] = eventually(lambda: len(tasks(other, name)) == 2 and tasks(other, name))
    # At least the volume of the image in each container, and the task's own in each task.
    all_volumes = traces.count()["volumes"]
    assert traces.count()["containers"] == 4
    assert all_volumes >= 6
    other.client("ecs").stop_task(cluster=name, task=stopped)
    eventually(lambda: len(job.containers()) == 2)
    assert eventually(lambda: traces.count()["volumes"] == all_volumes / 2)
    assert traces.count()["processes"] == 1

    if end == "killed":
        kill(other)
    monkeypatch.setenv("LOCALCLOUD_HOME", str(other.settings.home))
    # The images are those of the port that it runs on, whatever the command is told.
    monkeypatch.setenv("LOCALCLOUD_PORT", str(other.settings.port if end == "killed" else free_port()))
    cli.stop()

    assert traces.count() == dict.fromkeys(traces.count(), 0)


def tasks(cloud: Cloud, cluster: str) -> list[str]:
    ecs = cloud.client("ecs")
    arns = ecs.list_tasks(cluster=cluster)["taskArns"]
    found = ecs.describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    return [task["taskArn"] for task in found if task["lastStatus"] == "RUNNING"]


def exists(container: Any) -> bool:
    return bool(docker.from_env().containers.list(all=True, sparse=True, filters={"id": container.id}))


def kill(cloud: Cloud) -> None:
    pid = start(cloud.settings).pid
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_stop_removes_the_containers_of_a_killed_process(other: Cloud, cloud: Cloud, name: str) -> None:
    mine, theirs = run_one(other, name), run_one(cloud, f"{name}-2")
    kill(other)
    assert exists(mine)

    assert stop(other.settings)

    assert not exists(mine)
    assert exists(theirs)


def test_a_start_after_a_kill_reaps_the_old_containers(other: Cloud, name: str) -> None:
    container = run_one(other, name)
    kill(other)

    assert list(folder(other.settings.home).iterdir())
    start(other.settings)

    assert not exists(container)
    assert not folder(other.settings.home).exists()


def test_a_normal_stop_removes_what_runs_and_nothing_else(other: Cloud, name: str) -> None:
    bystander = docker.from_env().containers.run(other.image, SERVE, detach=True, labels={"ministack": "ecs"})
    try:
        container = run_one(other, name)

        assert stop(other.settings)

        assert not exists(container)
        assert exists(bystander)
    finally:
        bystander.remove(force=True)


def test_the_process_itself_cleans_up_when_it_is_asked_to_end(other: Cloud, name: str) -> None:
    container = run_one(other, name)
    process = psutil.Process(start(other.settings).pid)

    process.terminate()
    process.wait(10)

    assert not exists(container)
    assert not other.settings.process_file.exists()
