"""What the containers of the local cloud may have of this machine: nothing, unless the user says so.

A task definition is text that anybody may have written. On AWS its containers are on an instance or on Fargate; here
they are on the user's own machine, where a mounted host folder, the Docker socket, a privileged container and the
host's network are ways out of the container, and with the engine's rights.
"""

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.errors import LocalCloudError

MOUNTS_VARIABLE = "LOCALCLOUD_ALLOWED_MOUNTS"
PRIVILEGED_VARIABLE = "LOCALCLOUD_ALLOW_PRIVILEGED"
# What Docker gives every container (docs.docker.com, "Runtime privilege and Linux capabilities"), and SYS_PTRACE, the
# one that Fargate lets a container add (Amazon ECS API Reference, KernelCapabilities).
CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
        "SYS_PTRACE",
    }
)
_SOCKETS = (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
)


@dataclass(frozen=True, kw_only=True)
class Containment:
    """What containers may have.

    Args:
        mounts: Folders of this machine below which containers may mount; resolved, absolute.
        privileged: Whether containers may be privileged, use the host's network and mount the Docker socket.
    """

    mounts: tuple[Path, ...] = ()
    privileged: bool = False

    def environment(self) -> dict[str, str]:
        """The variables that `containment_of` reads it from again, in another process."""
        return {
            MOUNTS_VARIABLE: os.pathsep.join(str(path) for path in self.mounts),
            PRIVILEGED_VARIABLE: "1" if self.privileged else "",
        }

    def mount_refusal(self, source: str) -> str | None:
        """Why a folder or file of this machine may not be mounted; None when it may.

        Links are followed first, as the engine follows them.
        """
        path = Path(os.path.realpath(source))
        # The socket, or a folder that has it inside.
        if not self.privileged and any(Path(socket).is_relative_to(path) for socket in _sockets()):
            return (
                f"{source} leads to the Docker engine's socket, and so to all of this machine; fix: mount another "
                f"folder, or start the local cloud with {PRIVILEGED_VARIABLE}=1"
            )
        if any(path.is_relative_to(allowed) for allowed in self.mounts):
            return None
        return (
            f"{source} is a folder of this machine, and containers mount none that its user did not allow; fix: start "
            f"the local cloud with {MOUNTS_VARIABLE}={shlex.quote(source)}"
        )

    def task_refusal(self, definition: Mapping[str, Any]) -> str | None:
        """Why a task definition may not run on this machine; None when it may.

        Args:
            definition: In the form of the ECS API.
        """
        reasons = [*self._rights(definition), *self._mounts(definition)]
        return next(iter(reasons), None)

    def _rights(self, definition: Mapping[str, Any]) -> Iterable[str]:
        if self.privileged:
            return
        fix = f"fix: leave it out, or start the local cloud with {PRIVILEGED_VARIABLE}=1"
        if definition.get("networkMode") == "host":
            yield f"networkMode host is this machine's own network; {fix}"
        for container in definition.get("containerDefinitions") or []:
            name = container.get("name")
            if container.get("privileged"):
                yield f"container {name} is privileged, and so has all of this machine; {fix}"
            linux = container.get("linuxParameters") or {}
            wanted = (linux.get("capabilities") or {}).get("add") or []
            excess = unusual_capabilities(wanted)
            if excess:
                yield f"container {name} adds the capabilities {', '.join(excess)}; {fix}"

    def _mounts(self, definition: Mapping[str, Any]) -> Iterable[str]:
        for volume in definition.get("volumes") or []:
            source = (volume.get("host") or {}).get("sourcePath")
            refused = self.mount_refusal(str(source)) if source else None
            if refused:
                yield f"volume {volume.get('name')}: {refused}"


def unusual_capabilities(wanted: Iterable[str]) -> list[str]:
    """Those capabilities that containers have neither from Docker nor on Fargate."""
    names = (str(name).upper().removeprefix("CAP_") for name in wanted)
    return [name for name in names if name not in CAPABILITIES]


def _sockets() -> set[str]:
    host = os.environ.get("DOCKER_HOST", "")
    known = [*_SOCKETS, host.removeprefix("unix://")] if host.startswith("unix://") else [*_SOCKETS]
    return {os.path.realpath(path) for path in known}


def containment_of(environment: Mapping[str, str]) -> Containment:
    """Read LOCALCLOUD_ALLOWED_MOUNTS (folders, separated by colons) and LOCALCLOUD_ALLOW_PRIVILEGED (1).

    Raises:
        LocalCloudError: A folder is not an absolute path to one that is there, or the other one is neither 1 nor 0.
    """
    folders = [entry for entry in (environment.get(MOUNTS_VARIABLE) or "").split(os.pathsep) if entry]
    example = shlex.quote(str(Path.cwd() / "data"))
    for folder in folders:
        if not Path(folder).is_absolute() or not Path(folder).is_dir():
            raise LocalCloudError(
                f"{MOUNTS_VARIABLE} has {folder!a}; allowed: absolute paths of folders, separated by colons",
                fix=f"mkdir -p {example} && export {MOUNTS_VARIABLE}={example}",
            )
    privileged = environment.get(PRIVILEGED_VARIABLE) or "0"
    if privileged not in {"0", "1"}:
        raise LocalCloudError(
            f"{PRIVILEGED_VARIABLE} is {privileged!a}; allowed: 1, or 0",
            fix=f"unset {PRIVILEGED_VARIABLE}",
        )
    return Containment(
        mounts=tuple(Path(os.path.realpath(folder)) for folder in folders), privileged=privileged == "1"
    )
