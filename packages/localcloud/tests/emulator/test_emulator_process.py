"""The background process: started once, found truthfully, stopped without leaving or taking anything."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import psutil
import pytest

from localcloud.emulator import running, start, stop
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[CloudSettings]:
    settings = CloudSettings(home=tmp_path / "home", port=free_port())
    yield settings
    stop(settings)


def test_a_second_start_finds_the_first_process(settings: CloudSettings) -> None:
    first = start(settings)

    assert start(settings) == first
    assert running(settings) == first


def test_the_world_endpoint_agrees_with_the_process_file(settings: CloudSettings) -> None:
    cloud = start(settings)

    document = httpx.get(f"{cloud.endpoint}/_localcloud/world").json()
    recorded = json.loads(settings.process_file.read_text())
    assert document["world"] == recorded["world"] == cloud.world
    assert document["pid"] == recorded["pid"] == cloud.pid
    assert document["version"] == cloud.version


def test_the_aws_api_answers_on_the_endpoint(settings: CloudSettings) -> None:
    cloud = start(settings)

    client = boto3.client(
        "sts",
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    assert client.get_caller_identity()["Account"] == settings.account_id


def test_the_process_outlives_the_command_and_its_interrupt(settings: CloudSettings) -> None:
    program = (
        "from pathlib import Path; from localcloud.emulator import start; "
        "from localcloud.settings import CloudSettings; import os, signal; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # it may be inherited as ignored
        f"start(CloudSettings(home=Path({str(settings.home)!r}), port={settings.port})); "
        "os.killpg(0, signal.SIGINT)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], start_new_session=True, check=False, capture_output=True
    )

    assert ended.returncode != 0
    assert running(settings) is not None


def test_stop_ends_the_process_and_is_idempotent(settings: CloudSettings) -> None:
    cloud = start(settings)

    assert stop(settings)
    assert not psutil.pid_exists(cloud.pid)
    assert running(settings) is None
    assert not settings.process_file.exists()
    assert not stop(settings)


def test_a_killed_process_is_not_running_and_the_next_start_is_another_world(settings: CloudSettings) -> None:
    first = start(settings)
    os.kill(first.pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first.pid)] if psutil.pid_exists(first.pid) else [], timeout=5)

    assert running(settings) is None
    assert start(settings).world != first.world


def test_a_reused_pid_in_a_stale_process_file_is_neither_believed_nor_killed(settings: CloudSettings) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        settings.home.mkdir()
        settings.process_file.write_text(
            json.dumps({"pid": bystander.pid, "port": settings.port, "world": "x", "process_started": 1.0})
        )

        assert running(settings) is None
        stop(settings)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x", "port": "y"}'])
def test_a_corrupt_process_file_does_not_matter(settings: CloudSettings, content: str) -> None:
    settings.home.mkdir()
    settings.process_file.write_text(content)

    assert running(settings) is None
    assert start(settings) == running(settings)


def test_a_running_cloud_is_found_without_its_process_file(settings: CloudSettings) -> None:
    cloud = start(settings)
    settings.process_file.unlink()

    assert running(settings) == cloud


def test_a_cloud_whose_folder_was_removed_is_said_and_can_be_stopped(settings: CloudSettings) -> None:
    cloud = start(settings)
    shutil.rmtree(settings.home)

    with pytest.raises(LocalCloudError, match="was removed while its local cloud runs"):
        start(settings)
    shutil.rmtree(settings.home)
    assert stop(settings)
    assert not psutil.pid_exists(cloud.pid)
    assert start(settings).world != cloud.world


def test_a_hanging_process_is_replaced(settings: CloudSettings) -> None:
    first = start(settings)
    os.kill(first.pid, signal.SIGSTOP)

    second = start(settings)

    assert second.world != first.world
    assert not psutil.pid_exists(first.pid)


def test_a_port_held_by_another_program_is_named_with_its_holder(settings: CloudSettings) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", settings.port))
        holder.listen()

        with pytest.raises(LocalCloudError) as failure:
            start(settings)

    assert f"port {settings.port} is in use by process {os.getpid()}" in failure.value.message
    offered = re.search(r"export LOCALCLOUD_PORT=(\d+)$", str(failure.value.fix))
    assert offered is not None
    assert int(offered[1]) > settings.port
    with socket.socket() as free:
        free.bind(("127.0.0.1", int(offered[1])))


def test_a_port_held_by_another_homes_cloud_names_that_home(settings: CloudSettings, tmp_path: Path) -> None:
    start(settings)
    other = CloudSettings(home=tmp_path / "other", port=settings.port)

    assert running(other) is None
    with pytest.raises(LocalCloudError, match=str(settings.home)):
        start(other)
    stop(other)
    assert running(settings) is not None


def test_one_home_has_one_cloud(settings: CloudSettings) -> None:
    start(settings)

    with pytest.raises(LocalCloudError, match=f"already runs on port {settings.port}"):
        start(CloudSettings(home=settings.home, port=free_port()))


def test_a_crash_at_start_shows_the_last_log_lines(
    settings: CloudSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINISTACK_DOCKER_TIMEOUT", "not a number")
    monkeypatch.setattr("localcloud.emulator.process.PASSED_ON", ("PATH", "MINISTACK_DOCKER_TIMEOUT"))

    with pytest.raises(LocalCloudError, match="not a number"):
        start(settings)
    assert running(settings) is None


def test_concurrent_starts_make_one_process(settings: CloudSettings) -> None:
    program = (
        "from pathlib import Path; from localcloud.emulator import start; "
        "from localcloud.settings import CloudSettings; "
        f"print(start(CloudSettings(home=Path({str(settings.home)!r}), port={settings.port})).world)"
    )
    commands = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    worlds = {command.communicate()[0] for command in commands}

    assert len(worlds) == 1
    assert all(command.returncode == 0 for command in commands)


def test_a_start_answers_within_seconds(settings: CloudSettings) -> None:
    began = time.monotonic()
    start(settings)

    assert (
        time.monotonic() - began < 10
    )  # far above the second it takes: a hang, not a slow machine, fails here
