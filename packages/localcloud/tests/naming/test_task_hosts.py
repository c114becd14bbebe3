"""The hosts files of a task, in each network mode."""

from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError

from localcloud.emulator.ecs import engine
from localcloud.emulator.naming import task_hosts
from localcloud.emulator.naming.task_hosts import TaskHosts

TASK = {"taskArn": "arn:aws:ecs:us-east-1:000000000000:task/main/one"}
APP = {"name": "app", "extraHosts": [{"hostname": "ledger", "ipAddress": "192.0.2.7"}]}
SIDE = {"name": "side", "readonlyRootFilesystem": True}
# What runc says where the engine made a folder because it sees no file.
NOT_SEEN = (
    'error mounting "/x/hosts/one" to rootfs at "/etc/hosts": mount /x/hosts/one:/etc/hosts: not a directory'
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOCALCLOUD_HOME", str(tmp_path))
    monkeypatch.setattr(engine, "host_address", lambda: "172.17.0.1")
    monkeypatch.setattr(task_hosts, "_open", {})
    return tmp_path


def hosts(mode: str) -> TaskHosts:
    made = TaskHosts(dict(TASK), {"containerDefinitions": [APP, SIDE]}, mode)
    made.create()
    return made


def mounted(made: TaskHosts, definition: dict[str, Any]) -> Path:
    [bind] = made.binds(definition)
    return Path(bind.partition(":")[0])


def test_containers_that_share_a_network_share_the_file(home: Path) -> None:
    made = hosts("awsvpc")

    assert mounted(made, APP) == mounted(made, SIDE) == home / "hosts" / "one"
    assert made.binds(APP)[0].endswith(":/etc/hosts:rw,z")
    assert made.binds(SIDE)[0].endswith(":/etc/hosts:ro,z")
    assert "192.0.2.7\tledger\n" in mounted(made, SIDE).read_text()


def test_containers_with_networks_of_their_own_have_files_of_their_own() -> None:
    made = hosts("bridge")

    assert "ledger" in mounted(made, APP).read_text()
    assert "ledger" not in mounted(made, SIDE).read_text()


@pytest.mark.parametrize("mode", ["host", "none"])
def test_other_modes_keep_dockers_file(mode: str) -> None:
    assert hosts(mode).binds(APP) == []


def test_a_file_that_the_definition_mounts_there_is_kept() -> None:
    own = {"sourceVolume": "hosts", "containerPath": "/etc/hosts"}

    assert hosts("awsvpc").binds({**APP, "mountPoints": [own]}) == []


def test_removed_files_leave_nothing_behind(home: Path) -> None:
    made = hosts("bridge")

    made.remove()

    assert list((home / "hosts").iterdir()) == []
    assert task_hosts.open_files() == []


def test_an_engine_that_does_not_see_the_file_is_named_with_the_fix() -> None:
    made = hosts("awsvpc")

    assert "LOCALCLOUD_HOME" in str(made.unseen(APIError(NOT_SEEN)))
    assert made.unseen(APIError("no space left on device")) is None
