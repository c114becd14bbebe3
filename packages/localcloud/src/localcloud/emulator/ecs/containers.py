"""What a container definition asks of Docker: a pure translation, the same on cgroup v1 and v2.

Rules and defaults: Amazon ECS API Reference, `ContainerDefinition`, and the Fargate task-size table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docker.types import Healthcheck, LogConfig, Ulimit

MEBIBYTE = 1024 * 1024
NANO_CPUS = 1_000_000_000
# What the ECS container agent and Fargate use when a definition has no stopTimeout.
DEFAULT_STOP_SECONDS = 30
# Docker refuses less than a hundredth of a CPU.
SMALLEST_NANO_CPUS = 10_000_000
Definition = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class TaskShape:
    """The parts of a task definition that bound all of its containers.

    Args:
        cpu_units: 1024 per vCPU; None when the task has no limit of its own (EC2 only).
        memory_mib: Memory in MiB; None when the task has no limit of its own (EC2 only).
        network_mode: awsvpc, bridge, host or none.
    """

    cpu_units: int | None
    memory_mib: int | None
    network_mode: str

    @classmethod
    def of(cls, task_definition: Definition) -> "TaskShape":
        """Read the shape; CPU may be written as units (256) or vCPU (.25 vCPU), memory as MiB or GB."""
        return cls(
            cpu_units=_size(task_definition.get("cpu"), "vcpu"),
            memory_mib=_size(task_definition.get("memory"), "gb"),
            network_mode=task_definition.get("networkMode") or "bridge",
        )


def _size(value: str | int | None, unit: str) -> int | None:
    if value in {None, ""}:
        return None
    text = str(value).strip().lower()
    if text.endswith(unit):
        return int(float(text.removesuffix(unit)) * 1024)
    return int(text)


def container_options(definition: Definition, shape: TaskShape) -> dict[str, Any]:
    """Options for docker-py's `containers.create` that follow from the container definition alone.

    Environment, network, names, labels of the emulator and published ports are added by the caller.
    """
    linux = definition.get("linuxParameters") or {}
    options: dict[str, Any] = {
        "command": definition.get("command") or None,
        "entrypoint": definition.get("entryPoint") or None,
        "working_dir": definition.get("workingDirectory") or None,
        "user": definition.get("user") or None,
        "hostname": definition.get("hostname") or None,
        "read_only": bool(definition.get("readonlyRootFilesystem")),
        "privileged": bool(definition.get("privileged")),
        "init": bool(linux.get("initProcessEnabled")),
        "tty": bool(definition.get("pseudoTerminal")),
        "stdin_open": bool(definition.get("interactive")),
        "ulimits": [
            Ulimit(name=limit["name"], soft=limit["softLimit"], hard=limit["hardLimit"])
            for limit in definition.get("ulimits") or []
        ],
        "cap_add": (linux.get("capabilities") or {}).get("add") or None,
        "cap_drop": (linux.get("capabilities") or {}).get("drop") or None,
        "tmpfs": {
            mount["containerPath"]: _tmpfs_options(mount)
            for mount in linux.get("tmpfs") or []
            if not _has_mode(mount)
        },
        "shm_size": f"{linux['sharedMemorySize']}m" if linux.get("sharedMemorySize") else None,
        "extra_hosts": {host["hostname"]: host["ipAddress"] for host in definition.get("extraHosts") or []},
        "sysctls": {
            control["namespace"]: control["value"] for control in definition.get("systemControls") or []
        },
        "healthcheck": _health_check(definition.get("healthCheck")),
        # Whatever the engine's default driver is, the emulator reads the output through `docker logs`.
        "log_config": LogConfig(type="json-file", config={"max-size": "20m", "max-file": "2"}),
        **_limits(definition, shape),
    }
    return {name: value for name, value in options.items() if value not in (None, [], {}, "")}


def _limits(definition: Definition, shape: TaskShape) -> dict[str, Any]:
    """CPU and memory limits.

    A task's CPU is a hard limit that its containers share by weight (`cpu` of the container); without a size on
    the task, a container's `cpu` is only a weight. `memory` is a hard limit, `memoryReservation` a soft one.
    """
    limits: dict[str, Any] = {}
    if shape.cpu_units:
        limits["nano_cpus"] = max(SMALLEST_NANO_CPUS, shape.cpu_units * NANO_CPUS // 1024)
    # The agent passes at least 2 shares, the kernel's minimum.
    limits["cpu_shares"] = max(2, int(definition.get("cpu") or 0))
    memory = definition.get("memory") or shape.memory_mib
    if memory:
        limits["mem_limit"] = int(memory) * MEBIBYTE
        # Fargate has no swap: the process is killed at its limit instead of slowing the machine down.
        limits["memswap_limit"] = int(memory) * MEBIBYTE
    if definition.get("memoryReservation"):
        limits["mem_reservation"] = int(definition["memoryReservation"]) * MEBIBYTE
    return limits


def _health_check(check: Definition | None) -> Healthcheck | None:
    if not check or not check.get("command"):
        return None
    second = 1_000_000_000
    return Healthcheck(
        test=list(check["command"]),
        interval=int(check.get("interval") or 30) * second,
        timeout=int(check.get("timeout") or 5) * second,
        retries=int(check.get("retries") or 3),
        start_period=int(check.get("startPeriod") or 0) * second,
    )


def stop_seconds(definition: Definition) -> int:
    """Seconds between SIGTERM and SIGKILL: `stopTimeout`, 30 by default, at most 120 as on Fargate."""
    value = definition.get("stopTimeout")
    return min(120, DEFAULT_STOP_SECONDS if value is None else int(value))


def bind_mounts(task_definition: Definition, definition: Definition) -> list[str]:
    """Docker binds of the volumes a container mounts: host folders, or a volume shared within the task."""
    sources = {
        volume["name"]: (volume.get("host") or {}).get("sourcePath")
        for volume in task_definition.get("volumes") or []
        if volume.get("name")
    }
    return [
        f"{sources[mount['sourceVolume']]}:{mount['containerPath']}:{'ro' if mount.get('readOnly') else 'rw'}"
        for mount in definition.get("mountPoints") or []
        if sources.get(mount.get("sourceVolume"))
    ]


def shared_volumes(task_definition: Definition, definition: Definition) -> list[tuple[str, str, bool]]:
    """Volumes without a host folder, shared by the task's containers: (volume, path, read only)."""
    shared = {
        volume["name"]
        for volume in task_definition.get("volumes") or []
        if volume.get("name") and not (volume.get("host") or {}).get("sourcePath")
    }
    return [
        (mount["sourceVolume"], mount["containerPath"], bool(mount.get("readOnly")))
        for mount in definition.get("mountPoints") or []
        if mount.get("sourceVolume") in shared
    ]


