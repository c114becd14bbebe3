"""ServiceAlarms: what is watched about one service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.pure import alarms


@dataclass(frozen=True, kw_only=True)
class ServiceAlarmsArgs:
    """What `ServiceAlarms` are made from.

    Args:
        alarms: What to watch.
        name_prefix: Beginning of the alarms' names; people look them up.
        cluster_name: Name of the cluster.
        service_name: Name of the ECS service.
        load_balancer: ARN suffix of the load balancer; None for a service that it does not reach.
        target_groups: ARN suffixes of the service's target groups.
        topic_arn: Who is told.
    """

    alarms: Sequence[alarms.Alarm]
    name_prefix: str
    cluster_name: pulumi.Input[str]
    service_name: str
    load_balancer: pulumi.Input[str] | None
    target_groups: Sequence[pulumi.Input[str]]
    topic_arn: pulumi.Input[str]


class ServiceAlarms:
    """Alarms that tell people, and that roll a deployment back; children of their `Microservice`.

    Attributes:
        rollback_names: Names of the alarms that stop a deployment.
    """

    rollback_names: Sequence[pulumi.Output[str]]

    def __init__(self, name: str, args: ServiceAlarmsArgs, parent: pulumi.Resource) -> None:
        self._name = name
        self._args = args
        self._parent = parent
        made = [(alarm, self._alarm(alarm)) for alarm in args.alarms]
        self.rollback_names = [resource.name for alarm, resource in made if alarm.rolls_back]

    def _alarm(self, alarm: alarms.Alarm) -> aws.cloudwatch.MetricAlarm:
        topic = [self._args.topic_arn]
        (only, *others) = alarm.metrics
        simple = not others and alarm.expression is None
        percentile = only.stat if only.stat.startswith("p") else None
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{alarm.name}",
            name=alarms.alarm_name(self._args.name_prefix, alarm),
            alarm_description=alarm.description,
            comparison_operator="GreaterThanThreshold",
            threshold=alarm.threshold,
            evaluation_periods=alarm.minutes,
            datapoints_to_alarm=alarm.minutes,
            treat_missing_data="notBreaching",
            namespace=only.namespace if simple else None,
            metric_name=only.name if simple else None,
            dimensions=self._dimensions(only) if simple else None,
            period=alarms.MINUTE if simple else None,
            statistic=only.stat if simple and not percentile else None,
            extended_statistic=percentile if simple else None,
            metric_queries=None if simple else self._queries(alarm),
            alarm_actions=topic,
            ok_actions=topic,
            tags={"Service": self._name},
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _queries(self, alarm: alarms.Alarm) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
        watched = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="watched", expression=alarm.expression, label=alarm.name, return_data=True
        )
        return [watched, *(self._query(metric) for metric in alarm.metrics)]

    def _query(self, metric: alarms.Metric) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
        return aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=metric.id,
            return_data=False,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace=metric.namespace,
                metric_name=metric.name,
                stat=metric.stat,
                period=alarms.MINUTE,
                dimensions=self._dimensions(metric),
            ),
        )

    def _dimensions(self, metric: alarms.Metric) -> dict[str, pulumi.Input[str]]:
        return {key: self._dimension(value) for key, value in metric.dimensions.items()}

    def _dimension(self, value: str) -> pulumi.Input[str]:
        if value == "CLUSTER":
            return self._args.cluster_name
        if value == "SERVICE":
            return self._args.service_name
        if value == "LOAD_BALANCER":
            assert self._args.load_balancer is not None, "only routed services have such alarms"  # noqa: S101
            return self._args.load_balancer
        if value.startswith("TARGET_GROUP_"):
            return self._args.target_groups[int(value.removeprefix("TARGET_GROUP_"))]
        return value
