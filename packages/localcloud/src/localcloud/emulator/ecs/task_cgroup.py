"""One control group for a task of several containers, so that they share the task's CPU and memory as on Fargate.

Possible where this process may write the machine's control groups (root, on the machine the engine runs on) and the
engine uses the cgroupfs driver. Elsewhere each container is held to the whole task's size, and their sum may exceed it.
"""

import functools
import logging
from pathlib import Path

import requests
from docker.errors import DockerException

from localcloud.emulator.ecs import engine
from localcloud.emulator.ecs.containers import MEBIBYTE, TaskShape

logger = logging.getLogger(__name__)
PARENT = "localcloud"
PERIOD_MICROSECONDS = 100_000


@functools.cache
def hierarchies() -> dict[str, Path]:
    """Where the cpu and memory controllers are mounted; empty when a task cannot have a group of its own."""
    try:
        information = engine.client().info()
    except (DockerException, requests.exceptions.RequestException):
        return {}
    if information.get("CgroupDriver") != "cgroupfs":
        return {}
    found = _mounts()
    return found if {"cpu", "memory"} <= found.keys() else {}


def _mounts() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for _, path, kind, options, *_ in _mount_lines():
        if kind == "cgroup2" and (Path(path) / "cgroup.controllers").exists():
            controllers = (Path(path) / "cgroup.controllers").read_text().split()
            found.update({name: Path(path) for name in ("cpu", "memory") if name in controllers})
        if kind == "cgroup":
            found.update({name: Path(path) for name in ("cpu", "memory") if name in options.split(",")})
    return found


def _mount_lines() -> list[list[str]]:
    try:
        return [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return []


def group_name(instance: str, task: str) -> str:
    """Name of a task's group: its local cloud finds it again after a crash."""
    return f"{instance}-{task}"


def create(name: str, shape: TaskShape) -> str | None:
    """Make a task's group with the task's limits; returns what Docker takes as `cgroup_parent`, or None.

    Args:
        name: Of the group (`group_name`).
        shape: The task's limits.
    """
    mounted = hierarchies()
    if not mounted:
        return None
    try:
        if mounted["cpu"] == mounted["memory"]:
            _create_unified(mounted["cpu"], name, shape)
        else:
            _create_v1(mounted, name, shape)
    except OSError as error:
        logger.info("no control group for task %s, its containers are limited one by one: %s", name, error)
        return None
    return f"/{PARENT}/{name}"


def _create_v1(mounted: dict[str, Path], name: str, shape: TaskShape) -> None:
    for controller, root in mounted.items():
        (root / PARENT / name).mkdir(parents=True, exist_ok=True)
        if controller == "cpu" and shape.cpu_units:
            (root / PARENT / name / "cpu.cfs_period_us").write_text(str(PERIOD_MICROSECONDS))
            (root / PARENT / name / "cpu.cfs_quota_us").write_text(str(_quota(shape.cpu_units)))
        if controller == "memory":
            # Without it a container's charge would not count for its task.
            (root / PARENT / name / "memory.use_hierarchy").write_text("1")
            if shape.memory_mib:
                (root / PARENT / name / "memory.limit_in_bytes").write_text(str(shape.memory_mib * MEBIBYTE))


def _create_unified(root: Path, name: str, shape: TaskShape) -> None:
    for folder in (root, root / PARENT):
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.subtree_control").write_text("+cpu +memory")
    group = root / PARENT / name
    group.mkdir(exist_ok=True)
    (group / "cgroup.subtree_control").write_text("+cpu +memory")
    if shape.cpu_units:
        (group / "cpu.max").write_text(f"{_quota(shape.cpu_units)} {PERIOD_MICROSECONDS}")
    if shape.memory_mib:
        (group / "memory.max").write_text(str(shape.memory_mib * MEBIBYTE))


def _quota(cpu_units: int) -> int:
    return max(1000, cpu_units * PERIOD_MICROSECONDS // 1024)


def remove(name: str) -> None:
    """Remove a task's group once its containers are gone; the engine removes the groups below it."""
    for root in _places():
        group = root / PARENT / name
        try:
            group.rmdir()
        except FileNotFoundError:
            continue
        except OSError as error:
            logger.info("control group %s stays: %s", group, error)


def remove_all(instance: str) -> None:
    """Remove what a local cloud that was killed left behind."""
    for root in _places():
        for group in (root / PARENT).glob(f"{instance}-*"):
            remove(group.name)


def _places() -> list[Path]:
    """Everywhere a group can be: we make it for two controllers, the engine below every one that is mounted."""
    if not hierarchies():
        return []
    return [Path(path) for _, path, kind, *_ in _mount_lines() if kind in {"cgroup", "cgroup2"}]
