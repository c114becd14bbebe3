"""One service: its size, its times, its container, its scaling."""

import json
from collections.abc import Iterator

from infra.pure import fargate, routing
from infra.pure.references import malformed
from infra.settings.problems import Assign, Path, Problem, Remove
from infra.settings.scaling import Scaling
from infra.settings.secrets import SecretSource
from infra.settings.service import Service

DEFINITION_BYTES = 65_536
DEFINITION_REST = 8_192
"""What names, ports, log settings and the ARNs of secrets may take of a task definition."""


def problems(name: str, service: Service) -> Iterator[Problem]:
    """Broken rules of a service on its own."""
    path = ("services", name)
    yield from _size(path, service)
    yield from _health(path, service)
    yield from _shutdown(path, service)
    yield from _route(path, service)
    yield from _container(path, service)
    yield from _definition(path, service)
    yield from _scaling(path, service)
    yield from _permissions(path, service)
    yield from _references(path, service)
    for variable, source in service.secrets.items():
        yield from _secret(path, variable, source)


def _references(path: Path, service: Service) -> Iterator[Problem]:
    """What begins like a reference and is none would reach the container as it stands."""
    texts: dict[Path, str] = {
        (*path, "environment", variable): value for variable, value in service.environment.items()
    }
    for variable, source in service.secrets.items():
        for key, value in (("ssm", source.ssm), ("secretsManager", source.secrets_manager)):
            texts[*path, "secrets", variable, key] = value or ""
    for number, statement in enumerate(service.permissions.statements):
        for position, resource in enumerate(statement.resources):
            texts[*path, "permissions", "statements", number, "resources", position] = resource
    for place, text in texts.items():
        for wrong in malformed(text):
            yield Problem(
                path=place,
                message=f"{wrong!r} names no output of another stack; allowed: ${{stack:<stack>#<output>}}, for "
                "example ${stack:acme/network/prod#vpcId}",
            )


def _size(path: Path, service: Service) -> Iterator[Problem]:
    if service.launch == "fargate" and not fargate.is_valid_size(service.cpu, service.memory):
        allowed = fargate.describe_memory(service.cpu)
        yield Problem(
            path=(*path, "memory"),
            value=service.memory,
            message=f"Fargate has no such size with cpu {service.cpu}; allowed: {allowed}",
            fix=fargate.nearest_memory(service.cpu, service.memory),
            related=[(*path, "cpu"), (*path, "launch")],
        )
    reserved = sum(sidecar.memory or 0 for sidecar in service.sidecars.values())
    if reserved >= service.memory:
        yield Problem(
            path=(*path, "sidecars"),
            message=f"reserve {reserved} of the task's {service.memory} MiB; allowed: less than memory",
            related=[(*path, "memory")],
        )
    if name_taken := next((side for side in service.sidecars if side == path[-1]), None):
        yield Problem(
            path=(*path, "sidecars", name_taken),
            message="has the name of the service's own container; allowed: any other name",
            fix=Remove(),
        )
    if service.ephemeral_storage_gib and service.launch != "fargate":
        yield Problem(
            path=(*path, "ephemeralStorageGib"),
            value=service.ephemeral_storage_gib,
            message="belongs to Fargate tasks; allowed: with launch fargate only",
            fix=Remove(),
            related=[(*path, "launch")],
        )


def _health(path: Path, service: Service) -> Iterator[Problem]:
    checks: list[tuple[Path, int, int]] = [
        (("healthCheck",), service.health_check.interval, service.health_check.timeout)
    ]
    if service.container.health_check:
        inner = service.container.health_check
        checks.append((("container", "healthCheck"), inner.interval, inner.timeout))
    for key, interval, timeout in checks:
        if timeout >= interval:
            yield Problem(
                path=(*path, *key, "timeout"),
                value=timeout,
                message=f"must be less than the interval of {interval} s; allowed: 2 to {interval - 1}",
                fix=interval - 1,
                related=[(*path, *key, "interval")],
            )
    if 0 < service.slow_start < 30:
        yield Problem(
            path=(*path, "slowStart"), value=service.slow_start, message="allowed: 0 or 30 to 900", fix=30
        )


def _shutdown(path: Path, service: Service) -> Iterator[Problem]:
    if not service.route.enabled or service.stop_timeout <= service.deregistration_delay:
        return
    drain = service.deregistration_delay
    yield Problem(
        path=(*path, "stopTimeout"),
        value=service.stop_timeout,
        message=(
            "the app may take longer to shut down than the load balancer drains its connections; "
            f"allowed: at most the deregistrationDelay of {drain} s"
        ),
        fix=drain or Assign((*path, "deregistrationDelay"), service.stop_timeout),
        related=[(*path, "deregistrationDelay"), (*path, "route", "enabled")],
    )


