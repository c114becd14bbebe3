"""One task's life: its containers from the image to the last log line, one thread per task."""

import logging
import queue
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from docker.errors import DockerException

from localcloud.emulator.ecs import engine, state
from localcloud.emulator.ecs.failures import ImagePullFailure, StartFailure
from localcloud.emulator.ecs.parts import Part, Parts
from localcloud.emulator.ecs.state import Record

logger = logging.getLogger(__name__)
# A dependency's condition is awaited this long when the definition has no startTimeout (ECS agent: 3 minutes).
DEFAULT_START_SECONDS = 180
HEALTH_POLL_SECONDS = 1.0
IDLE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What the load balancer and the service scheduler do along a task's life.

    Args:
        starting: The task's hosts files exist, its containers not yet: write the names it is to find.
        ready: The task runs and has an address: register its targets.
        silent: The task's containers have ended, whatever the engine says: send nobody there.
        leave: The task is about to stop: take its targets out and wait until nothing is in flight; the argument
            says whether its containers still answer.
        ended: The task is STOPPED.
        changed: Something about the task changed that a scheduler may want to look at.
    """

    starting: Callable[[Record], None]
    ready: Callable[[Record], None]
    silent: Callable[[Record], None]
    leave: Callable[[Record, bool], None]
    ended: Callable[[Record], None]
    changed: Callable[[Record], None]


_runs: dict[str, "TaskRun"] = {}


def run_of(task: Record) -> "TaskRun | None":
    """The run of a task that has not ended."""
    return _runs.get(str(task["taskArn"]))


class TaskRun:
    """Runs one task to its end; whatever happens to it comes through one queue.

    Args:
        task: The task's record.
        definition: Its task definition.
        overrides: RunTask's container overrides.
        hooks: Who takes part in its life.
    """

    def __init__(
        self, task: Record, definition: Mapping[str, Any], overrides: list[dict[str, Any]], hooks: Hooks
    ) -> None:
        self._task = task
        self._hooks = hooks
        self._parts = Parts(task, definition, overrides)
        # A container that ended, or None when somebody wants the task stopped.
        self._inbox: queue.SimpleQueue[Part | None] = queue.SimpleQueue()
        task["_definition"] = definition
        task["_has_health_check"] = any(part.essential and part.checked for part in self._parts.all())
        _runs[str(task["taskArn"])] = self

    def request_stop(self) -> None:
        """Let the task stop; its record already says why."""
        self._inbox.put(None)

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
            logger.exception("task %s", state.task_id(self._task))
            self._fail(f"ResourceInitializationError: {error}")
        finally:
            self._end()

    def _fail(self, reason: str) -> None:
        logger.warning("task %s did not start: %s", state.task_id(self._task), reason)
        state.want_stopped(self._task, reason=reason, code="TaskFailedToStart")

    # -- up ---------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        state.advance(self._task, "PENDING")
        with state.LOCK:
            self._task["pullStartedAt"] = time.time()
        images = {part.name: engine.ensure_image(part.definition["image"]) for part in self._parts.all()}
        state.advance(self._task, "ACTIVATING")
        order = self._parts.ordered()
        self._parts.make_group()
        self._parts.make_hosts()
        self._hooks.starting(self._task)
        for part in order:
            self._await_dependencies(part)
            if self._stopping():
                return
            self._parts.start(part, *images[part.name], silent=self._silent, exited=self._inbox.put)
        if not self._stopping():
            state.advance(self._task, "RUNNING")
            self._hooks.ready(self._task)
            self._hooks.changed(self._task)

    def _silent(self, part: Part) -> None:
        if part.essential:
            self._hooks.silent(self._task)

    def _stopping(self) -> bool:
        return bool(self._task["desiredStatus"] == "STOPPED" or self._task.get("_ecs_resetting"))

    def _await_dependencies(self, part: Part) -> None:
        """Wait for `dependsOn`: START, HEALTHY, SUCCESS (exit code 0) or COMPLETE (any exit code)."""
        seconds = int(part.definition.get("startTimeout") or DEFAULT_START_SECONDS)
        deadline = time.monotonic() + seconds
        for dependency in part.definition.get("dependsOn") or []:
            other, condition = self._parts.by_name[dependency["containerName"]], dependency["condition"]
            while not _holds(other, condition):
                if self._stopping():
                    return
                if time.monotonic() > deadline:
                    raise StartFailure(
                        f"TaskFailedToStart: dependency {other.name} of container {part.name} did not become "
                        f"{condition} within {seconds} s"
                    )
                time.sleep(0.1)

    # -- running ----------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Until an essential container ends or somebody wants the task stopped."""
        checked = [part for part in self._parts.all() if part.checked]
        while not self._stopping():
            try:
                ended = self._inbox.get(timeout=HEALTH_POLL_SECONDS if checked else IDLE_SECONDS)
            except queue.Empty:
                self._refresh_health(checked)
                continue
            if ended is not None and ended.exit is not None:
                ended.record_exit(ended.exit)
                if ended.essential or all(part.exit for part in self._parts.all()):
                    state.want_stopped(
                        self._task,
                        reason="Essential container in task exited",
                        code="EssentialContainerExited",
                    )

    def _refresh_health(self, checked: list[Part]) -> None:
        """A task is as healthy as its essential containers that have a health check."""
        for part in checked:
            part.refresh_health()
        statuses = {part.record["healthStatus"] for part in checked if part.essential}
        status = next((value for value in ("UNHEALTHY", "UNKNOWN") if value in statuses), "HEALTHY")
        if statuses and status != self._task["healthStatus"]:
            with state.LOCK:
                self._task["healthStatus"] = status
            self._hooks.changed(self._task)

    # -- down -------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        try:
            state.want_stopped(self._task, reason="Task stopped", code="UserInitiated")
            answers = any(part.container and part.exit is None for part in self._parts.all())
            state.advance(self._task, "DEACTIVATING")
            self._hooks.changed(self._task)
            self._hooks.leave(self._task, answers)
            state.advance(self._task, "STOPPING")
            self._parts.stop()
            state.advance(self._task, "DEPROVISIONING")
            self._parts.remove()
        except Exception:
            logger.exception("task %s did not end cleanly", state.task_id(self._task))
        finally:
            with state.LOCK:
                self._task["_last_lines"] = {part.name: part.last_lines() for part in self._parts.all()}
            state.advance(self._task, "STOPPED")
            _runs.pop(str(self._task["taskArn"]), None)
            self._hooks.ended(self._task)


def _holds(other: Part, condition: str) -> bool:
    """Whether a dependency's condition holds.

    Raises:
        StartFailure: It never will.
    """
    if condition == "HEALTHY":
        other.refresh_health()
        if other.exit is not None:
            raise StartFailure(f"TaskFailedToStart: container {other.name} exited before it was healthy")
        return bool(other.record.get("healthStatus") == "HEALTHY")
    if condition == "SUCCESS" and other.exit is not None and other.exit.code != 0:
        raise StartFailure(
            f"TaskFailedToStart: container {other.name} exited with code {other.exit.code}, but others depend on its "
            "success"
        )
    return condition == "START" or other.exit is not None
