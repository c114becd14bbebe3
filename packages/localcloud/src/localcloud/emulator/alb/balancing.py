"""What every request through the load balancers needs, and the choice of a target group by weight."""

import random
from dataclasses import dataclass, field

from localcloud.emulator.alb.actions import ForwardGroup
from localcloud.emulator.alb.registry import Registry
from localcloud.emulator.alb.routing import Routes
from localcloud.emulator.alb.stickiness import Seals
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
        seals: Makes the cookies of sticky sessions.
    """

    routes: Routes
    registry: Registry
    traffic: Traffic
    pool: Pool
    port: int
    seals: Seals = field(default_factory=Seals)


def by_weight(groups: tuple[ForwardGroup, ...]) -> ForwardGroup | None:
    """A target group by weight; none when all weights are zero."""
    if len(groups) == 1:
        return groups[0] if groups[0].weight > 0 else None
    total = sum(group.weight for group in groups)
    if total == 0:
        return None
    ticket = random.uniform(0, total)  # noqa: S311  sharing load out is not cryptography
    for group in groups:
        ticket -= group.weight
        if ticket < 0:
            return group
    return groups[-1]
