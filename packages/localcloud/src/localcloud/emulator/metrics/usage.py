"""What the containers of a task use of its CPU and memory, from Docker's own accounting."""

import concurrent.futures
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from docker.errors import APIError, NotFound

from localcloud.emulator import upstream
from localcloud.emulator.ecs import engine, state
from localcloud.emulator.ecs.containers import MEBIBYTE, TaskShape
from localcloud.emulator.ecs.state import Record

logger = logging.getLogger(__name__)
PARALLEL = 4


@dataclass(frozen=True, kw_only=True)
class Usage:
    """One task at one moment.

    Args:
        task: Its record.
        cpu_units: Used since the last look, per second: 1024 is one vCPU busy all the time.
        memory_mib: Held now, without the page cache.
        cpu_reserved: The task's CPU units.
        memory_reserved: The task's memory in MiB.
    """

    task: Record
    cpu_units: float
    memory_mib: float
    cpu_reserved: float
    memory_reserved: float

    @property
    def cpu_percent(self) -> float:
        """CPUUtilization: used of what is reserved."""
        return 100 * self.cpu_units / self.cpu_reserved if self.cpu_reserved else 0.0

    @property
    def memory_percent(self) -> float:
        """MemoryUtilization: held of what is reserved."""
        return 100 * self.memory_mib / self.memory_reserved if self.memory_reserved else 0.0


class Sampler:
    """Looks at every running task's containers; CPU use needs two looks, so a new task shows on the second."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[float, float]] = {}
        self._pool = concurrent.futures.ThreadPoolExecutor(PARALLEL, thread_name_prefix="usage")

    def sample(self) -> list[Usage]:
        """Look at everything that runs."""
        tasks = [task for _, task in upstream.ecs._tasks.all_items() if task["lastStatus"] == "RUNNING"]
        containers = [identity for task in tasks for identity in task["_docker_ids"]]
        stats = dict(zip(containers, self._pool.map(_stats, containers), strict=True))
        known, self._before = self._before, {}
        usages = (self._usage(task, stats, known) for task in tasks)
        return [usage for usage in usages if usage is not None]

    def _usage(
        self,
        task: Record,
        stats: Mapping[str, Mapping[str, Any] | None],
        before: Mapping[str, tuple[float, float]],
    ) -> Usage | None:
        units = memory = 0.0
        measured = False
        for identity in task["_docker_ids"]:
            found = stats.get(identity)
            if not found:
                continue
            used = float(found["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9
            now = time.monotonic()
            self._before[identity] = (now, used)
            memory += _held(found) / MEBIBYTE
            if identity in before:
                measured = True
                then, used_then = before[identity]
                units += 1024 * max(0.0, used - used_then) / max(0.001, now - then)
        if not measured:
            return None
        cpu, reserved = _reserved(task)
        return Usage(
            task=task, cpu_units=units, memory_mib=memory, cpu_reserved=cpu, memory_reserved=reserved
        )


def _stats(identity: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = engine.client().api.stats(identity, stream=False, one_shot=True)
    except (APIError, NotFound, requests.exceptions.RequestException, ValueError) as error:
        logger.debug("no statistics of %s: %s", identity, error)
        return None
    return found if found.get("memory_stats", {}).get("usage") is not None else None


def _held(stats: Mapping[str, Any]) -> float:
    """Memory without the page cache that the kernel would give back, as `docker stats` counts it (cgroup v1 and v2)."""
    memory = stats["memory_stats"]
    details = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    return max(0.0, float(memory["usage"]) - float(cache))


def _reserved(task: Record) -> tuple[float, float]:
    definition = task.get("_definition") or {}
    shape = TaskShape.of(definition)
    containers = definition.get("containerDefinitions") or []
    cpu = shape.cpu_units or sum(int(entry.get("cpu") or 0) for entry in containers)
    memory = shape.memory_mib or sum(
        int(entry.get("memoryReservation") or entry.get("memory") or 0) for entry in containers
    )
    return float(cpu), float(memory)


def service_of(task: Record) -> tuple[str, str] | None:
    """Cluster and service name of a task, as CloudWatch's dimensions have them."""
    key = state.service_of_task(task)
    return (key.cluster, key.key.partition("/")[2]) if key else None
