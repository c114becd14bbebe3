"""Target tracking: the capacity that brings a metric to its target, and the alarms that say when."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator.scaling.cooldown import Cooldowns
from localcloud.emulator.scaling.tracking import alarms, wanted_capacity

capacities = st.integers(1, 100)
targets = st.floats(1, 1000)
metrics = st.lists(st.floats(0, 5000), min_size=1, max_size=15)


@given(capacity=capacities, values=metrics, target=targets)
def test_scaling_out_never_removes_and_is_enough(capacity: int, values: list[float], target: float) -> None:
    wanted = wanted_capacity(capacity, values, target, scale_in=False)
    assert wanted >= capacity
    # The same load on so many tasks is not above the target (but for the last digits).
    assert capacity * values[-1] / wanted <= target * 1.000001


@given(capacity=capacities, values=metrics, target=targets)
def test_scaling_in_never_adds_and_leaves_enough_for_the_recent_peak(
    capacity: int, values: list[float], target: float
) -> None:
    wanted = wanted_capacity(capacity, values, target, scale_in=True)
    assert wanted <= capacity
    peak = max(values[-3:])
    assert wanted == capacity or capacity * peak <= target * wanted * 1.000001 + 1e-4


def test_a_service_without_tasks_gets_one_when_there_is_load() -> None:
    assert wanted_capacity(0, [80.0], 50.0, scale_in=False) == 1


def test_nothing_is_known_without_values() -> None:
    assert wanted_capacity(3, [], 50.0, scale_in=True) == 3


def made(**configuration: Any) -> list[dict[str, Any]]:
    return alarms(
        {"TargetValue": 70.0, **configuration},
        resource_id="service/main/web",
        policy_arn="arn:policy",
        high_id="h",
        low_id="l",
    )


CPU = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}


def test_a_policy_keeps_a_high_and_a_low_alarm() -> None:
    high, low = made(**CPU)
    assert high["AlarmName"] == "TargetTracking-service/main/web-AlarmHigh-h"
    assert (high["ComparisonOperator"], high["EvaluationPeriods"], high["Threshold"]) == (
        "GreaterThanThreshold",
        3,
        70.0,
    )
    assert low["AlarmName"] == "TargetTracking-service/main/web-AlarmLow-l"
    assert (low["ComparisonOperator"], low["EvaluationPeriods"], low["Threshold"]) == (
        "LessThanThreshold",
        15,
        63.0,
    )
    for alarm in (high, low):
        assert alarm["AlarmActions"] == ["arn:policy"]
        assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], alarm["Period"]) == (
            "AWS/ECS",
            "CPUUtilization",
            "Average",
            60,
        )


def test_without_scale_in_there_is_no_low_alarm() -> None:
    assert len(made(DisableScaleIn=True, **CPU)) == 1


def test_requests_are_counted_per_target_of_one_group() -> None:
    label = "app/web/0123/targetgroup/blue/4567"
    specification = {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}
    high = made(PredefinedMetricSpecification=specification)[0]
    assert high["Dimensions"] == [
        {"Name": "TargetGroup", "Value": "targetgroup/blue/4567"},
        {"Name": "LoadBalancer", "Value": "app/web/0123"},
    ]
    assert high["Statistic"] == "Sum"


def test_metric_math_is_passed_on_with_a_period() -> None:
    metric = {"Namespace": "N", "MetricName": "M", "Dimensions": []}
    queries = [
        {"Id": "a", "ReturnData": False, "MetricStat": {"Metric": metric, "Stat": "Sum"}},
        {"Id": "b", "ReturnData": True, "Expression": "FILL(a,0)"},
    ]
    high = made(CustomizedMetricSpecification={"Metrics": queries})[0]
    assert high["Metrics"][0]["MetricStat"]["Period"] == 60
    assert high["Metrics"][1] == queries[1]


def test_only_a_larger_scale_out_adds_more_during_its_cooldown() -> None:
    memory = Cooldowns()
    memory.scaled(100.0, before=2, after=4)
    assert memory.base(4, 110.0, seconds=60.0) == 2
    assert memory.base(4, 161.0, seconds=60.0) == 4


def test_a_cooldown_forgets_when_something_else_changed_the_count() -> None:
    memory = Cooldowns()
    memory.scaled(100.0, before=2, after=4)
    assert memory.base(7, 110.0, seconds=60.0) == 7


@pytest.mark.parametrize(("after", "blocked"), [(30.0, True), (61.0, False)])
def test_scaling_in_waits_for_its_cooldown(after: float, blocked: bool) -> None:
    memory = Cooldowns()
    memory.scaled(100.0, before=4, after=3)
    assert memory.blocks_scale_in(100.0 + after, in_seconds=60.0, out_seconds=60.0) is blocked


def test_scaling_out_ends_the_cooldown_of_a_scale_in() -> None:
    memory = Cooldowns()
    memory.scaled(100.0, before=4, after=3)
    memory.scaled(101.0, before=3, after=5)
    assert not memory.blocks_scale_in(102.0, in_seconds=60.0, out_seconds=0.0)
