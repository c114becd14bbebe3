"""Deployments that alarms guard: an alarm must have the time, and see enough, to stop a bad version.

An alarm looks back some minutes. A version that has all the traffic, and whose old tasks are gone, before that time has
passed is judged too late; one whose share of the traffic is below the alarm's threshold is not judged at all.
"""

import math
from collections.abc import Iterator

from infra.settings.problems import Path, Problem
from infra.settings.root import Settings
from infra.settings.service import Service


def problems(name: str, service: Service, settings: Settings) -> Iterator[Problem]:
    """Broken rules between a deployment's times and its alarms."""
    deployment = service.deployment
    if not settings.has_alarms or not deployment.rollback_on_alarm:
        return
    yield from _grace(name, service)
    if not deployment.is_gradual:
        return
    path: Path = ("services", name, "deployment")
    if deployment.strategy == "canary":
        yield from _bake(path, "canary.bakeMinutes", deployment.canary.bake_minutes, name, service)
        yield from _share(path, name, service)
    elif deployment.strategy == "blueGreen":
        yield from _bake(path, "bakeMinutes", deployment.bake_minutes, name, service)
    else:
        shifts = math.ceil(100 / deployment.linear.percent) - 1
        baked = shifts * deployment.linear.bake_minutes + deployment.bake_minutes
        yield from _bake(path, "bakeMinutes", baked, name, service, said=deployment.bake_minutes)


def _grace(name: str, service: Service) -> Iterator[Problem]:
    """A task that may take its time to start must not set off the alarm that turns its deployment back.

    The load balancer calls a target unhealthy after so many failed checks, grace period or not: the period only keeps
    ECS from stopping the task (ECS API, CreateService `healthCheckGracePeriodSeconds`).
    """
    check, minutes = service.health_check, service.alarms.minutes
    earliest = check.interval * check.unhealthy_threshold + minutes * 60
    if service.route.enabled and check.grace_period > earliest:
        yield Problem(
            path=("services", name, "healthCheck", "gracePeriod"),
            value=check.grace_period,
            message=f"is longer than the {earliest} s after which the alarm on unhealthy tasks rolls back a deployment "
            "whose tasks are still starting; allowed: at most that, or more alarms.minutes, or no rollbackOnAlarm",
            fix=earliest,
            related=[
                ("services", name, "alarms", "minutes"),
                ("services", name, "healthCheck", "interval"),
                ("services", name, "healthCheck", "unhealthyThreshold"),
                ("services", name, "route"),
                ("services", name, "deployment", "rollbackOnAlarm"),
            ],
        )


def _bake(
    path: Path, key: str, minutes: int, name: str, service: Service, *, said: int | None = None
) -> Iterator[Problem]:
    """A minute more than the alarms look back, for the one that has begun."""
    needed = service.alarms.minutes + 1
    if minutes >= needed:
        return
    value = minutes if said is None else said
    yield Problem(
        path=(*path, *key.split(".")),
        value=value,
        message=(
            f"ends before the alarms can judge the new version, which need {service.alarms.minutes} minutes in a row; "
            f"allowed: at least {needed - minutes + value}, or fewer alarms.minutes"
        ),
        fix=needed - minutes + value,
        related=[("services", name, "alarms", "minutes"), (*path, "strategy")],
    )


def _share(path: Path, name: str, service: Service) -> Iterator[Problem]:
    percent, limit = service.deployment.canary.percent, service.alarms.error_percent
    if percent > limit:
        return
    yield Problem(
        path=(*path, "canary", "percent"),
        value=percent,
        message=(
            f"a canary that fails altogether would stay within the alarm's {limit:g} % of failed requests; "
            f"allowed: more than {limit:g}, or a smaller alarms.errorPercent"
        ),
        fix=math.floor(limit) + 5,
        related=[("services", name, "alarms", "errorPercent")],
    )
