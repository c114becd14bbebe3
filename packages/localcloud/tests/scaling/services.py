"""Services to scale."""

import dataclasses
from typing import Any

from packages.localcloud.tests.emulator.stage import Cloud

DIMENSION = "ecs:service:DesiredCount"
CPU = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}


@dataclasses.dataclass(frozen=True)
class Scaled:
    """A service and the requests about its scaling."""

    cloud: Cloud
    name: str

    @property
    def target(self) -> dict[str, str]:
        return {
            "ServiceNamespace": "ecs",
            "ResourceId": f"service/{self.name}/{self.name}",
            "ScalableDimension": DIMENSION,
        }

    @property
    def api(self) -> Any:
        return self.cloud.client("application-autoscaling")

    @property
    def alarms(self) -> Any:
        return self.cloud.client("cloudwatch")

    def desired(self) -> int:
        found = self.cloud.client("ecs").describe_services(cluster=self.name, services=[self.name])
        return int(found["services"][0]["desiredCount"])

    def register(self, minimum: int = 0, maximum: int = 5, **more: Any) -> str:
        made = self.api.register_scalable_target(
            **self.target, MinCapacity=minimum, MaxCapacity=maximum, **more
        )
        return str(made["ScalableTargetARN"])

    def registered(self) -> dict[str, Any]:
        found = self.api.describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[self.target["ResourceId"]]
        )
        return dict(found["ScalableTargets"][0])

    def put_policy(self, policy: str, kind: str, configuration: dict[str, Any]) -> dict[str, Any]:
        argument = f"{kind}PolicyConfiguration"
        return dict(
            self.api.put_scaling_policy(
                **self.target, PolicyName=policy, PolicyType=kind, **{argument: configuration}
            )
        )

    def step_policy(self, adjustment: int, cooldown: int = 0, policy: str = "step") -> str:
        bound = "MetricIntervalLowerBound" if adjustment > 0 else "MetricIntervalUpperBound"
        configuration = {
            "AdjustmentType": "ChangeInCapacity",
            "Cooldown": cooldown,
            "StepAdjustments": [{bound: 0.0, "ScalingAdjustment": adjustment}],
        }
        return str(self.put_policy(policy, "StepScaling", configuration)["PolicyARN"])

    def alarm(self, *actions: str, alarm: str = "", **more: Any) -> str:
        """An alarm on a metric of this service's own, over 5; returns its name."""
        alarm = alarm or f"{self.name}-alarm"
        self.alarms.put_metric_alarm(
            **{
                "AlarmName": alarm,
                "Namespace": self.name,
                "MetricName": "M",
                "Statistic": "Average",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 5,
                "ComparisonOperator": "GreaterThanThreshold",
                "AlarmActions": list(actions),
                **more,
            }
        )
        return alarm

    def fire(self, alarm: str, state: str = "ALARM") -> None:
        self.alarms.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="test")

    def activities(self, *, everything: bool = False) -> list[dict[str, Any]]:
        found = self.api.describe_scaling_activities(
            ServiceNamespace="ecs",
            ResourceId=self.target["ResourceId"],
            IncludeNotScaledActivities=everything,
        )
        return list(found["ScalingActivities"])


def make_service(cloud: Cloud, name: str, *, count: int = 0) -> Scaled:
    """A service without tasks, or with tasks that never start: what is tested is what it is asked to be."""
    ecs = cloud.client("ecs")
    ecs.create_cluster(clusterName=name)
    ecs.register_task_definition(
        family=name,
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=[{"name": "app", "image": f"localhost:{cloud.settings.port}/none:1"}],
    )
    ecs.create_service(
        cluster=name,
        serviceName=name,
        taskDefinition=name,
        desiredCount=count,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-00000001"]}},
    )
    return Scaled(cloud, name)
