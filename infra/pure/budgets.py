"""How long a deployment may take, from the times that its settings add up to.

Pulumi's own limit of 20 minutes for a service is too short for slow drains and bakes and needlessly long for
a small service; the figures here are upper bounds with room for AWS, not estimates.
"""

import math
from dataclasses import dataclass

IMAGE_PULL = 180
"""Seconds to place a task, attach its network interface and pull its image."""

MARGIN = 300
"""Seconds for what AWS does around a deployment: registering targets, deciding that it is steady."""


@dataclass(frozen=True, kw_only=True)
class DeploymentTimes:
    """What a rolling deployment of a service waits for; all in seconds.

    Args:
        desired_count: Tasks to replace.
        batch: Tasks that may be replaced at a time.
        grace_period: Time in which a new task's failed health checks do not count.
        check_interval: Time between two health checks.
        healthy_threshold: Checks in a row that make a task healthy.
        deregistration_delay: Drain time of a leaving task.
        stop_timeout: Time between SIGTERM and SIGKILL.
    """

    desired_count: int
    batch: int
    grace_period: int
    check_interval: int
    healthy_threshold: int
    deregistration_delay: int
    stop_timeout: int

    @property
    def per_batch(self) -> int:
        """Upper bound for one batch: start, become healthy, drain the old, stop the old."""
        healthy = max(self.grace_period, self.check_interval * self.healthy_threshold)
        return IMAGE_PULL + healthy + self.deregistration_delay + self.stop_timeout

    @property
    def deployment(self) -> int:
        """Upper bound for the deployment, a failed one that the circuit breaker rolls back included."""
        batches = math.ceil(max(self.desired_count, 1) / max(self.batch, 1))
        return 2 * batches * self.per_batch + MARGIN

    @property
    def removal(self) -> int:
        """Upper bound for draining and stopping every task at once."""
        return self.deregistration_delay + self.stop_timeout + MARGIN


def as_timeout(seconds: int) -> str:
    """Whole minutes, rounded up, in the form of `CustomTimeouts`: `7m`."""
    return f"{math.ceil(seconds / 60)}m"
