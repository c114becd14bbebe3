"""The arithmetic of service deployments: how many tasks to start and stop, when to give up, when to try again.

Nothing here touches a record or a clock. Rules: Amazon ECS Developer Guide, "Deploy Amazon ECS services by replacing
tasks" and "How the Amazon ECS deployment circuit breaker detects failures".
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DEFAULT_MINIMUM_PERCENT = 100
DEFAULT_MAXIMUM_PERCENT = 200
MAX_BACKOFF_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """A service's tasks that are to run.

    Args:
        new: Tasks of the primary deployment, whatever their state.
        new_healthy: Those of them that run and pass every health check.
        old: Tasks of earlier deployments.
        old_healthy: Those of them that run and pass every health check.
    """

    new: int
    new_healthy: int
    old: int
    old_healthy: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do next.

    Args:
        start: Tasks of the primary deployment to start.
        stop_new: Tasks of the primary deployment to stop, because there are too many.
        stop_old_unhealthy: Unhealthy tasks of earlier deployments to stop.
        stop_old_healthy: Healthy tasks of earlier deployments to stop.
    """

    start: int = 0
    stop_new: int = 0
    stop_old_unhealthy: int = 0
    stop_old_healthy: int = 0


def plan(fleet: Fleet, *, desired: int, minimum_percent: int, maximum_percent: int, may_start: bool) -> Plan:
    """Decide the next step of a rolling update, or of keeping a service at its desired count.

    Never more than `maximum_percent` of the desired count (rounded down) are pending or running because of a start;
    never fewer than `minimum_percent` (rounded up) healthy ones are left because of a stop.
    """
    if desired == 0:
        healthy = fleet.old_healthy
        return Plan(stop_new=fleet.new, stop_old_healthy=healthy, stop_old_unhealthy=fleet.old - healthy)
    most = max(1, desired * maximum_percent // 100)
    least = math.ceil(desired * minimum_percent / 100)
    missing = max(0, desired - fleet.new) if may_start else 0
    start = max(0, min(missing, most - fleet.new - fleet.old))
    surplus = max(0, fleet.new - desired)
    spare = max(0, fleet.new_healthy + fleet.old_healthy - least)
    old_unhealthy = fleet.old - fleet.old_healthy
    if fleet.new_healthy >= desired:
        return Plan(stop_new=surplus, stop_old_healthy=fleet.old_healthy, stop_old_unhealthy=old_unhealthy)
    # Unhealthy old tasks only take up room; they go when the new ones need it.
    room = max(0, missing - start)
    stop_unhealthy = min(old_unhealthy, room)
    # Every new healthy task lets an old one go; where the maximum leaves no room, the minimum's slack does.
    replaced = max(0, fleet.new_healthy + fleet.old - desired)
    wanted = max(replaced if fleet.new_healthy else 0, room - stop_unhealthy)
    stop_healthy = min(fleet.old_healthy, spare, wanted)
    return Plan(
        start=start, stop_new=surplus, stop_old_unhealthy=stop_unhealthy, stop_old_healthy=stop_healthy
    )


def percentages(configuration: Mapping[str, Any]) -> tuple[int, int]:
    """A deployment configuration's minimum healthy and maximum percent."""
    return (
        int(configuration.get("minimumHealthyPercent", DEFAULT_MINIMUM_PERCENT)),
        int(configuration.get("maximumPercent", DEFAULT_MAXIMUM_PERCENT)),
    )


def failure_threshold(configuration: Mapping[str, Any], desired: int) -> int:
    """Failed tasks in a row at which the circuit breaker opens: half the desired count, at least 3, at most 200.

    A `thresholdConfiguration` replaces the rule: COUNT, BOUNDED_PERCENT or UNBOUNDED_PERCENT of the desired count.
    """
    breaker = configuration.get("deploymentCircuitBreaker") or {}
    custom = breaker.get("thresholdConfiguration") or {}
    kind, value = custom.get("type", "BOUNDED_PERCENT"), float(custom.get("value", 50))
    if kind == "COUNT":
        return max(1, int(value))
    share = math.ceil(value * desired / 100)
    return max(1, share) if kind == "UNBOUNDED_PERCENT" else min(200, max(3, share))


def breaker_enabled(configuration: Mapping[str, Any]) -> bool:
    """Whether the circuit breaker watches deployments."""
    return bool((configuration.get("deploymentCircuitBreaker") or {}).get("enable"))


def rollback_enabled(configuration: Mapping[str, Any]) -> bool:
    """Whether a failed deployment goes back to the last completed one."""
    return bool((configuration.get("deploymentCircuitBreaker") or {}).get("rollback"))


def backoff_seconds(failures: int) -> float:
    """Pause before the next start after so many failures in a row: none at first, then doubling up to a minute.

    AWS throttles up to 15 minutes; here a person is waiting.
    """
    return 0.0 if failures <= 1 else min(MAX_BACKOFF_SECONDS, 2.0 ** (failures - 2))
