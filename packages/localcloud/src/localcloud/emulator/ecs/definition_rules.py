"""What RegisterTaskDefinition refuses.

Rules: Amazon ECS API Reference, types ContainerDefinition, ContainerDependency, PortMapping, MountPoint; its guide,
"Task definition parameters for Fargate". Words in quotes that people report from AWS are AWS's: "Fargate requires that
'cpu' be defined at the task level", "No Fargate configuration exists for given values" (Developer Guide, "Invalid 'cpu'
setting for task"), "Fargate only supports network mode awsvpc", "Fargate requires task definition to have execution
role ARN to support log driver awslogs | ECR images", "When networkMode=awsvpc, the host ports and container ports in
port mappings must match", "Links are not supported when networkMode=awsvpc", "Container.name should not be null or
empty" (getmoto/moto, tests/test_ecs). Where no words are known they are ours.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localcloud.emulator.json_api import Refused

Definition = Mapping[str, Any]
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ECR_IMAGE = re.compile(r"^\d{12}\.dkr\.ecr\.")
_CPU = re.compile(r"\s*([\d.]+)\s*(vcpu)?\s*", re.IGNORECASE)
_MEMORY = re.compile(r"\s*([\d.]+)\s*(gb)?\s*", re.IGNORECASE)
FARGATE_MEMORY: Mapping[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
"""MiB by CPU units ("Task size")."""


def check(request: Definition) -> None:
    """Accept a task definition that ECS takes.

    Raises:
        Refused: ClientException.
    """
    for problem in _problems(request):
        raise Refused("ClientException", problem)


def runs_on_fargate(definition: Definition) -> bool:
    """Whether a registered task definition is compatible with Fargate, be it asked for or not."""
    return "FARGATE" in (definition.get("requiresCompatibilities") or []) or not any(
        _fargate_problems(definition)
    )


def _problems(request: Definition) -> Iterator[str]:
    containers: list[Definition] = request.get("containerDefinitions") or []
    yield from _name_problems(str(request.get("family") or ""), containers)
    if not any(container.get("essential", True) for container in containers):
        yield "At least one container must be essential."
    if "FARGATE" in (request.get("requiresCompatibilities") or []):
        yield from _fargate_problems(request)
    for container in containers:
        yield from _size_problems(container, request)
        yield from _network_problems(container, str(request.get("networkMode") or "bridge"))
        yield from _storage_problems(container, request)
    yield from _dependency_problems({container["name"]: container for container in containers})
    if not request.get("executionRoleArn") and any(container.get("secrets") for container in containers):
        yield "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."


def _name_problems(family: str, containers: Sequence[Definition]) -> Iterator[str]:
    if not family:
        yield "Family should not be null or empty."
    if not _NAME.fullmatch(family):
        yield "Family contains invalid characters."
    if not containers:
        yield "Container list cannot be empty."
    names = [str(container.get("name") or "") for container in containers]
    for name, container in zip(names, containers, strict=True):
        if not name:
            yield "Container.name should not be null or empty."
        if not container.get("image"):
            yield "Container.image should not be null or empty."
        if not _NAME.fullmatch(name):
            yield f"Container.name contains invalid characters: {name!r}."
        if names.count(name) > 1:
            yield f"Container names must be unique: {name!r} is there {names.count(name)} times."


def _fargate_problems(request: Definition) -> Iterator[str]:
    cpu, memory = _units(request.get("cpu"), _CPU), _units(request.get("memory"), _MEMORY)
    if request.get("networkMode") != "awsvpc":
        yield "Fargate only supports network mode ‘awsvpc’."  # noqa: RUF001  AWS's own quotation marks
    if cpu is None:
        yield "Fargate requires that 'cpu' be defined at the task level."
    if memory is None:
        yield "Fargate requires that 'memory' be defined at the task level."
    if cpu is not None and memory not in FARGATE_MEMORY.get(cpu, ()):
        yield "No Fargate configuration exists for given values."
    if request.get("pidMode") not in {None, "", "task"}:
        yield (
            f"Tasks using the Fargate launch type do not support pidMode '{request['pidMode']}'. The supported value "
            "for pidMode is 'task'."
        )
    if not request.get("executionRoleArn"):
        for container in request.get("containerDefinitions") or []:
            wanted = "Fargate requires task definition to have execution role ARN to support"
            if (container.get("logConfiguration") or {}).get("logDriver") == "awslogs":
                yield f"{wanted} log driver awslogs."
            if _ECR_IMAGE.match(str(container.get("image"))):
                yield f"{wanted} ECR images."


def _units(value: object, form: re.Pattern[str]) -> int | None:
    """CPU units or MiB; both may be given with `vCPU` and `GB`. None for what is neither or not there."""
    found = form.fullmatch(str(value or ""))
    try:
        return round(float(found[1]) * (1024 if found[2] else 1)) if found else None
    except ValueError:
        return None


def _size_problems(container: Definition, request: Definition) -> Iterator[str]:
    name, task = container["name"], _units(request.get("memory"), _MEMORY)
    hard, soft = container.get("memory"), container.get("memoryReservation")
    if task is None and hard is None and soft is None:
        yield (
            f"Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must be "
            "specified."
        )
    if task is not None and max(hard or 0, soft or 0) > task:
        # Developer Guide, troubleshooting: "The 'memory' setting for container is greater than for the task".
        yield f"The 'memory' setting for container '{name}' is greater than for the task."
    if hard is not None and soft is not None and soft >= hard:
        yield f"Invalid setting for container '{name}'. 'memory' must be greater than 'memoryReservation'."


def _network_problems(container: Definition, mode: str) -> Iterator[str]:
    if mode in {"awsvpc", "host"} and any(
        mapping.get("hostPort") not in {None, 0, mapping.get("containerPort")}
        for mapping in container.get("portMappings") or []
    ):
        yield f"When networkMode={mode}, the host ports and container ports in port mappings must match."
    if mode != "awsvpc":
        return
    for member, words in (
        ("links", "Links are not supported"),
        ("dnsServers", "DNS servers are not supported on container"),
        ("hostname", "Hostname is not supported on container"),
        ("extraHosts", "Extra hosts are not supported on container"),
    ):
        if container.get(member):
            yield f"{words} when networkMode=awsvpc."


def _storage_problems(container: Definition, request: Definition) -> Iterator[str]:
    volumes = {volume.get("name") for volume in request.get("volumes") or []}
    for mount in container.get("mountPoints") or []:
        if mount.get("sourceVolume") not in volumes:
            yield f"Unknown volume '{mount.get('sourceVolume')}'."
    names = {other["name"] for other in request["containerDefinitions"]}
    for source in container.get("volumesFrom") or []:
        if source.get("sourceContainer") not in names:
            yield f"Unknown container '{source.get('sourceContainer')}' in volumesFrom of '{container['name']}'."


def _dependency_problems(containers: Mapping[str, Definition]) -> Iterator[str]:
    waits: dict[str, list[str]] = {}
    for name, container in containers.items():
        waits[name] = []
        for dependency in container.get("dependsOn") or []:
            other, condition = dependency["containerName"], dependency["condition"]
            if other not in containers:
                yield f"Container '{name}' depends on '{other}', which is not in the task definition."
            elif condition == "HEALTHY" and not containers[other].get("healthCheck"):
                yield f"Container '{name}' depends on '{other}' to be HEALTHY, but '{other}' has no health check."
            elif condition in {"COMPLETE", "SUCCESS"} and containers[other].get("essential", True):
                yield f"Container '{name}' depends on '{other}' to be {condition}, but '{other}' is essential."
            else:
                waits[name].append(other)
    while waits:
        free = [name for name, others in waits.items() if not any(other in waits for other in others)]
        if not free:
            yield f"The containers {', '.join(sorted(waits))} depend on each other in a circle."
            return
        for name in free:
            del waits[name]
