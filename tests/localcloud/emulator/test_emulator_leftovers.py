"""Containers of a local cloud whose process was killed: found by their label, and nothing else is."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import psutil
import pytest

from localcloud.emulator import start, stop
from localcloud.emulator.naming.hosts_file import folder
from localcloud.settings import CloudSettings
from tests.localcloud.emulator.ports import free_port
from tests.localcloud.emulator.stage import SERVE, Cloud, Deployed, eventually

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
    cloud.client("ecs").run_task(cluster=name, taskDefinition=job.define())
    return eventually(lambda: next((entry for entry in job.containers() if entry.status == "running"), None))


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
