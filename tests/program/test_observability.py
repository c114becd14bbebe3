"""What people are told."""

import json
from typing import Any

import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services

GUARDS = {"cpu", "memory", "errors", "latency", "unhealthy"}


def alarms(recorded: Recorded) -> dict[str, dict[str, Any]]:
    return {a.name.removeprefix("web-"): dict(a.inputs) for a in recorded.all("MetricAlarm")}


@pytest.fixture(scope="module")
def production() -> Recorded:
    return deploy_services({"web": {}})


@pytest.fixture(scope="module")
def canary() -> Recorded:
    return deploy_services({"web": {"deployment": {"strategy": "canary"}}})


def test_production_is_watched(production: Recorded) -> None:
    invariants.check_all(production)
    assert set(alarms(production)) == GUARDS | {"too-few-tasks"}
    assert production.one("Dashboard").inputs["dashboardName"] == "ecs-microservice-test"


def test_other_stacks_are_not_unless_asked() -> None:
    recorded = deploy_services({"web": {}}, production=False)
    assert not recorded.all("MetricAlarm")
    assert not recorded.all("aws:sns/topic:Topic")
    asked = deploy_services({"web": {}}, production=False, observability={"alarms": True})
    assert set(alarms(asked)) == GUARDS | {"too-few-tasks"}
    assert not asked.all("Dashboard")


def test_alarms_roll_a_deployment_back(production: Recorded) -> None:
    guard = production.one("aws:ecs/service:Service").inputs["alarms"]
    assert guard["enable"] is True
    assert guard["rollback"] is True
    assert set(guard["alarmNames"]) == {f"ecs-microservice-test-web-{name}" for name in GUARDS}


def test_alarms_exist_before_the_service_that_they_guard(production: Recorded) -> None:
    before = production.waits_for(production.one("aws:ecs/service:Service"))
    for name in GUARDS:
        assert production.one("MetricAlarm", f"web-{name}").urn in before


def test_alarms_tell_the_topic_and_say_when_it_is_over(production: Recorded) -> None:
    (topic,) = {tuple(alarm["alarmActions"]) for alarm in alarms(production).values()}
    assert topic[0].endswith(production.one("aws:sns/topic:Topic").name + topic[0][-8:])
    for alarm in alarms(production).values():
        assert alarm["okActions"] == list(topic)
        assert alarm["alarmDescription"].startswith("web: ")


def test_quiet_hours_are_no_outage(production: Recorded) -> None:
    errors = alarms(production)["errors"]
    assert errors["treatMissingData"] == "notBreaching"
    expression = errors["metricQueries"][0]["expression"]
    assert expression.startswith("IF((FILL(r0,0))>=20,100*(FILL(e0,0))/(FILL(r0,0)),0)")


def test_both_target_groups_are_watched_when_there_are_two(canary: Recorded) -> None:
    for name in ("errors", "latency", "unhealthy"):
        groups = {
            query["metric"]["dimensions"]["TargetGroup"]
            for query in alarms(canary)[name]["metricQueries"]
            if "metric" in query
        }
        assert len(groups) == 2, name
    assert alarms(canary)["unhealthy"]["metricQueries"][0]["expression"] == "MAX([FILL(u0,0),FILL(u1,0)])"


def test_latency_is_the_99th_percentile_of_enough_requests(production: Recorded) -> None:
    watched, times, requests = alarms(production)["latency"]["metricQueries"]
    assert (times["metric"]["metricName"], times["metric"]["stat"]) == ("TargetResponseTime", "p99")
    assert requests["metric"]["metricName"] == "RequestCount"
    assert watched["expression"] == "IF((FILL(r0,0))>=20,FILL(t0,0),0)"


def test_too_few_tasks_tells_people_and_stops_no_deployment(production: Recorded) -> None:
    alarm = alarms(production)["too-few-tasks"]
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("GreaterThanThreshold", 0)
    watched, *counts = alarm["metricQueries"]
    assert watched["expression"] == "wanted-FILL(running,0)"
    assert [(one["id"], one["metric"]["metricName"]) for one in counts] == [
        ("wanted", "DesiredTaskCount"),
        ("running", "RunningTaskCount"),
    ]
    assert alarm["treatMissingData"] == "notBreaching"
    names = production.one("aws:ecs/service:Service").inputs["alarms"]["alarmNames"]
    assert "ecs-microservice-test-web-too-few-tasks" not in names


