"""How many tasks run."""

from typing import Any

import pulumi
import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services


def scaled(**scaling: Any) -> Recorded:
    return deploy_services({"web": {"scaling": scaling}})


def policies(recorded: Recorded) -> dict[str, dict[str, Any]]:
    return {one.name: dict(one.inputs) for one in recorded.all("aws:appautoscaling/policy:Policy")}


def test_desired_count_is_pulumis_without_scaling() -> None:
    recorded = deploy_services({"web": {"desiredCount": 5}})
    service = recorded.one("aws:ecs/service:Service")
    assert service.inputs["desiredCount"] == 5
    assert "desiredCount" not in service.ignore_changes
    assert not recorded.all("aws:appautoscaling/target:Target")


def test_desired_count_is_the_autoscalers_with_scaling() -> None:
    """aws-cdk#3919, containers-roadmap#493: a deploy resets the autoscaled desired count."""
    recorded = scaled(min=3, max=9, cpu={})
    invariants.check_all(recorded)
    service = recorded.one("aws:ecs/service:Service")
    assert service.ignore_changes == ["desiredCount"]
    assert service.inputs["desiredCount"] == 3
    target = recorded.one("aws:appautoscaling/target:Target")
    assert (target.inputs["minCapacity"], target.inputs["maxCapacity"]) == (3, 9)
    assert target.inputs["resourceId"] == "service/ecs-microservice-test/web"
    assert service.urn in recorded.waits_for(target)


@pytest.mark.parametrize(
    ("key", "name", "metric"),
    [
        ("cpu", "web-cpu", "ECSServiceAverageCPUUtilization"),
        ("memory", "web-memory", "ECSServiceAverageMemoryUtilization"),
    ],
)
def test_target_tracking_on_utilization(key: str, name: str, metric: str) -> None:
    policy = policies(scaled(**{key: {"target": 55}}, scaleInCooldown=120))[name]
    assert policy["policyType"] == "TargetTrackingScaling"
    configuration = policy["targetTrackingScalingPolicyConfiguration"]
    assert configuration["targetValue"] == 55
    assert configuration["predefinedMetricSpecification"] == {"predefinedMetricType": metric}
    assert configuration["scaleInCooldown"] == 120
    assert configuration["scaleOutCooldown"] == 180


def test_requests_of_one_target_group_are_awss_own_metric() -> None:
    recorded = scaled(requestsPerTarget={"target": 800})
    configuration = policies(recorded)["web-requests"]["targetTrackingScalingPolicyConfiguration"]
    specification = configuration["predefinedMetricSpecification"]
    assert specification["predefinedMetricType"] == "ALBRequestCountPerTarget"
    assert specification["resourceLabel"].startswith("app/load-balancer-")
    assert "/targetgroup/web-" in specification["resourceLabel"]


def test_requests_of_both_target_groups_are_summed() -> None:
    """containers-roadmap#1681: ALBRequestCountPerTarget misleads during blue/green."""
    recorded = deploy_services(
        {
            "web": {
                "scaling": {"requestsPerTarget": {"target": 800}},
                "deployment": {"strategy": "blueGreen"},
            }
        }
    )
    configuration = policies(recorded)["web-requests"]["targetTrackingScalingPolicyConfiguration"]
    *parts, total = configuration["customizedMetricSpecification"]["metrics"]
    assert total["expression"] == "FILL(r0,0)+FILL(r1,0)"
    assert total["returnData"] is True
    groups = [part["metricStat"]["metric"]["dimensions"][1]["value"] for part in parts]
    assert groups[0].startswith("targetgroup/web-")
    assert groups[1].startswith("targetgroup/web-spare-")
    assert not any(part["returnData"] for part in parts)


def test_cpu_alone_with_blue_green_is_refused() -> None:
    """containers-roadmap#1681: CPU scaling misleads during blue/green."""
    with pytest.raises(pulumi.RunError, match=r"scaling\.requestsPerTarget: is missing; with canary"):
        deploy_services({"web": {"scaling": {"cpu": {}}, "deployment": {"strategy": "canary"}}})


def test_step_scaling_is_two_policies_with_an_alarm_each() -> None:
    recorded = scaled(stepCpu={"high": 80, "low": 20, "minutes": 2})
    invariants.check_all(recorded)
    out, back = policies(recorded)["web-cpu-out"], policies(recorded)["web-cpu-in"]
    assert out["policyType"] == back["policyType"] == "StepScaling"
    steps = out["stepScalingPolicyConfiguration"]["stepAdjustments"]
    assert [step["scalingAdjustment"] for step in steps] == [1, 2]
    assert back["stepScalingPolicyConfiguration"]["stepAdjustments"][0]["scalingAdjustment"] == -1
    high = recorded.one("MetricAlarm", "web-cpu-high").inputs
    low = recorded.one("MetricAlarm", "web-cpu-low").inputs
    assert (high["threshold"], high["comparisonOperator"]) == (80, "GreaterThanThreshold")
    assert (low["threshold"], low["comparisonOperator"]) == (20, "LessThanThreshold")
    assert high["alarmActions"] != low["alarmActions"]
    assert low["evaluationPeriods"] == 5 * high["evaluationPeriods"]
    assert high["dimensions"] == {"ClusterName": "ecs-microservice-test", "ServiceName": "web"}


def test_steps_on_cpu_and_memory_remove_a_task_when_neither_needs_it() -> None:
    recorded = scaled(stepCpu={"low": 20, "minutes": 2}, stepMemory={"low": 30, "minutes": 3})
    invariants.check_all(recorded)
    assert set(policies(recorded)) == {"web-cpu-out", "web-memory-out", "web-steps-in"}
    low = recorded.one("MetricAlarm", "web-steps-low").inputs
    (joint,) = [query for query in low["metricQueries"] if query.get("returnData")]
    assert joint["expression"] == "IF(cpu / 20 > memory / 30, cpu / 20, memory / 30)"
    assert (low["comparisonOperator"], low["threshold"], low["evaluationPeriods"]) == (
        "LessThanThreshold",
        1,
        15,
    )


def test_schedules_own_the_limits_from_then_on() -> None:
    recorded = scaled(
        schedules={
            "morning": {"cron": "cron(0 7 ? * MON-FRI *)", "min": 6, "max": 20, "timezone": "Europe/Berlin"}
        }
    )
    action = recorded.one("ScheduledAction").inputs
    assert action["scalableTargetAction"] == {"minCapacity": 6, "maxCapacity": 20}
    assert action["timezone"] == "Europe/Berlin"
    target = recorded.one("aws:appautoscaling/target:Target")
    assert target.ignore_changes == ["minCapacity", "maxCapacity"]


def test_predictive_scaling_only_forecasts_unless_told_to_act() -> None:
    configuration = policies(scaled(cpu={}, predictive={}))["web-forecast"]
    assert configuration["policyType"] == "PredictiveScaling"
    assert configuration["predictiveScalingPolicyConfiguration"]["mode"] == "ForecastOnly"


@pytest.mark.parametrize("nothing", [{}, {"min": 1, "max": 4}, {"predictive": {}}])
def test_limits_without_anything_that_scales_are_refused(nothing: dict[str, object]) -> None:
    with pytest.raises(pulumi.RunError, match="has limits but nothing that scales between them"):
        deploy_services({"web": {"scaling": nothing}})


def test_every_policy_waits_for_the_target() -> None:
    recorded = scaled(cpu={}, memory={}, predictive={})
    target = recorded.one("aws:appautoscaling/target:Target")
    for policy in recorded.all("aws:appautoscaling/policy:Policy"):
        assert target.urn in policy.depends_on
