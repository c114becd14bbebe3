"""What this process may make on the machine: labelled containers within the user's bounds, and no processes.

MiniStack has twenty services that start containers, and some that fall back to a process of this machine's user
(Lambda, Glue, AppSync, CloudFront functions). One place bounds them all, whoever asks: the engine client's requests
that make something, and Python's audit events of starting a process.
"""

import asyncio
import functools
import os
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

from docker.api.client import APIClient
from docker.errors import DockerException

from localcloud.containment import PRIVILEGED_VARIABLE, Containment, unusual_capabilities
from localcloud.emulator.identity import INSTANCE_LABEL
from localcloud.settings import CloudSettings

# How the engine's client asks for registry passwords; its name is in the user's own Docker configuration.
_CREDENTIAL_HELPER = "docker-credential-"
_STARTS_PROCESS = frozenset(
    {
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.posix_spawn",
        "os.spawn",
        "pty.spawn",
    }
)
_HOST_MODES = ("NetworkMode", "PidMode", "IpcMode", "UTSMode", "UsernsMode", "CgroupnsMode")


class NotOnThisMachine(DockerException):
    """A container would have more of this machine than its user allows."""


def scratch(home: Path) -> Path:
    """Where this process keeps files that end with it, such as the code of Lambda functions."""
    return home.resolve() / "scratch"


def bound(settings: CloudSettings, instance: str) -> None:
    """Bound this process for good: what it makes from now on is labelled and within the user's bounds.

    Args:
        settings: The local cloud; its `containment` are the bounds.
        instance: The label's value on everything that is made.
    """
    own = (settings.home.resolve() / "hosts", scratch(settings.home))
    bound_engine(APIClient, {INSTANCE_LABEL: instance}, settings.containment, own)
    asyncio.create_subprocess_exec = asyncio.create_subprocess_shell = _no_process
    sys.addaudithook(_refuse_processes)


async def _no_process(*arguments: object, **_options: object) -> Any:
    """Uvloop starts processes without an audit event."""
    raise PermissionError(_no_process_text(arguments[0]))


def _refuse_processes(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _STARTS_PROCESS:
        return
    program = arguments[0] if arguments else ""
    if event == "subprocess.Popen" and Path(os.fsdecode(program)).name.startswith(_CREDENTIAL_HELPER):
        return
    raise PermissionError(_no_process_text(program))


def _no_process_text(program: object) -> str:
    return (
        f"the local cloud starts no process on this machine ({program!a:.100}); functions run in containers"
    )


def bound_engine(
    client: Any, labels: Mapping[str, str], containment: Containment, own: Iterable[Path]
) -> None:
    """Have every container, volume and network that a client makes labelled, and the containers within bounds."""
    folders = tuple(own)
    make_container, make_volume, make_network = (
        client.create_container_from_config,
        client.create_volume,
        client.create_network,
    )

    @functools.wraps(make_container)
    def container(self: Any, config: MutableMapping[str, Any], *arguments: Any, **options: Any) -> Any:
        config["Labels"] = {**(config.get("Labels") or {}), **labels}
        within(config.get("HostConfig") or {}, containment, folders)
        return make_container(self, config, *arguments, **options)

    @functools.wraps(make_volume)
    def volume(
        self: Any, name: str | None = None, driver: str | None = None, *more: Any, **options: Any
    ) -> Any:
        given = dict(zip(("driver_opts", "labels"), more, strict=False)) | options
        options_of_driver = given.get("driver_opts") or {}
        # One in memory names its device "tmpfs", which is no path; with another type the device is mounted.
        if options_of_driver.get("device") and options_of_driver.get("type") != "tmpfs":
            _refuse(containment.mount_refusal(str(options_of_driver["device"])))
        given["labels"] = {**(given.get("labels") or {}), **labels}
        return make_volume(self, name, driver, **given)

    @functools.wraps(make_network)
    def network(self: Any, name: str, *arguments: Any, **options: Any) -> Any:
        options["labels"] = {**(options.get("labels") or {}), **labels}
        return make_network(self, name, *arguments, **options)

    client.create_container_from_config = container
    client.create_volume = volume
    client.create_network = network


def within(host: MutableMapping[str, Any], containment: Containment, own: Iterable[Path] = ()) -> None:
    """Check a container's HostConfig (Docker Engine API, ContainerCreate); sources of mounts are written as they are.

    Args:
        host: The HostConfig; links in the paths that it mounts are resolved in place.
        containment: The user's bounds.
        own: Folders of the local cloud itself that may be mounted.

    Raises:
        NotOnThisMachine: It asks for more than the bounds.
    """
    if not containment.privileged:
        _refuse(next(iter(_rights(host)), None))
    for index, bind in enumerate(host.get("Binds") or []):
        source, separator, rest = str(bind).partition(":")
        if separator and source.startswith(("/", ".", "~")):
            host["Binds"][index] = f"{_mounted(source, containment, own)}:{rest}"
    for mount in host.get("Mounts") or []:
        if mount.get("Type") == "bind":
            mount["Source"] = _mounted(str(mount.get("Source")), containment, own)


def _mounted(source: str, containment: Containment, own: Iterable[Path]) -> str:
    path = Path(os.path.realpath(source))
    if not any(path.is_relative_to(folder) for folder in own):
        _refuse(containment.mount_refusal(source))
    return str(path)


def _rights(host: Mapping[str, Any]) -> Iterable[str]:
    fix = f"fix: leave it out, or start the local cloud with {PRIVILEGED_VARIABLE}=1"
    if host.get("Privileged"):
        yield f"a privileged container has all of this machine; {fix}"
    for mode in _HOST_MODES:
        if host.get(mode) == "host":
            yield f"{mode} host is this machine's own; {fix}"
    excess = unusual_capabilities(host.get("CapAdd") or [])
    if excess:
        yield f"the capabilities {', '.join(excess)} reach out of a container; {fix}"
    if host.get("Devices") or host.get("DeviceCgroupRules"):
        yield f"devices of this machine are not handed to containers; {fix}"
    if any("unconfined" in str(option) for option in host.get("SecurityOpt") or []):
        yield f"an unconfined container is not kept from this machine; {fix}"


def _refuse(reason: str | None) -> None:
    if reason is not None:
        raise NotOnThisMachine(f"not on this machine: {reason}")
