"""What containers may have of this machine: nothing that a task definition asks for, and what the user allows."""

from pathlib import Path
from typing import Any

import pytest

from localcloud.containment import Containment, containment_of
from localcloud.emulator.machine import NotOnThisMachine, bound_engine, within
from localcloud.errors import LocalCloudError

STRICT = Containment()
FREE = Containment(privileged=True)


def definition(**options: Any) -> dict[str, Any]:
    container = options.pop("container", {})
    return {"family": "web", "containerDefinitions": [{"name": "web", "image": "x", **container}], **options}


def mounting(source: str) -> dict[str, Any]:
    return definition(volumes=[{"name": "data", "host": {"sourcePath": source}}])


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (definition(networkMode="host"), "networkMode host"),
        (definition(container={"privileged": True}), "container web is privileged"),
        (
            definition(container={"linuxParameters": {"capabilities": {"add": ["SYS_ADMIN", "KILL"]}}}),
            "capabilities SYS_ADMIN",
        ),
        (definition(container={"linuxParameters": {"capabilities": {"add": ["ALL"]}}}), "capabilities ALL"),
    ],
)
def test_rights_over_the_machine_are_refused_unless_allowed(asked: dict[str, Any], named: str) -> None:
    refused = STRICT.task_refusal(asked)
    assert refused is not None
    assert named in refused
    assert "LOCALCLOUD_ALLOW_PRIVILEGED=1" in refused
    assert FREE.task_refusal(asked) is None


def test_what_fargate_allows_is_allowed() -> None:
    linux = {"capabilities": {"add": ["SYS_PTRACE"], "drop": ["ALL"]}}
    assert STRICT.task_refusal(definition(container={"linuxParameters": linux}, networkMode="awsvpc")) is None
    assert (
        STRICT.task_refusal(definition(volumes=[{"name": "scratch"}, {"name": "other", "host": {}}])) is None
    )


def test_folders_are_mounted_below_an_allowed_one_only(tmp_path: Path) -> None:
    inside = tmp_path / "allowed" / "data"
    inside.mkdir(parents=True)
    (tmp_path / "allowed-not").mkdir()
    (tmp_path / "allowed" / "out").symlink_to("/etc")
    allowed = Containment(mounts=(tmp_path / "allowed",))
    for folder in (inside, tmp_path / "allowed", tmp_path / "allowed" / "not-there-yet"):
        assert allowed.task_refusal(mounting(str(folder))) is None
        assert "LOCALCLOUD_ALLOWED_MOUNTS=" in str(STRICT.task_refusal(mounting(str(folder))))
    for source in (
        "/",
        "/etc",
        "data",
        f"{inside}/../../..",
        f"{tmp_path}/allowed-not",
        f"{tmp_path}/allowed/out",
    ):
        assert allowed.task_refusal(mounting(source)) is not None


@pytest.mark.parametrize("source", ["/var/run/docker.sock", "/run/docker.sock", "/run", "/var/run", "/"])
def test_the_engines_socket_is_never_below_an_allowed_folder(source: str) -> None:
    everything = Containment(mounts=(Path("/"),))
    assert "LOCALCLOUD_ALLOW_PRIVILEGED=1" in str(everything.task_refusal(mounting(source)))
    assert Containment(mounts=(Path("/"),), privileged=True).task_refusal(mounting(source)) is None


@pytest.mark.parametrize(
    "host",
    [
        {"Privileged": True},
        {"NetworkMode": "host"},
        {"PidMode": "host"},
        {"IpcMode": "host"},
        {"UsernsMode": "host"},
        {"CapAdd": ["CAP_SYS_ADMIN"]},
        {"Devices": [{"PathOnHost": "/dev/sda"}]},
        {"SecurityOpt": ["seccomp=unconfined"]},
        {"Binds": ["/etc:/x:ro"]},
        {"Binds": ["/var/run/docker.sock:/var/run/docker.sock"]},
        {"Mounts": [{"Type": "bind", "Source": "/root", "Target": "/x"}]},
    ],
)
def test_no_container_of_any_service_has_more(host: dict[str, Any]) -> None:
    with pytest.raises(NotOnThisMachine, match=r"not on this machine: .*fix: "):
        within(host, STRICT)


def test_what_a_task_needs_is_within_bounds_and_links_are_resolved(tmp_path: Path) -> None:
    hosts, target = tmp_path / "hosts", tmp_path / "allowed" / "target"
    target.mkdir(parents=True)
    link = tmp_path / "allowed" / "link"
    link.symlink_to(target)
    host: dict[str, Any] = {
        "NetworkMode": "container:abc",
        "CapAdd": ["SYS_PTRACE"],
        "Binds": ["ecs-1-data:/data:rw", f"{hosts}/a:/etc/hosts:rw,z", f"{link}:/data:ro"],
        "Mounts": [{"Type": "volume", "Source": "v", "Target": "/v"}, {"Type": "tmpfs", "Target": "/t"}],
    }
    within(host, Containment(mounts=(tmp_path / "allowed",)), own=(hosts,))
    assert host["Binds"] == ["ecs-1-data:/data:rw", f"{hosts}/a:/etc/hosts:rw,z", f"{target}:/data:ro"]


class Engine:
    """What docker-py's client asks the engine to make."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []

    def create_container_from_config(self, config: dict[str, Any], name: str | None = None) -> None:
        self.made.append({"name": name, **config})

    def create_volume(self, name: str | None = None, driver: str | None = None, **options: Any) -> None:
        self.made.append({"name": name, "driver": driver, **options})

    def create_network(self, name: str, driver: str | None = None, **options: Any) -> None:
        self.made.append({"name": name, "driver": driver, **options})


@pytest.fixture(scope="module")
def engine() -> type[Engine]:
    bound_engine(Engine, {"localcloud.instance": "x"}, STRICT, own=())
    return Engine


def test_everything_that_is_made_is_labelled(engine: type[Engine]) -> None:
    client = engine()
    client.create_container_from_config({"Labels": {"a": "b"}, "HostConfig": {}}, name="c")
    client.create_container_from_config({})
    client.create_volume("v", labels={"a": "b"})
    client.create_volume("w", driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "mode=1777"})
    client.create_network("n", driver="bridge")
    labels = [made.get("labels") or made.get("Labels") for made in client.made]
    plain = {"localcloud.instance": "x"}
    assert labels == [{"a": "b"} | plain, plain, {"a": "b"} | plain, plain, plain]


@pytest.mark.parametrize("options", [{"type": "none", "o": "bind", "device": "/etc"}, {"device": "/dev/sda"}])
def test_a_volume_is_no_way_to_a_folder_of_the_machine(engine: type[Engine], options: dict[str, str]) -> None:
    client = engine()
    with pytest.raises(NotOnThisMachine):
        client.create_volume("v", driver_opts=options)
    assert client.made == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LOCALCLOUD_ALLOWED_MOUNTS", "data"),
        ("LOCALCLOUD_ALLOWED_MOUNTS", "/not/there"),
        ("LOCALCLOUD_ALLOW_PRIVILEGED", "maybe"),
    ],
)
def test_a_wrong_value_is_one_message(variable: str, value: str) -> None:
    with pytest.raises(LocalCloudError, match=variable):
        containment_of({variable: value})


def test_containment_reaches_another_process_whole(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    whole = Containment(mounts=(tmp_path, tmp_path / "b"), privileged=True)
    assert containment_of(whole.environment()) == whole
    assert containment_of(STRICT.environment()) == STRICT
