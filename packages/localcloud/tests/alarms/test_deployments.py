"""Alarms judge deployments: a version that fails under traffic goes back, one that does not stays."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from packages.localcloud.tests.emulator.stage import Deployed, eventually

pytestmark = pytest.mark.docker
# Answers 404 where the version before answered.
BAD = "mkdir -p /tmp/www; echo hello > /tmp/www/index.html; exec httpd -f -p 5000 -h /tmp/www"


@pytest.fixture
def judged(busy_web: Deployed) -> Iterator[Deployed]:
    """The service with an alarm on 4xx responses that rolls deployments back, and a client that causes them."""
    web = busy_web
    balancer = web.cloud.client("elbv2").describe_load_balancers(Names=[web.name])["LoadBalancers"][0]
    dimensions = {
        "LoadBalancer": balancer["LoadBalancerArn"].partition("loadbalancer/")[2],
        "TargetGroup": web.group.split(":", 5)[5],
    }
    web.cloud.client("cloudwatch").put_metric_alarm(
        AlarmName=web.name,
        Namespace="AWS/ApplicationELB",
        MetricName="HTTPCode_Target_4XX_Count",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=2,
        DatapointsToAlarm=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    web.update(
        deploymentConfiguration={"alarms": {"alarmNames": [web.name], "enable": True, "rollback": True}}
    )
    ended = threading.Event()

    def ask() -> None:
        port = web.cloud.settings.port
        with httpx.Client(trust_env=False, headers={"Host": f"{web.name}.alb.localhost:{port}"}) as client:
            while not ended.wait(0.2):
                client.get(f"http://127.0.0.1:{port}/cgi-bin/burn", timeout=30)

    client = threading.Thread(target=ask)
    client.start()
    # An alarm that is in ALARM when a deployment starts is not watched.
    eventually(lambda: _state(web) == "OK")
    yield web
    ended.set()
    client.join()


def _state(web: Deployed) -> str:
    alarms = web.cloud.client("cloudwatch").describe_alarms(AlarmNames=[web.name])["MetricAlarms"]
    return str(alarms[0]["StateValue"])


def finished(web: Deployed) -> Any:
    def check() -> Any:
        newest = web.service_deployments()[0]
        return newest if "finishedAt" in newest else None

    return eventually(check, seconds=60)


def test_a_version_that_sets_an_alarm_off_is_rolled_back(judged: Deployed) -> None:
    before = judged.describe()["taskDefinition"]
    judged.update(taskDefinition=judged.define(command=["sh", "-c", BAD], stopTimeout=2))
    deployment = finished(judged)
    assert deployment["status"] == "ROLLBACK_SUCCESSFUL"
    assert deployment["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": [judged.name],
        "triggeredAlarmNames": [judged.name],
    }
    assert judged.describe()["taskDefinition"] == before
    assert judged.name in deployment["rollback"]["reason"]
    assert "alarm detected" in judged.events()
    assert judged.cloud.get(judged.name, "/cgi-bin/burn").text == "done\n"


def test_a_good_version_is_complete_after_its_alarms_had_their_time(judged: Deployed) -> None:
    began = time.monotonic()
    before = judged.describe()["taskDefinition"]
    judged.update(forceNewDeployment=True)
    deployment = finished(judged)
    assert deployment["status"] == "SUCCESSFUL"
    assert deployment["alarms"]["triggeredAlarmNames"] == []
    # The alarm looks back two minutes, which pass at the fast clock's pace.
    assert time.monotonic() - began > 120 / judged.cloud.settings.clock
    assert judged.describe()["taskDefinition"] == before
