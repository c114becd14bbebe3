"""How long a deployment may take, from the times that its settings add up to.

Pulumi's own limit for a service, 20 minutes, is too short for slow drains and bakes and needlessly long for a small
service. The figures here are upper bounds with room for AWS, not estimates.
"""

import math

from infra.settings.deployment import Deployment
from infra.settings.service import Service

IMAGE_PULL = 180
"""Seconds to place a task, attach its network interface and pull its image."""

INSTANCE_START = 300
"""Seconds until a new container instance has joined the cluster."""

MARGIN = 300
"""Seconds for what AWS does around a deployment: registering targets, deciding that it is steady."""


def deployment_seconds(service: Service) -> int:
    """Upper bound for a deployment, including a failed one that is rolled back."""
    minutes = (
        _shift_minutes(service.deployment) + _hook_minutes(service.deployment) + _judging_minutes(service)
    )
    return 2 * _batches(service) * _batch_seconds(service) + minutes * 60 + MARGIN


def removal_seconds(service: Service) -> int:
    """Upper bound for draining and stopping every task of a service at once."""
    return service.deregistration_delay + service.stop_timeout + MARGIN


def as_timeout(seconds: int) -> str:
    """Whole minutes, rounded up, in the form of `CustomTimeouts`: `7m`."""
    return f"{math.ceil(seconds / 60)}m"


def _batch_seconds(service: Service) -> int:
    """One batch: start the new tasks, see them healthy, drain and stop the old ones."""
    check = service.health_check
    healthy = max(check.grace_period, check.interval * check.healthy_threshold) + service.slow_start
    start = IMAGE_PULL + (INSTANCE_START if service.launch == "ec2" else 0)
    return start + healthy + service.deregistration_delay + service.stop_timeout


def _batches(service: Service) -> int:
    """How often a rolling deployment starts new tasks; the other strategies start all of them at once."""
    if service.deployment.needs_two_target_groups:
        return 1
    count = max(service.desired_count, service.scaling.max if service.scaling else 0, 1)
    low = math.ceil(count * service.deployment.minimum_healthy_percent / 100)
    high = math.floor(count * service.deployment.maximum_percent / 100)
    return math.ceil(count / max(high - low, 1))


def _hook_minutes(deployment: Deployment) -> int:
    """Longest time that a deployment waits for people, and for functions that answer IN_PROGRESS."""
    return sum(
        (hook.pause.timeout_minutes if hook.pause else hook.timeout_minutes) * len(hook.stages)
        for hook in deployment.hooks
    )


def _judging_minutes(service: Service) -> int:
    """How long a rolling deployment stays in progress for its alarms after its tasks are up.

    ECS computes this time from the alarms and does not say how ("How CloudWatch alarms detect Amazon ECS deployment
    failures"): twice what they look back, and five minutes. It is there whether or not the stack has alarms, because it
    costs nothing: a deployment that is done ends the wait.
    """
    deployment = service.deployment
    if deployment.strategy != "rolling" or not deployment.rollback_on_alarm:
        return 0
    return 2 * service.alarms.minutes + 5


def _shift_minutes(deployment: Deployment) -> int:
    match deployment.strategy:
        case "rolling":
            return 0
        case "blueGreen":
            return deployment.bake_minutes
        case "canary":
            return deployment.canary.bake_minutes + deployment.bake_minutes
        case "linear":
            steps = math.ceil(100 / deployment.linear.percent)
            return steps * deployment.linear.bake_minutes + deployment.bake_minutes
        case "codeDeploy":
            return deployment.code_deploy.termination_wait_minutes
