"""Alarms set policies off: within the limits, with cooldowns, unless suspended; and every change has its cause."""

import time
from collections.abc import Iterator

import pytest

from packages.localcloud.tests.emulator.stage import Cloud, eventually
from packages.localcloud.tests.scaling.services import CPU, Scaled, make_service


@pytest.fixture
def service(fast_cloud: Cloud, name: str) -> Iterator[Scaled]:
    made = make_service(fast_cloud, name)
    yield made
    fast_cloud.client("ecs").delete_service(cluster=name, service=name, force=True)


def test_a_step_policy_acts_as_often_as_its_cooldown_allows_up_to_the_maximum(service: Scaled) -> None:
    service.register(0, 3)
    alarm = service.alarm(service.step_policy(2))
    for _ in range(6):
        service.alarms.put_metric_data(Namespace=service.name, MetricData=[{"MetricName": "M", "Value": 9.0}])
        time.sleep(2)
        if service.desired() == 3:
            break
    assert service.desired() == 3
    changes = list(reversed(service.activities()))
    assert [change["Description"] for change in changes] == [
        "Setting desired count to 2.",
        "Setting desired count to 3.",
    ]
    assert changes[0]["Cause"] == f"monitor alarm {alarm} in state ALARM triggered policy step"
    assert changes[0]["StatusCode"] == "Overridden"


def test_what_was_not_scaled_is_said_on_request(service: Scaled) -> None:
    service.register(0, 0)
    alarm = service.alarm(service.step_policy(1))
    service.fire(alarm)
    assert service.desired() == 0
    assert service.activities() == []
    [refused] = service.activities(everything=True)
    assert refused["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 0}]


def test_two_alarms_that_cannot_act_are_told_once_each(service: Scaled) -> None:
    service.register(0, 0)
    names = ("a", "b")
    alarms = [
        service.alarm(service.step_policy(1, policy=name), alarm=f"{service.name}-{name}") for name in names
    ]
    for _ in range(2):
        for alarm in alarms:
            service.fire(alarm, "OK")
            service.fire(alarm)
    causes = [activity["Cause"] for activity in service.activities(everything=True)]
    assert sorted(causes) == [
        f"monitor alarm {alarm} in state ALARM triggered policy {name}"
        for alarm, name in zip(alarms, names, strict=True)
    ]


def test_a_step_to_the_present_count_is_none(service: Scaled) -> None:
    service.register(0, 5)
    exact = {
        "AdjustmentType": "ExactCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 0}],
    }
    service.fire(service.alarm(service.put_policy("exact", "StepScaling", exact)["PolicyARN"]))
    [refused] = service.activities(everything=True)
    assert refused["NotScaledReasons"] == [{"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": 0}]


def test_a_suspended_direction_does_nothing(service: Scaled) -> None:
    service.register(0, 5, SuspendedState={"DynamicScalingOutSuspended": True})
    service.fire(service.alarm(service.step_policy(1)))
    assert service.desired() == 0
    assert service.activities(everything=True) == []


def test_an_alarm_with_its_actions_disabled_does_nothing(service: Scaled) -> None:
    service.register(0, 5)
    service.fire(service.alarm(service.step_policy(1), ActionsEnabled=False))
    assert service.desired() == 0


def test_scaling_in_is_off_while_a_deployment_runs(service: Scaled) -> None:
    # Its image does not exist: the deployment stays in progress.
    service.cloud.client("ecs").update_service(
        cluster=service.name, service=service.name, desiredCount=1, forceNewDeployment=True
    )
    service.register(0, 5)
    service.fire(service.alarm(service.step_policy(-1)))
    assert service.desired() == 1
    reasons = service.activities(everything=True)[0]["NotScaledReasons"]
    assert reasons == [{"Code": "TargetServicePutResourceAsUnscalable"}]


def test_a_policy_of_a_deleted_service_is_forgotten_with_its_alarms(service: Scaled) -> None:
    service.register()
    made = service.put_policy("cpu", "TargetTrackingScaling", {"TargetValue": 50.0, **CPU})
    service.cloud.client("ecs").delete_service(cluster=service.name, service=service.name, force=True)
    names = [alarm["AlarmName"] for alarm in made["Alarms"]]
    eventually(lambda: not service.alarms.describe_alarms(AlarmNames=names)["MetricAlarms"], seconds=15)
    found = service.api.describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[service.target["ResourceId"]]
    )
    assert found["ScalableTargets"] == []
