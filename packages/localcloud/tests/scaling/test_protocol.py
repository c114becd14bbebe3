"""Application Auto Scaling over the wire, with AWS's own client, which checks every answer against the API's model."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import Cloud, eventually
from packages.localcloud.tests.scaling.services import CPU, DIMENSION, Scaled, make_service


@pytest.fixture
def service(fast_cloud: Cloud, name: str) -> Iterator[Scaled]:
    made = make_service(fast_cloud, name)
    yield made
    fast_cloud.client("ecs").delete_service(cluster=name, service=name, force=True)


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_target_is_registered_changed_and_forgotten(service: Scaled) -> None:
    arn = service.register(1, 4, Tags={"team": "a"})
    found = service.registered()
    assert found["ScalableTargetARN"] == arn
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 4)
    assert found["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_ECSService")
    assert set(found["SuspendedState"].values()) == {False}

    changed = service.api.register_scalable_target(
        **service.target, MaxCapacity=9, SuspendedState={"ScheduledScalingSuspended": True}
    )
    assert changed["ScalableTargetARN"] == arn
    found = service.registered()
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 9)
    assert found["SuspendedState"] == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": True,
    }

    service.api.deregister_scalable_target(**service.target)
    assert refused(service.api.deregister_scalable_target, **service.target)[0] == "ObjectNotFoundException"


def test_tags(service: Scaled) -> None:
    arn = service.register(Tags={"a": "1"})
    service.api.tag_resource(ResourceARN=arn, Tags={"b": "2"})
    service.api.untag_resource(ResourceARN=arn, TagKeys=["a"])
    assert service.api.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"b": "2"}
    other = arn[:-1] + ("0" if arn[-1] != "0" else "1")
    assert refused(service.api.list_tags_for_resource, ResourceARN=other)[0] == "ResourceNotFoundException"
    many = {str(number): "" for number in range(51)}
    assert refused(service.api.tag_resource, ResourceARN=arn, Tags=many)[0] == "TooManyTagsException"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MinCapacity": 3, "MaxCapacity": 2}, "Maximum capacity cannot be less than minimum capacity"),
        ({"MinCapacity": 1}, "MaxCapacity must be specified"),
        ({"MinCapacity": -1, "MaxCapacity": 2}, "must not be negative"),
        ({"MinCapacity": 0, "MaxCapacity": 2, "ResourceId": "service/a/b"}, "ECS service doesn't exist"),
        ({"MinCapacity": 0, "MaxCapacity": 2, "ResourceId": "table/a"}, "Unsupported service namespace"),
        ({"MinCapacity": 0, "MaxCapacity": 2, "ServiceNamespace": "nothing"}, "enum value set: [appstream"),
        ({"MinCapacity": 0, "MaxCapacity": 2, "ServiceNamespace": "kafka"}, "not emulated"),
    ],
)
def test_what_cannot_be_registered(service: Scaled, changes: dict[str, Any], message: str) -> None:
    code, text = refused(service.api.register_scalable_target, **{**service.target, **changes})
    assert code == "ValidationException"
    assert message in text


def test_a_desired_count_outside_the_limits_is_pulled_in(service: Scaled) -> None:
    service.register(2, 4)
    assert service.desired() == 2
    assert service.activities()[0]["Cause"] == "minimum capacity was set to 2"
    service.register(0, 1)
    assert service.desired() == 1
    assert service.activities()[0]["Cause"] == "maximum capacity was set to 1"


def test_a_tracking_policy_keeps_its_alarms_for_life(service: Scaled) -> None:
    service.register()
    made = service.put_policy("cpu", "TargetTrackingScaling", {"TargetValue": 50.0, **CPU})
    names = [alarm["AlarmName"] for alarm in made["Alarms"]]
    prefix = f"TargetTracking-service/{service.name}/{service.name}"
    assert names[0].startswith(f"{prefix}-AlarmHigh-")
    assert names[1].startswith(f"{prefix}-AlarmLow-")
    alarms = service.alarms.describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert {alarm["Threshold"] for alarm in alarms} == {50.0, 45.0}
    assert {tuple(alarm["AlarmActions"]) for alarm in alarms} == {(made["PolicyARN"],)}

    again = service.put_policy(
        "cpu", "TargetTrackingScaling", {"TargetValue": 80.0, "DisableScaleIn": True, **CPU}
    )
    assert again["PolicyARN"] == made["PolicyARN"]
    assert [alarm["AlarmName"] for alarm in again["Alarms"]] == names[:1]
    [high] = service.alarms.describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert high["Threshold"] == 80.0

    service.api.delete_scaling_policy(**service.target, PolicyName="cpu")
    assert service.alarms.describe_alarms(AlarmNames=names)["MetricAlarms"] == []
    missing = refused(service.api.delete_scaling_policy, **service.target, PolicyName="cpu")
    assert missing[0] == "ObjectNotFoundException"


def test_policies_are_described_with_what_sets_them_off(service: Scaled) -> None:
    service.register()
    arn = service.step_policy(1)
    alarm = service.alarm(arn)
    found = service.api.describe_scaling_policies(
        ServiceNamespace="ecs", ResourceId=service.target["ResourceId"], PolicyNames=["step"]
    )["ScalingPolicies"]
    assert [policy["PolicyARN"] for policy in found] == [arn]
    assert [entry["AlarmName"] for entry in found[0]["Alarms"]] == [alarm]
    assert found[0]["StepScalingPolicyConfiguration"]["Cooldown"] == 0


def test_a_forecasting_policy_is_recorded(service: Scaled) -> None:
    service.register()
    pair = {"PredefinedMetricType": "ECSServiceCPUUtilization"}
    specification = {"TargetValue": 60.0, "PredefinedMetricPairSpecification": pair}
    service.put_policy(
        "forecast", "PredictiveScaling", {"MetricSpecifications": [specification], "Mode": "ForecastOnly"}
    )
    [found] = service.api.describe_scaling_policies(
        ServiceNamespace="ecs", ResourceId=service.target["ResourceId"]
    )["ScalingPolicies"]
    assert (found["PolicyType"], found["Alarms"]) == ("PredictiveScaling", [])


REQUESTS = "ALBRequestCountPerTarget"


@pytest.mark.parametrize(
    ("kind", "configuration", "message"),
    [
        ("TargetTrackingScaling", {"TargetValue": 0.0, **CPU}, "greater than 0"),
        ("TargetTrackingScaling", {"TargetValue": 5.0}, "Exactly one of"),
        (
            "TargetTrackingScaling",
            {"TargetValue": 5.0, "PredefinedMetricSpecification": {"PredefinedMetricType": REQUESTS}},
            "Resource label",
        ),
        (
            "TargetTrackingScaling",
            {"TargetValue": 5.0, "CustomizedMetricSpecification": {"MetricName": "M"}},
            "Namespace, Statistic must be specified",
        ),
        (
            "TargetTrackingScaling",
            {
                "TargetValue": 5.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "RDSReaderAverageCPUUtilization"},
            },
            "not supported for service namespace: ecs",
        ),
        ("TargetTrackingScaling", {"TargetValue": 5.0, "ScaleInCooldown": -1, **CPU}, "must not be negative"),
        ("StepScaling", {"AdjustmentType": "ChangeInCapacity"}, "at least one step"),
        (
            "StepScaling",
            {
                "AdjustmentType": "ChangeInCapacity",
                "StepAdjustments": [{"MetricIntervalLowerBound": -1.0, "ScalingAdjustment": 1}],
            },
            "negative",
        ),
        (
            "StepScaling",
            {
                "AdjustmentType": "ExactCapacity",
                "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": -1}],
            },
            "must not be negative",
        ),
    ],
)
def test_what_is_no_policy(service: Scaled, kind: str, configuration: dict[str, Any], message: str) -> None:
    service.register()
    code, text = refused(service.put_policy, policy="p", kind=kind, configuration=configuration)
    assert code == "ValidationException"
    assert message in text


def test_one_metric_is_tracked_once(service: Scaled) -> None:
    service.register()
    service.put_policy("cpu", "TargetTrackingScaling", {"TargetValue": 50.0, **CPU})
    configuration = {"TargetValue": 60.0, **CPU}
    _, text = refused(
        service.put_policy, policy="other", kind="TargetTrackingScaling", configuration=configuration
    )
    assert text == "Only one TargetTrackingScaling policy for a given metric specification is allowed."


def test_what_belongs_to_no_target_is_refused(service: Scaled) -> None:
    for call, arguments in (
        (service.step_policy, {"adjustment": 1}),
        (
            service.api.put_scheduled_action,
            {
                **service.target,
                "ScheduledActionName": "x",
                "Schedule": "rate(1 day)",
                "ScalableTargetAction": {"MinCapacity": 1},
            },
        ),
    ):
        code, text = refused(call, **arguments)
        assert code == "ObjectNotFoundException"
        assert f"resource ID: {service.target['ResourceId']}" in text


def test_pages(service: Scaled) -> None:
    service.register()
    for number in range(3):
        service.step_policy(1, policy=f"p{number}")
    pages = service.api.get_paginator("describe_scaling_policies").paginate(
        ServiceNamespace="ecs", ResourceId=service.target["ResourceId"], PaginationConfig={"PageSize": 2}
    )
    names = [[policy["PolicyName"] for policy in page["ScalingPolicies"]] for page in pages]
    assert names == [["p0", "p1"], ["p2"]]
    describe = service.api.describe_scaling_policies
    assert refused(describe, ServiceNamespace="ecs", NextToken="x")[0] == "InvalidNextTokenException"
    for size in (0, 11):
        assert refused(describe, ServiceNamespace="ecs", MaxResults=size)[0] == "ValidationException"
    targets = service.api.describe_scalable_targets
    assert targets(ServiceNamespace="ecs", MaxResults=50)["ScalableTargets"]
    assert refused(targets, ServiceNamespace="ecs", MaxResults=51)[0] == "ValidationException"


def test_a_dimension_alone_selects_nothing(service: Scaled) -> None:
    for describe in (service.api.describe_scaling_policies, service.api.describe_scaling_activities):
        code, text = refused(describe, ServiceNamespace="ecs", ScalableDimension=DIMENSION)
        assert code == "ValidationException"
        assert "you must also specify a resource ID" in text


def test_a_scheduled_action_changes_the_limits_and_pulls_the_count_in(service: Scaled) -> None:
    service.register(0, 5)
    soon = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%S")
    service.api.put_scheduled_action(
        **service.target,
        ScheduledActionName="morning",
        Schedule=f"at({soon})",
        Timezone="UTC",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 3},
    )
    eventually(lambda: service.desired() == 2, seconds=15)
    found = service.registered()
    assert (found["MinCapacity"], found["MaxCapacity"]) == (2, 3)
    causes = [activity["Cause"] for activity in service.activities()]
    assert causes == ["minimum capacity was set to 2", "scheduled action name morning was triggered"]


def test_a_suspended_schedule_does_nothing(service: Scaled) -> None:
    service.register(0, 5, SuspendedState={"ScheduledScalingSuspended": True})
    soon = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
    service.api.put_scheduled_action(
        **service.target,
        ScheduledActionName="x",
        Schedule=f"at({soon})",
        ScalableTargetAction={"MinCapacity": 2},
    )
    time.sleep(6)
    assert service.registered()["MinCapacity"] == 0


def test_scheduled_actions_are_described_and_deleted(service: Scaled) -> None:
    service.register()
    start = datetime(2030, 1, 1, tzinfo=UTC)
    arguments = {**service.target, "ScheduledActionName": "night"}
    service.api.put_scheduled_action(
        **arguments,
        Schedule="cron(0 22 * * ? *)",
        Timezone="Europe/Berlin",
        StartTime=start,
        ScalableTargetAction={"MaxCapacity": 1},
    )
    described = service.api.describe_scheduled_actions(
        ServiceNamespace="ecs", ResourceId=service.target["ResourceId"], ScheduledActionNames=["night"]
    )["ScheduledActions"]
    assert [(one["Schedule"], one["Timezone"], one["StartTime"]) for one in described] == [
        ("cron(0 22 * * ? *)", "Europe/Berlin", start)
    ]
    service.api.delete_scheduled_action(**arguments)
    assert refused(service.api.delete_scheduled_action, **arguments)[0] == "ObjectNotFoundException"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Schedule": "cron(0 8 * * *)"}, "Invalid schedule expression"),
        ({"Timezone": "Europe/Nowhere"}, "Invalid time zone"),
        ({"ScheduledActionName": "a:b"}, "regular expression pattern"),
        ({"ScheduledActionName": " a"}, "regular expression pattern"),
        ({"ScalableTargetAction": {}}, "At least one of MinCapacity"),
        ({"ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 1}}, "Maximum capacity"),
        (
            {"StartTime": datetime(2031, 1, 1, tzinfo=UTC), "EndTime": datetime(2030, 1, 1, tzinfo=UTC)},
            "StartTime must be before",
        ),
    ],
)
def test_what_is_no_scheduled_action(service: Scaled, changes: dict[str, Any], message: str) -> None:
    service.register()
    code, text = refused(
        service.api.put_scheduled_action,
        **{
            **service.target,
            "ScheduledActionName": "x",
            "Schedule": "rate(1 day)",
            "ScalableTargetAction": {"MinCapacity": 1},
            **changes,
        },
    )
    assert code == "ValidationException"
    assert message in text


def test_an_unknown_operation_and_a_broken_request_are_answered(fast_cloud: Cloud) -> None:
    import httpx

    def post(operation: str, body: str) -> Any:
        headers = {
            "X-Amz-Target": f"AnyScaleFrontendService.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
        }
        response = httpx.post(fast_cloud.settings.endpoint, content=body, headers=headers, trust_env=False)
        return response.status_code, response.json()["__type"]

    assert post("Nonsense", "{}") == (400, "UnknownOperationException")
    assert post("DescribeScalableTargets", "[") == (400, "SerializationException")
    assert post("DescribeScalableTargets", "{}") == (400, "ValidationException")
