"""The containers of one task: made, started, looked at, stopped and removed."""

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from localcloud.emulator import upstream
from localcloud.emulator.ecs import engine, state, task_cgroup
from localcloud.emulator.ecs.awslogs import Forwarder, LogStream
from localcloud.emulator.ecs.containers import (
    TaskShape,
    bind_mounts,
    container_options,
    network_owner,
    start_order,
    stop_seconds,
)
from localcloud.emulator.ecs.environment import container_environment
from localcloud.emulator.ecs.exits import Exit, await_process, inspect_exit
from localcloud.emulator.ecs.failures import StartFailure
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.ecs.task_network import TaskNetwork
from localcloud.emulator.ecs.task_volumes import TaskVolumes

_OVERRIDABLE = ("command", "cpu", "memory", "memoryReservation")


@dataclass
class Part:
    """One container of the task."""

    definition: Mapping[str, Any]
    record: Record
    container: Container | None = None
    logs: Forwarder | None = None
    exit: Exit | None = None

    @property
    def name(self) -> str:
        """The container's name in the task definition."""
        return str(self.definition["name"])

    @property
    def essential(self) -> bool:
        """Whether the task stops with it."""
        return bool(self.definition.get("essential", True))

    @property
    def checked(self) -> bool:
        """Whether it has a health check."""
        return bool(self.definition.get("healthCheck"))

    def last_lines(self) -> list[str]:
        """The last lines it printed."""
        return self.logs.last_lines() if self.logs else []

    def record_exit(self, ended: Exit) -> None:
        """Note how it ended, after everything it printed is stored."""
        if self.logs is not None:
            self.logs.finish()
        with state.LOCK:
            self.record["lastStatus"] = "STOPPED"
            self.record["exitCode"] = ended.code
            if ended.reason:
                self.record["reason"] = ended.reason

    def refresh_health(self) -> None:
        """Read the outcome of its health check from the engine, which runs it."""
        if self.container is None or self.exit is not None:
            return
        with contextlib.suppress(APIError, NotFound, requests.exceptions.RequestException):
            self.container.reload()
            health = (self.container.attrs["State"].get("Health") or {}).get("Status", "")
            status = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(health, "UNKNOWN")
            with state.LOCK:
                self.record["healthStatus"] = status

    def stop(self) -> None:
        """SIGTERM, and SIGKILL after its stop timeout."""
        if self.container is None:
            with state.LOCK:
                self.record["lastStatus"] = "STOPPED"
            return
        if self.exit is None:
            with contextlib.suppress(APIError, NotFound, requests.exceptions.RequestException):
                self.container.stop(timeout=stop_seconds(self.definition))
            self.exit = inspect_exit(self.container)
        self.record_exit(self.exit)


