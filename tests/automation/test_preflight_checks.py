"""What preflight says of alarms and target groups, against a cloud that answers from a table."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from automation.checks import Level
from automation.preflight import _alarms_quiet, _target_group_healthy
from automation.target import Target

RULE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/x/1/2/3"


def cloud(*, weights: dict[str, int], healthy: dict[str, int], alarms: dict[str, str]) -> Target:
    forward = [{"TargetGroupArn": group, "Weight": weight} for group, weight in weights.items()]
    elbv2 = SimpleNamespace(
        describe_rules=lambda **_: {"Rules": [{"Actions": [{"ForwardConfig": {"TargetGroups": forward}}]}]},
        describe_target_health=lambda TargetGroupArn: {  # noqa: N803  the API's name
            "TargetHealthDescriptions": [{"TargetHealth": {"State": "healthy"}}] * healthy[TargetGroupArn]
        },
    )
    # One alarm a page: what is on the second counts as well.
    pages = [{"MetricAlarms": [{"AlarmName": name, "StateValue": state}]} for name, state in alarms.items()]
    cloudwatch = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=lambda **_: pages))
    return cast("Target", SimpleNamespace(elbv2=elbv2, cloudwatch=cloudwatch))


def service(*, gradual: bool) -> Any:
    entry: dict[str, Any] = {"targetGroupArn": "blue"}
    if gradual:
        entry["advancedConfiguration"] = {
            "alternateTargetGroupArn": "green",
            "productionListenerRule": RULE,
        }
    watched = {"alarmNames": ["web-errors", "web-latency"], "enable": True, "rollback": True}
    return {"desiredCount": 2, "loadBalancers": [entry], "deploymentConfiguration": {"alarms": watched}}


@pytest.mark.parametrize(
    ("gradual", "weights", "healthy", "level"),
    [
        (False, {}, {"blue": 2}, Level.OK),
        (False, {}, {"blue": 0}, Level.FAILED),
        (True, {"blue": 0, "green": 100}, {"blue": 0, "green": 2}, Level.OK),
        (True, {"blue": 100, "green": 0}, {"blue": 0, "green": 2}, Level.FAILED),
    ],
)
def test_the_group_with_the_traffic_must_have_healthy_targets(
    gradual: bool, weights: dict[str, int], healthy: dict[str, int], level: Level
) -> None:
    """containers-roadmap#2853: the weights may point at an empty target group."""
    target = cloud(weights=weights, healthy=healthy, alarms={})
    (check,) = _target_group_healthy("web: targets", target, service(gradual=gradual), "web")
    assert check.level is level


def test_an_alarm_that_fires_already_is_told_before_a_deployment() -> None:
    """Such an alarm is not watched (Copilot's documentation), or rolls the deployment back at once."""
    target = cloud(weights={}, healthy={}, alarms={"web-errors": "ALARM", "web-latency": "OK"})
    (check,) = _alarms_quiet("web: alarms", target, service(gradual=False), "web")
    assert (check.level, check.detail) == (Level.FAILED, "web-errors is firing")
    assert check.fix
