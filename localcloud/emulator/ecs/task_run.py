"""One task's life: its containers from the image to the last log line, one thread per task."""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

from localcloud.emulator import upstream
from localcloud.emulator.ecs import engine, state
from localcloud.emulator.ecs.awslogs import Forwarder, LogStream
from localcloud.emulator.ecs.containers import (
    TaskShape,
    bind_mounts,
    container_options,
    network_owner,
    shared_volumes,
    start_order,
    stop_seconds,
)
from localcloud.emulator.ecs.environment import container_environment
from localcloud.emulator.ecs.exits import Exit, inspect_exit
from localcloud.emulator.ecs.failures import ImagePullFailure, StartFailure
from localcloud.emulator.ecs.state import Record

logger = logging.getLogger(__name__)
# "COMPLETE" and "SUCCESS" conditions wait this long when the definition has no startTimeout (ECS agent: 3 min).
DEFAULT_START_SECONDS = 180
HEALTH_POLL_SECONDS = 1.0


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


@dataclass(frozen=True)
class Exited:
    """A container ended by itself."""

    part: Part
    exit: Exit


@dataclass(frozen=True)
class StopRequested:
    """Somebody wants the task stopped."""


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What the load balancer and the service scheduler do along a task's life.

    Args:
        ready: The task runs and has an address: register its targets.
        leave: The task is about to stop: take its targets out and wait until nothing is in flight; the argument
            says whether its containers still answer.
        ended: The task is STOPPED.
        changed: Something about the task changed that a scheduler may want to look at.
    """

    ready: Callable[[Record], None]
    leave: Callable[[Record, bool], None]
    ended: Callable[[Record], None]
    changed: Callable[[Record], None]


_runs: dict[str, "TaskRun"] = {}


def run_of(task: Record) -> "TaskRun | None":
    """The run of a task that has not ended."""
    return _runs.get(str(task["taskArn"]))


class TaskRun:
    """Runs one task to its end; everything that happens to it comes through one queue."""

    def __init__(
        self, task: Record, definition: Mapping[str, Any], overrides: list[dict[str, Any]], hooks: Hooks
    ) -> None:
        self.task = task
        self._definition = definition
        self._overrides = {str(entry["name"]): entry for entry in overrides if entry.get("name")}
        self._hooks = hooks
        self._inbox: queue.SimpleQueue[Exited | StopRequested] = queue.SimpleQueue()
        records = {record["name"]: record for record in task["containers"]}
        self._parts = {
            entry["name"]: Part(definition=entry, record=records[entry["name"]])
            for entry in definition["containerDefinitions"]
        }
        self._metadata_tokens: list[str] = []
        task["_definition"] = definition
        task["_has_health_check"] = any(
            part.essential and part.definition.get("healthCheck") for part in self._parts.values()
        )
        _runs[str(task["taskArn"])] = self

    def request_stop(self) -> None:
        """Let the task stop; its record already says why."""
        self._inbox.put(StopRequested())

    def last_lines(self, name: str) -> list[str]:
        """The last lines a container printed."""
        logs = self._parts[name].logs
        return logs.last_lines() if logs else []

    def run(self) -> None:
        """Live the task's life, to the end whatever happens in between."""
        try:
            self._start()
            self._watch()
        except StartFailure as failure:
            self._fail(str(failure))
        except ImagePullFailure as failure:
            self._fail(f"CannotPullContainerError: {failure}")
        except (DockerException, requests.exceptions.RequestException) as error:
            self._fail(f"CannotStartContainerError: {getattr(error, 'explanation', None) or error}")
        except Exception as error:
            logger.exception("task %s", state.task_id(self.task))
            self._fail(f"ResourceInitializationError: {error}")
        finally:
            self._end()

    def _fail(self, reason: str) -> None:
        logger.warning("task %s did not start: %s", state.task_id(self.task), reason)
        state.want_stopped(self.task, reason=reason, code="TaskFailedToStart")

    # -- up ---------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        state.advance(self.task, "PENDING")
        with state.LOCK:
            self.task["pullStartedAt"] = time.time()
        images = {part.name: engine.ensure_image(part.definition["image"]) for part in self._parts.values()}
        state.advance(self.task, "ACTIVATING")
        try:
            order = start_order([part.definition for part in self._parts.values()])
        except ValueError as error:
            raise StartFailure(f"ResourceInitializationError: {error}") from error
        owner: Container | None = None
        owner_name = network_owner(order) if self._shape.network_mode == "awsvpc" else None
        for definition in order:
            part = self._parts[definition["name"]]
            self._await_dependencies(part)
            if self._stopping():
                return
            reference, digest = images[part.name]
            with state.LOCK:
                part.record["imageDigest"] = digest
            self._start_part(part, reference, owner)
            if part.name == owner_name:
                owner = part.container
                self._attach_interface(part.name)
        if not self._stopping():
            state.advance(self.task, "RUNNING")
            self._hooks.ready(self.task)
            self._hooks.changed(self.task)

    @property
    def _shape(self) -> TaskShape:
        return TaskShape.of(self._definition)

    def _stopping(self) -> bool:
        return bool(self.task["desiredStatus"] == "STOPPED" or self.task.get("_ecs_resetting"))

    def _start_part(self, part: Part, image: str, owner: Container | None) -> None:
        definition = {**part.definition, **self._overridden(part)}
        environment, token = container_environment(
            self.task, self._definition, definition, self._overrides.get(part.name, {})
        )
        self._metadata_tokens.append(token)
        options = container_options(definition, self._shape)
        options["environment"] = environment
        options["name"] = f"ecs-{self._definition['family']}-{state.task_id(self.task)[:8]}-{part.name}"
        options["labels"] = {**(definition.get("dockerLabels") or {}), **self._labels(part)}
        options["volumes"] = [*bind_mounts(self._definition, definition), *self._shared(definition)]
        options.update(self._network(definition, owner))
        container = engine.create_container(image, options)
        part.container = container
        stream = LogStream.of(
            definition,
            account=self._account,
            region=self._region,
            task=state.task_id(self.task),
            container=str(container.id),
        )
        refused = stream.open() if stream else None
        if refused:
            raise StartFailure(refused)
        container.start()
        part.logs = Forwarder(container, stream)
        part.logs.start()
        with state.LOCK:
            self.task["_docker_ids"].append(container.id)
            part.record["runtimeId"] = str(container.id)
            part.record["lastStatus"] = "RUNNING"
        upstream.ecs_metadata.set_docker_id(token, container.id)
        upstream.ecs_metadata.set_container_status(token, "RUNNING")
        self._record_address(part, container)
        threading.Thread(target=self._await_exit, args=(part,), daemon=True, name=f"wait-{part.name}").start()

    @property
    def _account(self) -> str:
        return str(self.task["taskArn"]).split(":")[4]

    @property
    def _region(self) -> str:
        return str(self.task["taskArn"]).split(":")[3]

    def _overridden(self, part: Part) -> dict[str, Any]:
        override = self._overrides.get(part.name, {})
        return {
            key: override[key] for key in ("command", "cpu", "memory", "memoryReservation") if key in override
        }

    def _labels(self, part: Part) -> dict[str, str]:
        return {
            **engine.instance_label(),
            "com.amazonaws.ecs.cluster": self.task["clusterArn"],
            "com.amazonaws.ecs.container-name": part.name,
            "com.amazonaws.ecs.task-arn": self.task["taskArn"],
            "com.amazonaws.ecs.task-definition-family": self._definition["family"],
            "com.amazonaws.ecs.task-definition-version": str(self._definition["revision"]),
        }

    def _shared(self, definition: Mapping[str, Any]) -> list[str]:
        prefix = f"ecs-{state.task_id(self.task)[:8]}"
        return [
            f"{prefix}-{volume}:{path}:{'ro' if read_only else 'rw'}"
            for volume, path, read_only in shared_volumes(self._definition, definition)
        ]

    def _network(self, definition: Mapping[str, Any], owner: Container | None) -> dict[str, Any]:
        """In awsvpc mode the containers of a task share one network interface and reach each other on localhost."""
        mode = self._shape.network_mode
        if mode == "host":
            return {"network_mode": "host"}
        if mode == "none":
            return {"network_mode": "none"}
        if owner is not None:
            return {"network_mode": f"container:{owner.id}"}
        hosts = {**{entry["hostname"]: entry["ipAddress"] for entry in definition.get("extraHosts") or []}}
        options: dict[str, Any] = {"extra_hosts": {"host.docker.internal": "host-gateway", **hosts}}
        if mode == "bridge":
            options["ports"] = {
                f"{mapping['containerPort']}/{mapping.get('protocol') or 'tcp'}": mapping.get("hostPort")
                or None
                for mapping in definition.get("portMappings") or []
            }
        return options

    def _record_address(self, part: Part, container: Container) -> None:
        """In awsvpc mode the task's network interface has the address; else each container has its own."""
        address = engine.address_of(container)
        if not address:
            return
        with state.LOCK:
            self.task.setdefault("_addresses", {})[part.name] = address
            part.record["networkInterfaces"] = [{"privateIpv4Address": address}]

    def _attach_interface(self, owner: str) -> None:
        """Give the whole task the address of the container whose network its others joined."""
        address = (self.task.get("_addresses") or {}).get(owner)
        if not address:
            return
        with state.LOCK:
            self.task["_addresses"] = dict.fromkeys(self._parts, address)
            details = [{"name": "privateIPv4Address", "value": address}]
            if self.task.get("_subnet"):
                details.insert(0, {"name": "subnetId", "value": self.task["_subnet"]})
            interface = {"id": upstream.responses.new_uuid(), "type": "ElasticNetworkInterface"}
            self.task["attachments"] = [{**interface, "status": "ATTACHED", "details": details}]
            for part in self._parts.values():
                part.record["networkInterfaces"] = [{"privateIpv4Address": address}]

    def _await_dependencies(self, part: Part) -> None:
        """Wait for `dependsOn`: START, HEALTHY, SUCCESS (exit code 0) or COMPLETE (any exit code)."""
        seconds = int(part.definition.get("startTimeout") or DEFAULT_START_SECONDS)
        deadline = time.monotonic() + seconds
        for dependency in part.definition.get("dependsOn") or []:
            other, condition = self._parts[dependency["containerName"]], dependency["condition"]
            while not self._holds(other, condition):
                if self._stopping():
                    return
                if time.monotonic() > deadline:
                    raise StartFailure(
                        f"TaskFailedToStart: dependency {other.name} of container {part.name} did not become "
                        f"{condition} within {seconds} s"
                    )
                time.sleep(0.1)

    def _holds(self, other: Part, condition: str) -> bool:
        if condition == "HEALTHY":
            self._refresh_health(other)
            if other.exit is not None:
                raise StartFailure(f"TaskFailedToStart: container {other.name} exited before it was healthy")
            return bool(other.record.get("healthStatus") == "HEALTHY")
        if condition == "SUCCESS" and other.exit is not None and other.exit.code != 0:
            raise StartFailure(
                f"TaskFailedToStart: container {other.name} exited with code {other.exit.code}, but others depend "
                "on its success"
            )
        return condition == "START" or other.exit is not None

    # -- running ----------------------------------------------------------------------------------------------

    def _await_exit(self, part: Part) -> None:
        container = part.container
        assert container is not None  # noqa: S101  the thread starts after the container
        part.exit = inspect_exit(container)
        self._inbox.put(Exited(part, part.exit))

    def _watch(self) -> None:
        """Until an essential container ends or somebody wants the task stopped."""
        checked = [part for part in self._parts.values() if part.definition.get("healthCheck")]
        while not self._stopping():
            try:
                event = self._inbox.get(timeout=HEALTH_POLL_SECONDS if checked else 5.0)
            except queue.Empty:
                for part in checked:
                    self._refresh_health(part)
                self._refresh_task_health()
                continue
            if isinstance(event, Exited):
                self._record_exit(event.part, event.exit)
                if event.part.essential or all(part.exit for part in self._parts.values()):
                    state.want_stopped(
                        self.task,
                        reason="Essential container in task exited",
                        code="EssentialContainerExited",
                    )

    def _record_exit(self, part: Part, ended: Exit) -> None:
        if part.logs is not None:
            part.logs.finish()
        with state.LOCK:
            part.record["lastStatus"] = "STOPPED"
            part.record["exitCode"] = ended.code
            if ended.reason:
                part.record["reason"] = ended.reason

    def _refresh_health(self, part: Part) -> None:
        if part.container is None or part.exit is not None:
            return
        with contextlib.suppress(APIError, NotFound, requests.exceptions.RequestException):
            part.container.reload()
            health = (part.container.attrs["State"].get("Health") or {}).get("Status", "")
            status = {"healthy": "HEALTHY", "unhealthy": "UNHEALTHY"}.get(health, "UNKNOWN")
            with state.LOCK:
                part.record["healthStatus"] = status

    def _refresh_task_health(self) -> None:
        """A task is as healthy as its essential containers that have a health check."""
        statuses = {
            part.record["healthStatus"]
            for part in self._parts.values()
            if part.essential and part.definition.get("healthCheck")
        }
        status = next((value for value in ("UNHEALTHY", "UNKNOWN") if value in statuses), "HEALTHY")
        if statuses and status != self.task["healthStatus"]:
            with state.LOCK:
                self.task["healthStatus"] = status
            self._hooks.changed(self.task)

    # -- down -------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        try:
            state.want_stopped(self.task, reason="Task stopped", code="UserInitiated")
            answers = any(part.container and part.exit is None for part in self._parts.values())
            state.advance(self.task, "DEACTIVATING")
            self._hooks.changed(self.task)
            self._hooks.leave(self.task, answers)
            state.advance(self.task, "STOPPING")
            self._stop_parts()
            state.advance(self.task, "DEPROVISIONING")
            self._remove_parts()
        except Exception:
            logger.exception("task %s did not end cleanly", state.task_id(self.task))
        finally:
            for token in self._metadata_tokens:
                upstream.ecs_metadata.unregister_token(token)
            with state.LOCK:
                for attachment in self.task.get("attachments") or []:
                    attachment["status"] = "DELETED"
                self.task["_last_lines"] = {name: self.last_lines(name) for name in self._parts}
            state.advance(self.task, "STOPPED")
            _runs.pop(str(self.task["taskArn"]), None)
            self._hooks.ended(self.task)

    def _stop_parts(self) -> None:
        """Stop dependents before what they depend on, everything else at once."""
        order = list(reversed(start_order([part.definition for part in self._parts.values()])))
        serial = any(definition.get("dependsOn") for definition in order)
        stopping = [self._parts[definition["name"]] for definition in order]
        if serial:
            for part in stopping:
                self._stop_part(part)
            return
        threads = [threading.Thread(target=self._stop_part, args=(part,), daemon=True) for part in stopping]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _stop_part(self, part: Part) -> None:
        if part.container is None:
            with state.LOCK:
                part.record["lastStatus"] = "STOPPED"
            return
        if part.exit is None:
            with contextlib.suppress(APIError, NotFound, requests.exceptions.RequestException):
                part.container.stop(timeout=stop_seconds(part.definition))
            part.exit = inspect_exit(part.container)
        self._record_exit(part, part.exit)

    def _remove_parts(self) -> None:
        for part in self._parts.values():
            if part.container is not None:
                engine.remove_quietly(part.container)
        prefix = f"ecs-{state.task_id(self.task)[:8]}-"
        for definition in self._definition["containerDefinitions"]:
            for volume, _, _ in shared_volumes(self._definition, definition):
                with contextlib.suppress(APIError, requests.exceptions.RequestException):
                    engine.client().volumes.get(f"{prefix}{volume}").remove(force=True)