class Parts:
    """All containers of one task.

    Args:
        task: The task's record.
        definition: Its task definition.
        overrides: RunTask's container overrides.
    """

    def __init__(self, task: Record, definition: Mapping[str, Any], overrides: list[dict[str, Any]]) -> None:
        self._task = task
        self._definition = definition
        self._overrides = {str(entry["name"]): entry for entry in overrides if entry.get("name")}
        records = {record["name"]: record for record in task["containers"]}
        self.by_name = {
            entry["name"]: Part(definition=entry, record=records[entry["name"]])
            for entry in definition["containerDefinitions"]
        }
        self._shape = TaskShape.of(definition)
        self._network = TaskNetwork(task, definition, self._shape.network_mode)
        self._short = state.task_id(task)[:8]
        self._volumes = TaskVolumes(self._short, definition)
        self._group_name = task_cgroup.group_name(engine.instance(), self._short)
        self._group: str | None = None
        self._tokens: list[str] = []

    def all(self) -> list[Part]:
        """Every container."""
        return list(self.by_name.values())

    def ordered(self) -> list[Part]:
        """Every container, those that others depend on first.

        Raises:
            StartFailure: The dependencies cannot be met.
        """
        try:
            order = start_order([part.definition for part in self.all()])
        except ValueError as error:
            raise StartFailure(f"ResourceInitializationError: {error}") from error
        self._network.owner = network_owner(order)
        return [self.by_name[definition["name"]] for definition in order]

    def make_hosts(self) -> None:
        """Have the hosts files that the containers mount."""
        self._network.hosts.create()

    def make_group(self) -> None:
        """Let several containers share the task's CPU and memory, where the machine allows it."""
        if len(self.by_name) > 1:
            self._group = task_cgroup.create(self._group_name, self._shape)

    def start(
        self,
        part: Part,
        image: str,
        digest: str | None,
        *,
        silent: Callable[[Part], None],
        exited: Callable[[Part], None],
    ) -> None:
        """Start one container.

        Args:
            part: The container.
            image: What to run.
            digest: The image's digest, where it has one.
            silent: Called, on a thread of its own, as soon as its process has ended: it answers nobody.
            exited: Called when the engine has said how it ended.

        Raises:
            StartFailure: A secret or the log group cannot be had.
            APIError: The engine refuses.
        """
        override = self._overrides.get(part.name, {})
        definition = {**part.definition, **{key: override[key] for key in _OVERRIDABLE if key in override}}
        environment, token = container_environment(self._task, self._definition, definition, override)
        self._tokens.append(token)
        options = {**container_options(definition, self._shape), **self._network.options(definition)}
        options["environment"] = environment
        options["name"] = f"ecs-{self._definition['family']}-{self._short}-{part.name}"
        options["labels"] = {**(definition.get("dockerLabels") or {}), **self._labels(part)}
        options["volumes"] = [
            *bind_mounts(self._definition, definition),
            *self._volumes.shared(definition, image),
            *self._volumes.in_memory(definition),
            *self._network.hosts.binds(definition),
        ]
        if self._group:
            options["cgroup_parent"] = self._group
        container = part.container = engine.create_container(image, options)
        stream = self._stream(definition, container)
        try:
            container.start()
        except APIError as error:
            unseen = self._network.hosts.unseen(error)
            if unseen is None:
                raise
            raise unseen from error
        self._network.joined(part.name, container)
        part.logs = Forwarder(container, stream)
        part.logs.start()
        with state.LOCK:
            self._task["_docker_ids"].append(container.id)
            part.record.update(runtimeId=str(container.id), imageDigest=digest, lastStatus="RUNNING")
        upstream.ecs_metadata.set_docker_id(token, container.id)
        upstream.ecs_metadata.set_container_status(token, "RUNNING")

        def wait() -> None:
            if await_process(container):
                silent(part)
            part.exit = inspect_exit(container)
            exited(part)

        threading.Thread(target=wait, daemon=True, name=f"wait-{container.name}").start()

    def _labels(self, part: Part) -> dict[str, str]:
        return {
            **engine.instance_label(),
            "com.amazonaws.ecs.cluster": self._task["clusterArn"],
            "com.amazonaws.ecs.container-name": part.name,
            "com.amazonaws.ecs.task-arn": self._task["taskArn"],
            "com.amazonaws.ecs.task-definition-family": self._definition["family"],
            "com.amazonaws.ecs.task-definition-version": str(self._definition["revision"]),
        }

    def _stream(self, definition: Mapping[str, Any], container: Container) -> LogStream | None:
        _, _, _, region, account, _ = str(self._task["taskArn"]).split(":", 5)
        stream = LogStream.of(
            definition,
            account=account,
            region=region,
            task=state.task_id(self._task),
            container=str(container.id),
        )
        refused = stream.open() if stream else None
        if refused:
            raise StartFailure(refused)
        return stream

    def stop(self) -> None:
        """Stop dependents before what they depend on, everything else at once."""
        self._network.leave()
        if any(part.definition.get("dependsOn") for part in self.all()):
            with contextlib.suppress(StartFailure):
                for part in reversed(self.ordered()):
                    part.stop()
            return
        threads = [threading.Thread(target=part.stop, daemon=True) for part in self.all()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def remove(self) -> None:
        """Remove the containers and everything that was made for them."""
        for part in self.all():
            if part.container is not None:
                engine.remove_quietly(part.container)
        self._volumes.remove()
        self._network.hosts.remove()
        if self._group:
            task_cgroup.remove(self._group_name)
        for token in self._tokens:
            upstream.ecs_metadata.unregister_token(token)
