"""Alarms set policies off: within the limits, with cooldowns, unless suspended; and every change has its cause."""

import time
from collections.abc import Iterator

import pytest

from tests.localcloud.emulator.stage import Cloud, eventually
from tests.localcloud.scaling.services import CPU, Scaled, make_service


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
