"""Alarms of a service: what is watched, when it is wrong, and what follows.

Metrics: "Amazon ECS CloudWatch metrics", "CloudWatch metrics for your Application Load Balancer". Where a service has
two target groups, both are watched: during a gradual deployment either may be the live one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.settings.observability import Alarms
from infra.settings.service import Service

MINUTE = 60
LOAD_BALANCER = "AWS/ApplicationELB"
ECS = "AWS/ECS"
INSIGHTS = "ECS/ContainerInsights"
_TASKS = {"ClusterName": "CLUSTER", "ServiceName": "SERVICE"}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric in CloudWatch, one value per minute.

    Args:
        id: Name in expressions.
        namespace: Namespace.
        name: Metric name.
        stat: Statistic.
        dimensions: Dimensions. The value `LOAD_BALANCER`, or `TARGET_GROUP_0`, stands for the ARN suffix that only
            the deployed resource knows, `CLUSTER` for the cluster's name, `SERVICE` for that of the ECS service.
    """

    id: str
    namespace: str
    name: str
    stat: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm.

    Args:
        name: Last part of its name.
        description: What a person reads at night.
        metrics: What it looks at.
        expression: What is compared, in terms of the metrics' ids; None for the one metric itself.
        threshold: Limit.
        minutes: Minutes in a row.
        rolls_back: Whether it stops a deployment.
    """

    name: str
    description: str
    metrics: Sequence[Metric]
    expression: str | None = None
    threshold: float
    minutes: int
    rolls_back: bool = True


def service_alarms(name: str, service: Service, *, insights: bool) -> list[Alarm]:
    """The alarms of one service.

    Args:
        name: Name of the service.
        service: Its settings: thresholds, and how many target groups it has.
        insights: Whether the cluster has Container Insights, which counts tasks.
    """
    settings, target_groups = service.alarms, service.target_groups
    alarms = [_utilization(name, "CPU", settings.cpu_percent, settings.minutes)]
    alarms.append(_utilization(name, "Memory", settings.memory_percent, settings.minutes))
    if target_groups:
        alarms += [
            _errors(name, settings, target_groups),
            _latency(name, settings, target_groups),
            _unhealthy(name, settings, target_groups),
        ]
    if insights:
        alarms.append(_too_few(name, settings.minutes))
    return alarms


def alarm_name(prefix: str, alarm: Alarm) -> str:
    """Name of an alarm in CloudWatch; people look it up."""
    return f"{prefix}-{alarm.name}"


def alarm_arn(name: str, *, partition: str, region: str, account_id: str) -> str:
    """ARN of an alarm."""
    return f"arn:{partition}:cloudwatch:{region}:{account_id}:alarm:{name}"


def _utilization(service: str, what: str, percent: int, minutes: int) -> Alarm:
    metric = Metric(id="m0", namespace=ECS, name=f"{what}Utilization", stat="Average", dimensions=_TASKS)
    return Alarm(
        name=what.lower(),
        description=f"{service}: the tasks use more than {percent} % of their {what} on average",
        metrics=[metric],
        threshold=percent,
        minutes=minutes,
    )


def _per_group(name: str, stat: str, target_groups: int, letter: str) -> list[Metric]:
    return [
        Metric(
            id=f"{letter}{index}",
            namespace=LOAD_BALANCER,
            name=name,
            stat=stat,
            dimensions={"LoadBalancer": "LOAD_BALANCER", "TargetGroup": f"TARGET_GROUP_{index}"},
        )
        for index in range(target_groups)
    ]


def _sum(metrics: Sequence[Metric]) -> str:
    return "+".join(f"FILL({metric.id},0)" for metric in metrics)


def _max(metrics: Sequence[Metric]) -> str | None:
    parts = ",".join(f"FILL({metric.id},0)" for metric in metrics)
    return f"MAX([{parts}])" if len(metrics) > 1 else None


def _errors(service: str, settings: Alarms, target_groups: int) -> Alarm:
    errors = _per_group("HTTPCode_Target_5XX_Count", "Sum", target_groups, "e")
    requests = _per_group("RequestCount", "Sum", target_groups, "r")
    total = _sum(requests)
    return Alarm(
        name="errors",
        description=f"{service}: more than {settings.error_percent:g} % of the requests fail with 5xx",
        metrics=[*errors, *requests],
        expression=f"IF(({total})>={settings.minimum_requests},100*({_sum(errors)})/({total}),0)",
        threshold=settings.error_percent,
        minutes=settings.minutes,
    )


def _latency(service: str, settings: Alarms, target_groups: int) -> Alarm:
    times = _per_group("TargetResponseTime", "p99", target_groups, "t")
    requests = _per_group("RequestCount", "Sum", target_groups, "r")
    slowest = _max(times) or f"FILL({times[0].id},0)"
    return Alarm(
        name="latency",
        description=f"{service}: one request in a hundred takes longer than {settings.latency_seconds:g} s",
        metrics=[*times, *requests],
        # Of a handful of requests the slowest is the 99th percentile: one cold start is no outage.
        expression=f"IF(({_sum(requests)})>={settings.minimum_requests},{slowest},0)",
        threshold=settings.latency_seconds,
        minutes=settings.minutes,
    )


def _unhealthy(service: str, settings: Alarms, target_groups: int) -> Alarm:
    hosts = _per_group("UnHealthyHostCount", "Maximum", target_groups, "u")
    return Alarm(
        name="unhealthy",
        description=f"{service}: the load balancer finds tasks unhealthy",
        metrics=hosts,
        expression=_max(hosts),
        threshold=0,
        minutes=settings.minutes,
    )


def _too_few(service: str, minutes: int) -> Alarm:
    wanted, running = (
        Metric(id=id_, namespace=INSIGHTS, name=name, stat="Average", dimensions=_TASKS)
        for id_, name in (("wanted", "DesiredTaskCount"), ("running", "RunningTaskCount"))
    )
    return Alarm(
        name="too-few-tasks",
        description=f"{service}: fewer tasks run than are wanted, by its settings or by the autoscaler",
        metrics=[wanted, running],
        # Nothing is reported of a service that does not exist yet; of one without tasks, only that they are wanted.
        expression="wanted-FILL(running,0)",
        threshold=0,
        minutes=minutes,
        # Before the first deployment no task runs, and CloudWatch would stop every attempt to start some: the
        # circuit breaker watches that.
        rolls_back=False,
    )
