"""The hosts files of the tasks that live: one per task in awsvpc mode, one per container in bridge mode."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docker.errors import APIError
from docker.models.containers import Container

from localcloud.emulator.ecs import engine, state
from localcloud.emulator.ecs.failures import StartFailure
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.naming.hosts_file import TARGET, Entry, HostsFile, folder

_open: dict[str, "TaskHosts"] = {}


def open_files() -> list["TaskHosts"]:
    """The hosts files of every task that has not ended."""
    return list(_open.values())


class TaskHosts:
    """The hosts files of one task. In the modes host and none its containers keep the ones Docker gives them.

    Args:
        task: The task's record.
        definition: Its task definition.
        mode: awsvpc, bridge, host or none.
    """

    def __init__(self, task: Record, definition: Mapping[str, Any], mode: str) -> None:
        self.task = task
        self._definitions = list(definition["containerDefinitions"])
        self._mode = mode
        self._files: dict[str, HostsFile] = {}
        self.known: Mapping[str, Sequence[str]] = {}
        """Addresses by name, as last shown."""

    def create(self) -> None:
        """Make the files, before the containers that mount them."""
        if self._mode == "awsvpc":
            shared = self._file("", self._definitions)
            self._files = {str(entry["name"]): shared for entry in self._definitions}
        elif self._mode == "bridge":
            self._files = {
                str(entry["name"]): self._file(f"-{entry['name']}", [entry]) for entry in self._definitions
            }
        _open[str(self.task["taskArn"])] = self

    def _file(self, suffix: str, definitions: Sequence[Mapping[str, Any]]) -> HostsFile:
        host = engine.host_address()
        # Where it is None the engine's own name server knows this name (Docker Desktop).
        fixed: list[Entry] = [(host, "host.docker.internal")] if host else []
        for definition in definitions:
            fixed += [(extra["ipAddress"], extra["hostname"]) for extra in definition.get("extraHosts") or []]
        home = Path(os.environ["LOCALCLOUD_HOME"])
        return HostsFile(folder(home) / f"{state.task_id(self.task)}{suffix}", fixed)

    def binds(self, definition: Mapping[str, Any]) -> list[str]:
        """The Docker bind of one container's file; none where it mounts a file of its own there."""
        file = self._files.get(str(definition["name"]))
        mounts = {mount.get("containerPath") for mount in definition.get("mountPoints") or []}
        if file is None or TARGET in mounts:
            return []
        return [file.bind(read_only=bool(definition.get("readonlyRootFilesystem")))]

    def unseen(self, error: APIError) -> StartFailure | None:
        """What to do when the engine, which makes a folder where it sees no file, could not mount a hosts file."""
        if not self._files or TARGET not in str(error) or "not a directory" not in str(error):
            return None
        place = next(iter(self._files.values())).path.parent
        return StartFailure(
            f"CannotStartContainerError: the Docker engine does not see the files in {place}; let LOCALCLOUD_HOME be a "
            "folder that this machine and the engine's share"
        )

    def joined(self, name: str, container: Container, address: str) -> None:
        """A container with a network of its own has started."""
        if name in self._files:
            self._files[name].set_own(address, str(container.attrs["Config"]["Hostname"]))

    def show(self, names: Sequence[Entry]) -> None:
        """Let the containers find these names and no others."""
        for file in self._files.values():
            file.show(names)

    def remove(self) -> None:
        """Remove the files, after the containers."""
        _open.pop(str(self.task["taskArn"]), None)
        for file in self._files.values():
            file.remove()
