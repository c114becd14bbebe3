"""ServiceScaling: how many tasks a service has, decided by load and by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.pure.ownership import Kind, Situation, ignore_changes
from infra.settings.scaling import Predictive, RequestTracking, Scaling, Schedule, StepScaling

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
        load_balancer: ARN suffix of the load balancer.
        target_groups: ARN suffixes of the service's target groups, which are counted together.
        settings: Limits, targets, schedules.
    """

    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    load_balancer: pulumi.Input[str]
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
        self._child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        target = aws.appautoscaling.Target(
            name,
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=pulumi.Output.concat("service/", args.cluster_name, "/", args.service_name),
            min_capacity=settings.min,
            max_capacity=settings.max,
            tags={"Service": name},
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=ignore_changes(
                    Kind.SCALABLE_TARGET, Situation(scheduled=bool(settings.schedules))
                ),
            ),
        )
        # From the target, so that every policy waits for it.
        self.resource_id = target.resource_id
        self._add_tracking()
        for metric, step in (("CPU", settings.step_cpu), ("Memory", settings.step_memory)):
            if step:
                self._add_steps(metric, step)
        for key, schedule in settings.schedules.items():
            self._add_schedule(key, schedule)
        if settings.predictive:
            self._add_forecast(settings.predictive)
        self.register_outputs({"resourceId": self.resource_id})

    def _add_tracking(self) -> None:
        settings = self._args.settings
        for what, tracking, metric in (
            ("cpu", settings.cpu, "ECSServiceAverageCPUUtilization"),
            ("memory", settings.memory, "ECSServiceAverageMemoryUtilization"),
        ):
            if tracking:
                specification = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs
                self._track(what, tracking.target, predefined=specification(predefined_metric_type=metric))
        if settings.requests_per_target:
            self._track_requests(settings.requests_per_target)

    def _track_requests(self, tracking: RequestTracking) -> None:
        groups = self._args.target_groups
        if len(groups) == 1:
            label = pulumi.Output.concat(self._args.load_balancer, "/", groups[0])
            predefined = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs
            metric = predefined(predefined_metric_type="ALBRequestCountPerTarget", resource_label=label)
            self._track("requests", tracking.target, predefined=metric)
            return
        # While traffic moves, each target group sees a part of it: only their sum says what one task would
        # have to carry (containers-roadmap#1681).
        customized = (
            aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs
        )
        self._track(
            "requests", tracking.target, customized=customized(metrics=self._requests_of_all_groups())
        )

    def _requests_of_all_groups(
        self,
    ) -> list[
        aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs
    ]:
        groups = self._args.target_groups
        expression = "+".join(f"FILL(r{index},0)" for index in range(len(groups)))
        total = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs(
            id="requests", expression=expression, label="requests per task", return_data=True
        )
        return [*(self._requests_of(f"r{i}", group) for i, group in enumerate(groups)), total]

    def _requests_of(
        self, id_: str, group: pulumi.Input[str]
    ) -> aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs:
        dimension = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricDimensionArgs  # noqa: E501  the SDK's name
        metric = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatMetricArgs(  # noqa: E501  the SDK's name
            namespace="AWS/ApplicationELB",
            metric_name="RequestCountPerTarget",
            dimensions=[
                dimension(name="LoadBalancer", value=self._args.load_balancer),
                dimension(name="TargetGroup", value=group),
            ],
        )
        stat = aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricMetricStatArgs(  # noqa: E501  the SDK's name
            metric=metric, stat="Sum"
        )
        return aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationMetricArgs(
            id=id_, metric_stat=stat, return_data=False
        )

    def _track(
        self,
        what: str,
        target: float,
        *,
        predefined: aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs
        | None = None,
        customized: aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationCustomizedMetricSpecificationArgs
        | None = None,
    ) -> None:
        settings = self._args.settings
        aws.appautoscaling.Policy(
            f"{self._name}-{what}",
            policy_type="TargetTrackingScaling",
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=self.resource_id,
            target_tracking_scaling_policy_configuration=aws.appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs(
                target_value=target,
                predefined_metric_specification=predefined,
                customized_metric_specification=customized,
                scale_in_cooldown=settings.scale_in_cooldown,
                scale_out_cooldown=settings.scale_out_cooldown,
            ),
            opts=self._child,
        )

    def _add_steps(self, metric: str, step: StepScaling) -> None:
        """The seed's form: an alarm on each side of a band, and a policy that each of them sets off."""
        settings = self._args.settings
        adjustment = aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs
        out = self._step_policy(
            f"{metric.lower()}-out",
            settings.scale_out_cooldown,
            [
                adjustment(
                    metric_interval_lower_bound="0",
                    metric_interval_upper_bound=str(STEEP),
                    scaling_adjustment=1,
                ),
                adjustment(metric_interval_lower_bound=str(STEEP), scaling_adjustment=2),
            ],
        )
        back = self._step_policy(
            f"{metric.lower()}-in",
            settings.scale_in_cooldown,
            [adjustment(metric_interval_upper_bound="0", scaling_adjustment=-1)],
        )
        self._step_alarm(metric, "high", "GreaterThanThreshold", step.high, step.minutes, out)
        self._step_alarm(metric, "low", "LessThanThreshold", step.low, 5 * step.minutes, back)

    def _step_policy(
        self,
        what: str,
        cooldown: int,
        adjustments: list[aws.appautoscaling.PolicyStepScalingPolicyConfigurationStepAdjustmentArgs],
    ) -> aws.appautoscaling.Policy:
        return aws.appautoscaling.Policy(
            f"{self._name}-{what}",
            policy_type="StepScaling",
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=self.resource_id,
            step_scaling_policy_configuration=aws.appautoscaling.PolicyStepScalingPolicyConfigurationArgs(
                adjustment_type="ChangeInCapacity",
                metric_aggregation_type="Average",
                cooldown=cooldown,
                step_adjustments=adjustments,
            ),
            opts=self._child,
        )

    def _step_alarm(
        self,
        metric: str,
        side: str,
        comparison: str,
        threshold: int,
        minutes: int,
        policy: aws.appautoscaling.Policy,
    ) -> None:
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{metric.lower()}-{side}",
            alarm_description=f"Scales {self._name}: {metric} is {side}",
            namespace="AWS/ECS",
            metric_name=f"{metric}Utilization",
            dimensions={"ClusterName": self._args.cluster_name, "ServiceName": self._args.service_name},
            statistic="Average",
            period=60,
            evaluation_periods=minutes,
            comparison_operator=comparison,
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
            scalable_target_action=aws.appautoscaling.ScheduledActionScalableTargetActionArgs(
                min_capacity=schedule.min, max_capacity=schedule.max
            ),
            opts=self._child,
        )

    def _add_forecast(self, predictive: Predictive) -> None:
        pair = aws.appautoscaling.PolicyPredictiveScalingPolicyConfigurationMetricSpecificationPredefinedMetricPairSpecificationArgs(  # noqa: E501  the SDK's name
            predefined_metric_type="ECSServiceCPUUtilization"
        )
        specification = aws.appautoscaling.PolicyPredictiveScalingPolicyConfigurationMetricSpecificationArgs(
            target_value=str(predictive.target), predefined_metric_pair_specification=pair
        )
        aws.appautoscaling.Policy(
            f"{self._name}-forecast",
            policy_type="PredictiveScaling",
            service_namespace=NAMESPACE,
            scalable_dimension=DIMENSION,
            resource_id=self.resource_id,
            predictive_scaling_policy_configuration=aws.appautoscaling.PolicyPredictiveScalingPolicyConfigurationArgs(
                mode=predictive.mode, metric_specifications=[specification]
            ),
            opts=self._child,
        )
