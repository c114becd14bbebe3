"""The volumes of one task: folders that its containers share, and folders in memory with a mode of their own."""

import contextlib
from collections.abc import Mapping
from typing import Any

import requests
from docker.errors import APIError

from localcloud.emulator.ecs import engine
from localcloud.emulator.ecs.containers import shared_volumes, tmpfs_with_mode


class TaskVolumes:
    """Docker volumes that live as long as the task.

    Args:
        task: The task's short id.
        definition: Its task definition.
    """

    def __init__(self, task: str, definition: Mapping[str, Any]) -> None:
        self._task = task
        self._definition = definition
        self._made: set[str] = set()

    def shared(self, container: Mapping[str, Any], image: str) -> list[str]:
        """Docker binds of the task's own volumes, with the owner and mode that AWS gives them.

        An empty folder of root's, mode 0755, unless the image declares a VOLUME under exactly this path: then with the
        image's content, owner and mode (ECS Developer Guide, "Use bind mounts with Amazon ECS"). Docker by itself would
        take them from any folder of the image.
        """
        mounted = shared_volumes(self._definition, container)
        declared = engine.declared_volumes(image) if mounted else frozenset()
        binds = []
        for volume, path, read_only in mounted:
            name = self._make(volume, {})
            copy = "" if path in declared else ",nocopy"
            binds.append(f"{name}:{path}:{'ro' if read_only else 'rw'}{copy}")
        return binds

    def in_memory(self, container: Mapping[str, Any]) -> list[str]:
        """Docker binds of the tmpfs mounts that ask for a mode.

        AWS's runc gives them that mode; one before 1.1.8, as beside Docker 20.10, takes the mode of the image's folder
        instead (opencontainers/runc#3911). A volume in memory has the right one everywhere.
        """
        binds = []
        for index, (path, options) in enumerate(tmpfs_with_mode(container)):
            mount = {"type": "tmpfs", "device": "tmpfs", "o": options}
            name = self._make(f"{container['name']}-memory-{index}", mount)
            binds.append(f"{name}:{path}:rw,nocopy")
        return binds

    def remove(self) -> None:
        """Remove them, once their containers are gone."""
        for name in self._made:
            with contextlib.suppress(APIError, requests.exceptions.RequestException):
                engine.client().volumes.get(name).remove(force=True)

    def _make(self, name: str, options: dict[str, str]) -> str:
        full = f"ecs-{self._task}-{name}"
        if full not in self._made:
            engine.client().volumes.create(full, driver_opts=options, labels=engine.instance_label())
            self._made.add(full)
        return full
