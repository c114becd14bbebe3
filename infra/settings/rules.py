"""Rules across fields: each looks at settings that are well-formed on their own and yields what does not fit
together.
"""

from collections import defaultdict
from collections.abc import Iterator

from infra.pure import fargate, routing
from infra.settings.problems import Assign, Problem, Remove
from infra.settings.root import Settings
from infra.settings.service import Service


def problems_of(settings: Settings) -> Iterator[Problem]:
    """Every broken rule across the fields of a stack."""
    for name, service in settings.services.items():
        yield from _size(name, service)
        yield from _times(name, service)
        yield from _route(name, service)
    yield from _routes_apart(settings)


def _size(name: str, service: Service) -> Iterator[Problem]:
    if not fargate.is_valid_size(service.cpu, service.memory):
        yield Problem(
            path=("services", name, "memory"),
            value=service.memory,
            message=f"Fargate has no such size with cpu {service.cpu}; allowed: {fargate.describe_memory(service.cpu)}",
            fix=fargate.nearest_memory(service.cpu, service.memory),
            related=[("services", name, "cpu")],
        )


def _times(name: str, service: Service) -> Iterator[Problem]:
    check = service.health_check
    if check.timeout >= check.interval:
        yield Problem(
            path=("services", name, "healthCheck", "timeout"),
            value=check.timeout,
            message=f"must be less than the interval of {check.interval} s; allowed: 2 to {check.interval - 1}",
            fix=check.interval - 1,
            related=[("services", name, "healthCheck", "interval")],
        )
    if service.route.enabled and service.stop_timeout > service.deregistration_delay:
        yield Problem(
            path=("services", name, "stopTimeout"),
            value=service.stop_timeout,
            message=(
                "the app may take longer to shut down than the load balancer drains its connections "
                f"(deregistrationDelay is {service.deregistration_delay} s); allowed: at most that"
            ),
            fix=max(1, service.deregistration_delay)
            if service.deregistration_delay
            else Assign(("services", name, "deregistrationDelay"), service.stop_timeout),
            related=[("services", name, "deregistrationDelay")],
        )


def _route(name: str, service: Service) -> Iterator[Problem]:
    values = len(service.route.paths) + len(service.route.hosts)
    if values > routing.CONDITION_LIMIT:
        yield Problem(
            path=("services", name, "route"),
            message=(
                f"has {values} paths and hosts; allowed: at most {routing.CONDITION_LIMIT} together, "
                "the limit of one listener rule; shorten the list with wildcards"
            ),
            related=[("services", name, "route", "paths"), ("services", name, "route", "hosts")],
        )


def _routes_apart(settings: Settings) -> Iterator[Problem]:
    """No two services answer the same requests, and no two rules have the same position."""
    owners: dict[tuple[frozenset[str], frozenset[str]], list[str]] = defaultdict(list)
    positions: dict[int, list[str]] = defaultdict(list)
    for name, service in settings.services.items():
        if not service.route.enabled:
            continue
        hosts = frozenset(host.lower() for host in service.route.hosts)
        owners[hosts, frozenset(service.route.paths)].append(name)
        if service.route.priority is not None:
            positions[service.route.priority].append(name)
    for (hosts, paths), names in owners.items():
        for name in names[1:]:
            what = (
                "has no paths or hosts and so takes every request"
                if not hosts and not paths
                else "has the same paths and hosts"
            )
            yield Problem(
                path=("services", name, "route"),
                message=f"{what}, as services.{names[0]}.route does; allowed: one such service",
                fix=Assign(("services", name, "route", "paths"), [f"/{name}", f"/{name}/*"]),
                related=[("services", names[0], "route")],
            )
    for position, names in positions.items():
        for name in names[1:]:
            yield Problem(
                path=("services", name, "route", "priority"),
                value=position,
                message=f"is also the priority of services.{names[0]}; allowed: a number no other service has",
                fix=Remove(),
                related=[("services", names[0], "route", "priority")],
            )