def test_without_container_insights_nobody_counts_tasks() -> None:
    recorded = deploy_services({"web": {}}, cluster={"containerInsights": "disabled"})
    assert set(alarms(recorded)) == GUARDS


def test_worker_has_no_load_balancer_alarms() -> None:
    recorded = deploy_services({"web": {"route": {"enabled": False}}})
    assert set(alarms(recorded)) == {"cpu", "memory", "too-few-tasks"}


def test_rollback_can_be_left_to_people() -> None:
    recorded = deploy_services({"web": {"deployment": {"rollbackOnAlarm": False}}})
    assert "alarms" not in recorded.one("aws:ecs/service:Service").inputs
    assert set(alarms(recorded)) == GUARDS | {"too-few-tasks"}


def test_people_and_systems_subscribe() -> None:
    observability = {"emails": ["on-call@example.com"], "webhooks": ["https://events.example.com/sns"]}
    recorded = deploy_services({"web": {}}, observability=observability)
    subscriptions = {(s.inputs["protocol"], s.inputs["endpoint"]) for s in recorded.all("TopicSubscription")}
    assert subscriptions == {
        ("email", "on-call@example.com"),
        ("https", "https://events.example.com/sns"),
    }


def test_failed_deployments_of_this_cluster_are_announced(production: Recorded) -> None:
    pattern = json.loads(production.one("EventRule").inputs["eventPattern"])
    assert pattern["detail"] == {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]}
    assert pattern["resources"] == [
        {"prefix": "arn:aws:ecs:us-east-1:123456789012:service/ecs-microservice-test/"}
    ]
    target = production.one("EventTarget").inputs
    assert set(target["inputTransformer"]["inputPaths"]) == {"service", "what", "why"}


def test_alarms_of_the_account_publish_and_events_without_a_condition(production: Recorded) -> None:
    """EventBridge User Guide: no condition blocks in SNS topic policies for EventBridge."""
    statements = json.loads(production.one("TopicPolicy").inputs["policy"])["Statement"]
    conditions = {s["Principal"]["Service"]: s.get("Condition") for s in statements}
    assert conditions == {
        "cloudwatch.amazonaws.com": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        "events.amazonaws.com": None,
    }


def test_deployments_that_code_deploy_fails_are_announced() -> None:
    """ECS says nothing of them."""
    recorded = deploy_services(
        {"web": {"deployment": {"strategy": "codeDeploy"}}}, observability={"alarms": True}
    )
    invariants.check_all(recorded)
    rule = recorded.one("EventRule", "web-codedeploy")
    pattern = json.loads(rule.inputs["eventPattern"])
    assert pattern["source"] == ["aws.codedeploy"]
    application = recorded.one("aws:codedeploy/application:Application")
    assert pattern["detail"]["application"][0].startswith(application.name)
    assert pattern["detail"]["state"] == ["FAILURE", "STOP"]
    targets = {t.name: t.inputs["arn"] for t in recorded.all("EventTarget")}
    assert targets["web-codedeploy"] == targets["observability-deployments"]


def test_dashboard_has_a_row_for_each_service() -> None:
    recorded = deploy_services({"web": {}, "api": {"route": {"paths": ["/api/*"]}}})
    body = json.loads(recorded.one("Dashboard").inputs["dashboardBody"])
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert titles[:2] == ["Alarms", "Requests per minute"]
    assert sum(title.startswith("api: ") for title in titles) == 3
    assert sum(title.startswith("web: ") for title in titles) == 3
    assert len({(w["x"], w["y"]) for w in body["widgets"]}) == len(body["widgets"])


def test_dashboard_begins_with_the_state_of_every_alarm(production: Recorded) -> None:
    widget = json.loads(production.one("Dashboard").inputs["dashboardBody"])["widgets"][0]
    assert widget["type"] == "alarm"
    names = {arn.rpartition(":alarm:")[2] for arn in widget["properties"]["alarms"]}
    assert names == {alarm["name"] for alarm in alarms(production).values()}
    quiet = deploy_services({"web": {}}, observability={"alarms": False})
    assert json.loads(quiet.one("Dashboard").inputs["dashboardBody"])["widgets"][0]["type"] == "metric"


def test_dashboard_draws_no_task_counts_that_nobody_measures() -> None:
    recorded = deploy_services({"web": {}}, cluster={"containerInsights": "disabled"})
    assert "ContainerInsights" not in recorded.one("Dashboard").inputs["dashboardBody"]
