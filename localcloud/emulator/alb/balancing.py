"""What every request through the load balancers needs, and the choice of a target group by weight."""

import random
from dataclasses import dataclass

from localcloud.emulator.alb.registry import Registry
from localcloud.emulator.alb.routing import Routes
from localcloud.emulator.alb.traffic import Traffic
from localcloud.emulator.alb.upstream_connection import Pool


@dataclass(frozen=True)
class Balancing:
    """What every request needs; one per emulator.

    Args:
        routes: Hosts, listeners and rules.
        registry: Targets and their health.
        traffic: Counts for the metrics.
        pool: Connections to targets.
        port: The local cloud's port, for redirects.
    """

    routes: Routes
    registry: Registry
    traffic: Traffic
    pool: Pool
    port: int


def by_weight(choices: list[tuple[str, int]]) -> str:
    """A target group by weight; none when all weights are zero."""
    if len(choices) == 1:
        return choices[0][0] if choices[0][1] > 0 else ""
    total = sum(weight for _, weight in choices)
    if total == 0:
        return ""
    ticket = random.uniform(0, total)  # noqa: S311  sharing load out is not cryptography
    for group, weight in choices:
        ticket -= weight
        if ticket < 0:
            return group
    return choices[-1][0]