def _route(path: Path, service: Service) -> Iterator[Problem]:
    count = len(service.route.paths) + len(service.route.hosts)
    if count > routing.CONDITION_LIMIT:
        yield Problem(
            path=(*path, "route"),
            message=(
                f"has {count} paths and hosts; allowed: at most {routing.CONDITION_LIMIT} together, the limit "
                "of one listener rule; shorten the list with wildcards"
            ),
            related=[(*path, "route", "paths"), (*path, "route", "hosts")],
        )
    wildcards = sum(
        text.count("*") + text.count("?") for text in (*service.route.paths, *service.route.hosts)
    )
    if wildcards > routing.WILDCARD_LIMIT:
        yield Problem(
            path=(*path, "route"),
            message=f"has {wildcards} wildcards; allowed: at most {routing.WILDCARD_LIMIT} together, the limit of one "
            "listener rule",
            related=[(*path, "route", "paths"), (*path, "route", "hosts")],
        )


def _container(path: Path, service: Service) -> Iterator[Problem]:
    if service.execute_command and service.container.read_only_root_filesystem:
        yield Problem(
            path=(*path, "container", "readOnlyRootFilesystem"),
            value=True,
            message="the agent behind executeCommand has to write; allowed: false with executeCommand",
            fix=False,
            related=[(*path, "executeCommand")],
        )
    folders = service.container.folders_in_memory
    if folders and len(folders) * service.container.writable_mib >= service.memory:
        yield Problem(
            path=(*path, "container", "writableMib"),
            value=service.container.writable_mib,
            message=f"{', '.join(folders)} would fill the task's memory of {service.memory} MiB before they are full; "
            f"allowed: at most {service.memory // (2 * len(folders))}",
            fix=max(1, service.memory // (2 * len(folders))),
            related=[(*path, "memory"), (*path, "container", "writablePaths")],
        )
    listens, port = service.environment.get("PORT"), service.listens_on
    if listens is not None and listens != str(port):
        yield Problem(
            path=(*path, "environment", "PORT"),
            value=listens,
            message=f"is where an app listens that asks for $PORT, and {port} is where it is called; allowed: "
            "the port of the service",
            fix=str(port),
            related=[(*path, "port")],
        )
    for variable in sorted(set(service.environment) & set(service.secrets)):
        yield Problem(
            path=(*path, "environment", variable),
            message="is also a secret of the service; allowed: one of the two",
            fix=Remove(),
            related=[(*path, "secrets", variable)],
        )
    for limit, value in service.container.ulimits.items():
        if value.soft > value.hard:
            yield Problem(
                path=(*path, "container", "ulimits", limit, "soft"),
                value=value.soft,
                message=f"allowed: at most the hard limit of {value.hard}",
                fix=value.hard,
                related=[(*path, "container", "ulimits", limit, "hard")],
            )
    if service.build.platforms and service.architecture not in service.build.platforms:
        yield Problem(
            path=(*path, "build", "platforms"),
            value=list(service.build.platforms),
            message=f"leave out the service's own architecture; allowed: a list with {service.architecture}",
            fix=[*service.build.platforms, service.architecture],
            related=[(*path, "architecture")],
        )
    if service.image and service.build.secrets:
        yield Problem(
            path=(*path, "build", "secrets"),
            message="the service runs an image that is not built here; allowed: only without image",
            fix=Remove(),
            related=[(*path, "image")],
        )


def _definition(path: Path, service: Service) -> Iterator[Problem]:
    """ECS service quotas, "Task definition size": 64 KiB. Beyond it, RegisterTaskDefinition answers ClientException.

    `Actual length: '66420'. Max allowed length is '65536' bytes.` (awsdocs/amazon-ecs-developer-guide#149)
    """
    containers = [(service.environment, service.container.command, service.container.entry_point)]
    containers += [(side.environment, side.command, ()) for side in service.sidecars.values()]
    length = sum(
        len(json.dumps([{"name": name, "value": value} for name, value in environment.items()]).encode())
        + len(json.dumps([*command, *entry_point]).encode())
        for environment, command, entry_point in containers
    )
    if length > DEFINITION_BYTES - DEFINITION_REST:
        yield Problem(
            path=(*path, "environment"),
            message=f"and the commands take {length} bytes of a task definition, which ECS limits to "
            f"{DEFINITION_BYTES}; allowed: at most {DEFINITION_BYTES - DEFINITION_REST}, which leaves room for the "
            "rest; keep long texts in the image, in S3 or in SSM",
            related=[(*path, "sidecars"), (*path, "container")],
        )


def _scaling(path: Path, service: Service) -> Iterator[Problem]:
    scaling = service.scaling
    if not scaling:
        return
    here = (*path, "scaling")
    if not scaling.acts:
        yield Problem(
            path=here,
            message="has limits but nothing that scales between them, and desiredCount would no longer count; allowed: "
            "with cpu, memory, requestsPerTarget, stepCpu, stepMemory, schedules or predictive",
            fix=Assign((*here, "cpu", "target"), 60),
        )
    pairs = [(here, scaling.min, scaling.max)]
    pairs += [((*here, "schedules", key), entry.min, entry.max) for key, entry in scaling.schedules.items()]
    for where, low, high in pairs:
        if low > high:
            yield Problem(
                path=(*where, "min"),
                value=low,
                message=f"allowed: at most the max of {high}",
                fix=high,
                related=[(*where, "max")],
            )
    for key, step in (("stepCpu", scaling.step_cpu), ("stepMemory", scaling.step_memory)):
        if step and step.low >= step.high:
            yield Problem(
                path=(*here, key, "low"),
                value=step.low,
                message=f"allowed: less than the high of {step.high}",
                fix=max(1, step.high // 3),
                related=[(*here, key, "high")],
            )
    yield from _from_zero(here, scaling)
    yield from _steps(here, scaling)
    if scaling.requests_per_target and not service.route.enabled:
        yield Problem(
            path=(*here, "requestsPerTarget"),
            message="the load balancer sends this service no requests; allowed: with route.enabled only",
            fix=Remove(),
            related=[(*path, "route")],
        )


def _from_zero(here: Path, scaling: Scaling) -> Iterator[Problem]:
    """Without a task there is no utilization and no request, and a policy without data does nothing.

    "A target tracking scaling policy does not perform scaling when the specified metric has insufficient data" (ECS
    Developer Guide, "Use a target metric to scale Amazon ECS services"); a step's alarm stays in INSUFFICIENT_DATA.
    Only a schedule, or a forecast, brings such a service back.
    """
    lowest = [((*here, "min"), scaling.min)]
    lowest += [((*here, "schedules", key, "min"), entry.min) for key, entry in scaling.schedules.items()]
    comes_back = any(entry.min for entry in scaling.schedules.values())
    forecast = scaling.predictive is not None and scaling.predictive.mode == "ForecastAndScale"
    asleep = next((path for path, low in lowest if low == 0), None)
    if asleep and not comes_back and not forecast and scaling.max:
        yield Problem(
            path=asleep,
            value=0,
            message="is where nothing starts a task again: without tasks there is nothing to measure; allowed: at "
            "least 1, or a schedule with a min above 0",
            fix=1,
            related=[(*here, "schedules"), (*here, "predictive")],
        )


def _steps(here: Path, scaling: Scaling) -> Iterator[Problem]:
    """A step removes tasks by its own alarm, also those that target tracking has just added.

    A step scaling policy's scale-in is not held back by a target tracking policy that is not ready for it; when it is
    done, the tracking policy may scale out again (Application Auto Scaling User Guide, "How target tracking
    scaling for Application Auto Scaling works", considerations).
    """
    tracked = (
        ("cpu", scaling.cpu),
        ("memory", scaling.memory),
        ("requestsPerTarget", scaling.requests_per_target),
    )
    rivals = [key for key, tracking in tracked if tracking]
    for key, step in (("stepCpu", scaling.step_cpu), ("stepMemory", scaling.step_memory)):
        if step and rivals:
            yield Problem(
                path=(*here, key),
                message=f"removes tasks that {rivals[0]} has added, which adds them again; allowed: steps or tracking",
                fix=Remove(),
                related=[(*here, rival) for rival in rivals],
            )


def _permissions(path: Path, service: Service) -> Iterator[Problem]:
    for index, statement in enumerate(service.permissions.statements):
        if "*" not in statement.resources or statement.conditions:
            continue
        wide = [action for action in statement.actions if action.endswith(":*")]
        if wide:
            yield Problem(
                path=(*path, "permissions", "statements", index, "actions"),
                value=wide,
                message="every action on every resource is more than an app needs; allowed: named actions, "
                "or named resources",
            )


def _secret(path: Path, variable: str, source: SecretSource) -> Iterator[Problem]:
    here = (*path, "secrets", variable)
    given = [key for key in ("ssm", "secrets_manager", "config") if getattr(source, key)]
    if len(given) != 1:
        found = " and ".join(given).replace("secrets_manager", "secretsManager") or "none"
        yield Problem(
            path=here, message=f"has {found}; allowed: exactly one of ssm, secretsManager and config"
        )
    if source.json_key and source.ssm:
        yield Problem(
            path=(*here, "jsonKey"),
            value=source.json_key,
            message="an SSM parameter has no keys; allowed: with secretsManager or config",
            fix=Remove(),
            related=[(*here, "ssm")],
        )
