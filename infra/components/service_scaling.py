"""ServiceScaling: how many tasks a service has, decided by load and by the clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from infra.pure.ownership import Kind, Situation, ignore_changes
from infra.settings.scaling import Predictive, Scaling, Schedule, StepScaling

if TYPE_CHECKING:
    from pulumi_aws.appautoscaling import (
        PolicyPredictiveScalingPolicyConfigurationArgsDict as Forecast,
    )
    from pulumi_aws.appautoscaling import (
        PolicyStepScalingPolicyConfigurationArgsDict as Steps,
    )
    from pulumi_aws.appautoscaling import (
        PolicyStepScalingPolicyConfigurationStepAdjustmentArgsDict as Adjustment,
    )
    from pulumi_aws.appautoscaling import (
        PolicyTargetTrackingScalingPolicyConfigurationArgsDict as Tracking,
    )
    from pulumi_aws.appautoscaling import (
        PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgsDict as Query,
    )

DIMENSION = "ecs:service:DesiredCount"
NAMESPACE = "ecs"
STEEP = 15
"""Percentage points above the threshold from which two tasks are added at a time."""


@dataclass(frozen=True, kw_only=True)
class ServiceScalingArgs:
    """What `ServiceScaling` is made from.

    Args:
        cluster_name: Cluster of the service.
        service_name: Name of the ECS service; an output, so that scaling comes after the service.
        load_balancer: ARN suffix of the load balancer; None for a service that it does not reach.
        target_groups: ARN suffixes of the service's target groups, which are counted together.
        settings: Limits, targets, schedules.
    """

    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    load_balancer: pulumi.Input[str] | None
    target_groups: Sequence[pulumi.Input[str]]
    settings: Scaling


class ServiceScaling(pulumi.ComponentResource):
    """A scalable target and its policies in Application Auto Scaling.

    Outputs:
        resource_id: `service/<cluster>/<service>`.
    """

    resource_id: pulumi.Output[str]

    def __init__(
        self, name: str, args: ServiceScalingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ecs-microservice:index:ServiceScaling", name, None, opts)
        self._name = name
        self._args = args
        self._settings = args.settings
        self._child = pulumi.ResourceOptions(parent=self)
        # From the target, so that every policy waits for it.
        self.resource_id = self._target().resource_id
        self._add_tracking()
        self._add_steps()
        for key, schedule in self._settings.schedules.items():
            self._add_schedule(key, schedule)
        if self._settings.predictive:
            self._add_forecast(self._settings.predictive)
        self.register_outputs({"resourceId": self.resource_id})

    def _target(self) -> aws.appautoscaling.Target:
        args, settings = self._args, self._settings
        situation = Situation(scheduled=bool(settings.schedules))
        return aws.appautoscaling.Target(
            self._name,
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=pulumi.Output.concat("service/", args.cluster_name, "/", args.service_name),
            min_capacity=settings.min,
            max_capacity=settings.max,
            tags={"Service": self._name},
            opts=pulumi.ResourceOptions(
                parent=self, ignore_changes=ignore_changes(Kind.SCALABLE_TARGET, situation)
            ),
        )

    def _add_tracking(self) -> None:
        settings = self._settings
        for what, tracking, metric in (
            ("cpu", settings.cpu, "ECSServiceAverageCPUUtilization"),
            ("memory", settings.memory, "ECSServiceAverageMemoryUtilization"),
        ):
            if tracking:
                policy = self._tracking(tracking.target)
                policy["predefined_metric_specification"] = {"predefined_metric_type": metric}
                self._policy(what, "TargetTrackingScaling", tracking=policy)
        if settings.requests_per_target:
            policy = self._tracking(settings.requests_per_target.target)
            self._count_requests(policy)
            self._policy("requests", "TargetTrackingScaling", tracking=policy)

    @property
    def _load_balancer(self) -> pulumi.Input[str]:
        balancer = self._args.load_balancer
        assert balancer is not None, "the settings refuse to count requests that nobody sends"  # noqa: S101  see rules
        return balancer

    def _tracking(self, target: float) -> Tracking:
        return {
            "target_value": target,
            "scale_in_cooldown": self._settings.scale_in_cooldown,
            "scale_out_cooldown": self._settings.scale_out_cooldown,
        }

    def _count_requests(self, policy: Tracking) -> None:
        groups = self._args.target_groups
        if len(groups) == 1:
            policy["predefined_metric_specification"] = {
                "predefined_metric_type": "ALBRequestCountPerTarget",
                "resource_label": pulumi.Output.concat(self._load_balancer, "/", groups[0]),
            }
            return
        # While traffic moves, each target group sees a part of it: only their sum says what one task would
        # have to carry (containers-roadmap#1681).
        parts = [self._requests_of(f"r{index}", group) for index, group in enumerate(groups)]
        total: Query = {
            "id": "requests",
            "expression": "+".join(f"FILL(r{index},0)" for index in range(len(groups))),
            "label": "requests per task",
            "return_data": True,
        }
        policy["customized_metric_specification"] = {"metrics": [*parts, total]}

    def _requests_of(self, id_: str, group: pulumi.Input[str]) -> Query:
        return {
            "id": id_,
            "return_data": False,
            "metric_stat": {
                "stat": "Sum",
                "metric": {
                    "namespace": "AWS/ApplicationELB",
                    "metric_name": "RequestCountPerTarget",
                    "dimensions": [
                        {"name": "LoadBalancer", "value": self._load_balancer},
                        {"name": "TargetGroup", "value": group},
                    ],
                },
            },
        }

    def _add_steps(self) -> None:
        """The seed's form: an alarm on each side of a band, and a policy that each of them sets off."""
        pairs = (("CPU", self._settings.step_cpu), ("Memory", self._settings.step_memory))
        steps = {metric: step for metric, step in pairs if step}
        for metric, step in steps.items():
            self._step_alarm(f"{metric}-high", step.high, step.minutes, self._steps_out(metric.lower()))
        if len(steps) == len(pairs):
            self._low_alarm(steps, self._steps_in("steps"))
            return
        for metric, step in steps.items():
            back = self._steps_in(metric.lower())
            self._step_alarm(f"{metric}-low", step.low, 5 * step.minutes, back)

    def _steps_out(self, what: str) -> aws.appautoscaling.Policy:
        one: Adjustment = {
            "metric_interval_lower_bound": "0",
            "metric_interval_upper_bound": str(STEEP),
            "scaling_adjustment": 1,
        }
        two: Adjustment = {"metric_interval_lower_bound": str(STEEP), "scaling_adjustment": 2}
        return self._policy(
            f"{what}-out", "StepScaling", steps=_steps(self._settings.scale_out_cooldown, [one, two])
        )

    def _steps_in(self, what: str) -> aws.appautoscaling.Policy:
        less: Adjustment = {"metric_interval_upper_bound": "0", "scaling_adjustment": -1}
        return self._policy(
            f"{what}-in", "StepScaling", steps=_steps(self._settings.scale_in_cooldown, [less])
        )

    def _low_alarm(self, steps: Mapping[str, StepScaling], policy: aws.appautoscaling.Policy) -> None:
        """One alarm for both metrics: a task goes when neither needs it.

        With an alarm each, idle CPUs would remove tasks whose memory the others cannot take over, and the memory's
        steps would add them again: a step scaling policy asks no other one (Application Auto Scaling API,
        PutScalingPolicy: only policies that are set off at the same time are compared).
        """
        query = aws.cloudwatch.MetricAlarmMetricQueryArgs
        dimensions = {"ClusterName": self._args.cluster_name, "ServiceName": self._args.service_name}
        metrics = [
            query(
                id=metric.lower(),
                metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                    namespace="AWS/ECS",
                    metric_name=f"{metric}Utilization",
                    dimensions=dimensions,
                    period=60,
                    stat="Average",
                ),
            )
            for metric in steps
        ]
        cpu, memory = (f"{metric.lower()} / {step.low}" for metric, step in steps.items())
        highest = query(
            id="highest",
            expression=f"IF({cpu} > {memory}, {cpu}, {memory})",
            label="The higher of both, as a share of its low mark",
            return_data=True,
        )
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-steps-low",
            alarm_description=f"Scales {self._name}: CPU and memory are low",
            metric_queries=[highest, *metrics],
            evaluation_periods=5 * max(step.minutes for step in steps.values()),
            comparison_operator="LessThanThreshold",
            threshold=1,
            alarm_actions=[policy.arn],
            tags={"Service": self._name},
            opts=self._child,
        )

    def _policy(
        self,
        what: str,
        policy_type: str,
        *,
        tracking: Tracking | None = None,
        steps: Steps | None = None,
        forecast: Forecast | None = None,
    ) -> aws.appautoscaling.Policy:
        return aws.appautoscaling.Policy(
            f"{self._name}-{what}",
            # Stated always: the provider would take StepScaling for granted.
            policy_type=policy_type,
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=self.resource_id,
            target_tracking_scaling_policy_configuration=tracking,
            step_scaling_policy_configuration=steps,
            predictive_scaling_policy_configuration=forecast,
            opts=self._child,
        )

    def _step_alarm(self, what: str, threshold: int, minutes: int, policy: aws.appautoscaling.Policy) -> None:
        metric, _, side = what.partition("-")
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{what.lower()}",
            alarm_description=f"Scales {self._name}: {metric} is {side}",
            namespace="AWS/ECS",
            metric_name=f"{metric}Utilization",
            dimensions={"ClusterName": self._args.cluster_name, "ServiceName": self._args.service_name},
            statistic="Average",
            period=60,
            evaluation_periods=minutes,
            comparison_operator="GreaterThanThreshold" if side == "high" else "LessThanThreshold",
            threshold=threshold,
            alarm_actions=[policy.arn],
            tags={"Service": self._name},
            opts=self._child,
        )

    def _add_schedule(self, key: str, schedule: Schedule) -> None:
        aws.appautoscaling.ScheduledAction(
            f"{self._name}-{key}",
            name=key,
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=self.resource_id,
            schedule=schedule.cron,
            timezone=schedule.timezone,
            scalable_target_action={"min_capacity": schedule.min, "max_capacity": schedule.max},
            opts=self._child,
        )

    def _add_forecast(self, predictive: Predictive) -> None:
        self._policy(
            "forecast",
            "PredictiveScaling",
            forecast={
                "mode": predictive.mode,
                "metric_specifications": [
                    {
                        "target_value": str(predictive.target),
                        "predefined_metric_pair_specification": {
                            "predefined_metric_type": "ECSServiceCPUUtilization"
                        },
                    }
                ],
            },
        )


def _steps(cooldown: int, adjustments: list[Adjustment]) -> Steps:
    return {
        "adjustment_type": "ChangeInCapacity",
        "metric_aggregation_type": "Average",
        "cooldown": cooldown,
        "step_adjustments": adjustments,
    }