def tmpfs_with_mode(definition: Definition) -> list[tuple[str, str]]:
    """Folders in memory that ask for a mode of their own: (path, mount options)."""
    mounts = (definition.get("linuxParameters") or {}).get("tmpfs") or []
    return [(mount["containerPath"], _tmpfs_options(mount)) for mount in mounts if _has_mode(mount)]


def _tmpfs_options(mount: Definition) -> str:
    return ",".join([f"size={mount['size']}m", *(mount.get("mountOptions") or [])])


def _has_mode(mount: Definition) -> bool:
    return any(option.startswith("mode=") for option in mount.get("mountOptions") or [])


def start_order(definitions: Sequence[Definition]) -> list[Definition]:
    """Containers in an order that satisfies `dependsOn`; essential ones first where nothing is asked.

    Raises:
        ValueError: A container depends on itself through others, or on one that is not in the task.
    """
    by_name = {definition["name"]: definition for definition in definitions}
    ordered: dict[str, Definition] = {}
    # Essential containers first where the order is free: the first to start lends the others its network.
    definitions = sorted(definitions, key=lambda definition: not definition.get("essential", True))

    def place(name: str, above: tuple[str, ...]) -> None:
        if name in ordered:
            return
        if name in above:
            raise ValueError(f"containers depend on each other: {' -> '.join((*above, name))}")
        if name not in by_name:
            raise ValueError(f"container {above[-1]} depends on {name}, which is not in the task definition")
        for dependency in by_name[name].get("dependsOn") or []:
            place(dependency["containerName"], (*above, name))
        ordered[name] = by_name[name]

    for definition in definitions:
        place(definition["name"], ())
    return list(ordered.values())


def network_owner(order: Sequence[Definition]) -> str:
    """The container whose network the task's others join, in awsvpc mode, given their start order.

    It must outlive the others, so it is none whose end is waited for.
    """
    ending = {
        dependency["containerName"]
        for definition in order
        for dependency in definition.get("dependsOn") or []
        if dependency["condition"] in {"COMPLETE", "SUCCESS"}
    }
    return str(next((entry for entry in order if entry["name"] not in ending), order[0])["name"])
