"""Gradual deployments with real containers: traffic moves, alarms turn it back, nothing is lost."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import eventually
from packages.localcloud.tests.shifting.conftest import BAKING, Gradual, Shifted

pytestmark = pytest.mark.docker
CANARY = {"canaryPercent": 20, "canaryBakeTimeInMinutes": 1}


def test_a_canary_gets_its_share_first_and_no_request_is_lost(gradual: Gradual) -> None:
    service = gradual("CANARY", canaryConfiguration=CANARY, **BAKING)
    blue, green = service.groups
    assert service.weights() == {blue: 100, green: 0}

    with service.traffic() as seen:
        service.web.update(taskDefinition=service.version("two"))
        eventually(lambda: service.weights() == {blue: 80, green: 20})
        seen.clear()
        shown = service.deployment()
        eventually(lambda: service.weights() == {blue: 0, green: 100})
        during = dict(seen)
        finished = service.finished()
        eventually(lambda: len(service.web.containers()) == 1)
        seen["after"] = 0

    assert shown["lifecycleStage"] == "PRODUCTION_TRAFFIC_SHIFT"
    assert shown["targetServiceRevision"]["requestedProductionTrafficWeight"] == 20
    assert shown["sourceServiceRevisions"][0]["requestedProductionTrafficWeight"] == 80
    assert 0.08 < during["two"] / (during["one"] + during["two"]) < 0.35
    assert set(seen) == {"one", "two", "after"}
    assert finished["status"] == "SUCCESSFUL"
    assert service.get() == "two"
    balancer = service.web.describe()["loadBalancers"][0]
    assert balancer["targetGroupArn"] == green
    assert balancer["advancedConfiguration"]["alternateTargetGroupArn"] == blue


def test_the_next_deployment_goes_to_the_other_target_group_again(gradual: Gradual) -> None:
    service = gradual("BLUE_GREEN", bakeTimeInMinutes=0)
    blue, green = service.groups
    for version, weights in (("two", {blue: 0, green: 100}), ("three", {blue: 100, green: 0})):
        service.web.update(taskDefinition=service.version(version))
        assert service.finished()["status"] == "SUCCESSFUL"
        assert service.weights() == weights
        assert service.get() == version
        service.web.settled()


def test_linear_steps_move_the_traffic_bit_by_bit(gradual: Gradual) -> None:
    linear = {"stepPercent": 40, "stepBakeTimeInMinutes": 1}
    service = gradual("LINEAR", linearConfiguration=linear, bakeTimeInMinutes=0)
    _, green = service.groups
    service.web.update(taskDefinition=service.version("two"))
    seen: list[int] = []

    def follow() -> bool:
        weight = service.weights()[green]
        if not seen or seen[-1] != weight:
            seen.append(weight)
        return weight == 100

    eventually(follow, pause=0.05)
    assert seen == [0, 40, 80, 100]


def test_an_alarm_while_it_bakes_turns_all_traffic_back_and_loses_no_request(gradual: Gradual) -> None:
    service = gradual("BLUE_GREEN", bakeTimeInMinutes=10)
    blue, green = service.groups
    cloudwatch = service.web.cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=service.web.name,
        Namespace="Test",
        MetricName="broken",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    service.web.update(
        deploymentConfiguration={
            **service.web.describe()["deploymentConfiguration"],
            "alarms": {"alarmNames": [service.web.name], "enable": True, "rollback": True},
        }
    )
    with service.traffic() as seen:
        service.web.update(taskDefinition=service.version("two"))
        service.at("BAKE_TIME")
        eventually(lambda: service.get() == "two")
        cloudwatch.set_alarm_state(AlarmName=service.web.name, StateValue="ALARM", StateReason="test")
        finished = service.finished()
        seen["before"] = seen["two"]

    assert finished["status"] == "ROLLBACK_SUCCESSFUL"
    assert finished["alarms"]["triggeredAlarmNames"] == [service.web.name]
    assert service.weights() == {blue: 100, green: 0}
    assert set(seen) == {"one", "two", "before"}
    assert service.get() == "one"
    eventually(lambda: len(service.web.containers()) == 1)


def test_a_version_that_never_comes_up_gets_no_traffic(gradual: Gradual) -> None:
    service = gradual("BLUE_GREEN", bakeTimeInMinutes=0)
    blue, green = service.groups
    with service.traffic() as seen:
        service.web.update(taskDefinition=service.web.define(command=["sh", "-c", "exit 3"]))
        finished = service.finished()
        assert service.weights() == {blue: 100, green: 0}
    assert finished["status"] == "ROLLBACK_SUCCESSFUL"
    assert set(seen) == {"one"}


def test_a_pause_shows_the_new_version_on_the_test_listener_until_somebody_decides(gradual: Gradual) -> None:
    pause = {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]}
    service = gradual("BLUE_GREEN", bakeTimeInMinutes=0)
    ecs = service.web.cloud.client("ecs")
    configuration = {**service.web.describe()["deploymentConfiguration"], "lifecycleHooks": [pause]}
    service.web.update(deploymentConfiguration=configuration)

    for version, action, after in (("two", "ROLLBACK", "one"), ("three", "CONTINUE", "three")):
        service.web.update(taskDefinition=service.version(version))
        paused = service.at("POST_TEST_TRAFFIC_SHIFT")
        [hook] = eventually(lambda: service.deployment().get("lifecycleHookDetails"))
        assert (hook["targetType"], hook["status"]) == ("PAUSE", "AWAITING_ACTION")
        assert (service.get(test=True), service.get()) == (version, "one")
        ecs.continue_service_deployment(
            serviceDeploymentArn=paused["serviceDeploymentArn"], hookId=hook["hookId"], action=action
        )
        service.finished()
        assert service.get() == after
        service.web.settled()


# A function's container as Lambda's runtime interface emulator is one: it answers an invocation at port 8080.
_ANSWER = r"""
cat > /tmp/answer <<'END'
#!/bin/sh
while read -r line; do
  line=$(printf %s "$line" | tr -d '\r')
  case "$line" in "") break ;; [Cc]ontent-[Ll]ength:*) length=${{line##* }} ;; esac
done
head -c "$length" | busybox grep -q lifecycleStage || exit 1
printf 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{{"hookStatus": "{status}"}}'
END
busybox chmod 755 /tmp/answer
exec busybox nc -ll -p 8080 -e /tmp/answer
"""


def _function(service: Shifted, name: str, status: str) -> str:
    made = service.web.cloud.client("lambda").create_function(
        FunctionName=f"{service.web.name}-{name}",
        PackageType="Image",
        Role="arn:aws:iam::000000000000:role/hook",
        Code={"ImageUri": service.web.cloud.image},
        ImageConfig={"Command": ["sh", "-c", _ANSWER.format(status=status)]},
        Timeout=10,
    )
    return str(made["FunctionArn"])


def test_functions_are_asked_at_their_stages_and_can_stop_a_deployment(gradual: Gradual) -> None:
    service = gradual("BLUE_GREEN", bakeTimeInMinutes=0)
    missing = "arn:aws:lambda:us-east-1:000000000000:function:elsewhere"
    good, bad = _function(service, "good", "SUCCEEDED"), _function(service, "bad", "FAILED")

    def deploy(arn: str, version: str) -> Any:
        hook = {"hookTargetArn": arn, "roleArn": "arn:aws:iam::000000000000:role/hook"}
        hooks = [{**hook, "lifecycleStages": ["POST_SCALE_UP", "PRODUCTION_TRAFFIC_SHIFT"]}]
        configuration = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0, "lifecycleHooks": hooks}
        service.web.update(taskDefinition=service.version(version), deploymentConfiguration=configuration)
        return service.finished()

    assert deploy(good, "two")["status"] == "SUCCESSFUL"
    refused = deploy(bad, "three")
    assert refused["status"] == "ROLLBACK_SUCCESSFUL"
    assert "bad at POST_SCALE_UP" in refused["statusReason"]
    assert service.get() == "two"
    assert deploy(missing, "four")["status"] == "SUCCESSFUL"
    assert "did not ask hook elsewhere" in service.web.events()
    for arn in (good, bad):
        service.web.cloud.client("lambda").delete_function(FunctionName=arn)


def test_a_newer_deployment_takes_the_place_of_one_that_bakes(gradual: Gradual) -> None:
    service = gradual("CANARY", canaryConfiguration=CANARY, bakeTimeInMinutes=0)
    blue, green = service.groups
    with service.traffic() as seen:
        service.web.update(taskDefinition=service.version("two"))
        eventually(lambda: service.weights() == {blue: 80, green: 20})
        service.web.update(taskDefinition=service.version("three"))
        assert service.finished()["status"] == "SUCCESSFUL"
    assert [entry["status"] for entry in service.web.service_deployments()] == [
        "SUCCESSFUL",
        "STOPPED",
        "SUCCESSFUL",
    ]
    assert service.get() == "three"
    assert set(seen) <= {"one", "two", "three"}


def test_what_could_not_move_traffic_is_refused(gradual: Gradual) -> None:
    service = gradual("BLUE_GREEN", bakeTimeInMinutes=0)
    plain = [{"targetGroupArn": service.groups[0], "containerName": "app", "containerPort": 5000}]
    with pytest.raises(ClientError, match="alternateTargetGroupArn is required"):
        service.web.update(loadBalancers=plain)
    with pytest.raises(ClientError, match=r"stepPercent is 2\.0; allowed: 3 to 100"):
        service.web.update(
            deploymentConfiguration={"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 2.0}}
        )
