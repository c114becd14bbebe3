"""Changes of a stack that runs: what is live is declared, and what takes several steps is refused with the steps."""

from typing import Any

import pulumi
import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, Resource, deploy_services
from tests.program.running import left_to_code_deploy, shifting, what_is_live

GRADUAL = ["blueGreen", "canary", "linear"]


def changed(live: dict[str, Any], strategy: str = "rolling", **concerns: Any) -> Recorded:
    recorded = deploy_services({"web": {"deployment": {"strategy": strategy}}}, overrides=live, **concerns)
    invariants.check_all(recorded)
    return recorded


def service_of(recorded: Recorded) -> Resource:
    return recorded.one("aws:ecs/service:Service")


def weights(rule: Resource) -> dict[str, int]:
    """Logical name of a target group → its weight."""
    (action,) = rule.inputs["actions"]
    return {
        one["arn"].rpartition("/")[2].rpartition("-")[0]: one["weight"]
        for one in action["forward"]["targetGroups"]
    }


def live_group(recorded: Recorded) -> str:
    arn: str = service_of(recorded).inputs["loadBalancers"][0]["targetGroupArn"]
    return arn.rpartition("/")[2].rpartition("-")[0]


@pytest.mark.parametrize("strategy", GRADUAL)
def test_a_rolling_service_gets_its_first_shift_declared(strategy: str) -> None:
    """Pulumi takes a property out of an ignored path that the old inputs do not have: nothing is ignored here."""
    recorded = changed(what_is_live(web={}), strategy)
    service, rule = service_of(recorded), recorded.one("ListenerRule")
    assert "loadBalancers" not in service.ignore_changes
    assert service.inputs["loadBalancers"][0]["advancedConfiguration"]["alternateTargetGroupArn"]
    assert rule.ignore_changes == []
    assert weights(rule) == {"web": 100, "web-spare": 0}


@pytest.mark.parametrize("strategy", ["rolling", *GRADUAL, "codeDeploy"])
@pytest.mark.parametrize("before", ["rolling", *GRADUAL, "codeDeploy"])
def test_the_live_target_group_stays_live(before: str, strategy: str) -> None:
    said = left_to_code_deploy("spare") if before == "codeDeploy" else shifting(before, "spare")
    if before in GRADUAL and strategy == "codeDeploy":
        with pytest.raises(
            pulumi.RunError, match="allowed: rolling, deployed once, and codeDeploy after that"
        ):
            changed(what_is_live(web=said), strategy)
        return
    recorded = changed(what_is_live(web=said), strategy)
    assert live_group(recorded) == "web-spare"
    for rule in recorded.all("ListenerRule"):
        assert weights(rule)["web-spare"] > 0
        assert weights(rule).get("web", 0) == 0


def test_rolling_keeps_the_live_target_group_only() -> None:
    recorded = changed(what_is_live(web=shifting("canary", "spare")))
    assert [group.name for group in recorded.all("TargetGroup")] == ["web-spare"]


def test_a_new_port_replaces_nothing_and_closes_no_door_before_the_last_old_task_has_gone() -> None:
    one, other = deploy_services({"web": {}}), deploy_services({"web": {"port": 8080}})
    group = other.one("TargetGroup")
    assert group.inputs == one.one("TargetGroup").inputs
    assert "port" in group.ignore_changes, "groups made with another port stay as well"
    named = "aws:ec2/securityGroup:SecurityGroup"
    assert other.one(named, "web").inputs["description"] == one.one(named, "web").inputs["description"]
    doors = [
        rule
        for kind in ("SecurityGroupIngressRule", "SecurityGroupEgressRule")
        for rule in other.all(kind)
        if rule.inputs.get("fromPort") == 8080
    ]
    assert {door.name for door in doors} == {"web-from-load-balancer-8080", "web-to-tasks-8080"}
    assert not {door.name for door in doors} & {rule.name for rule in one.resources}, "beside the old ones"


def test_a_new_port_of_a_shifted_service_begins_with_what_is_live() -> None:
    live = what_is_live(web=shifting("canary", "spare"))
    service = {"port": 8080, "deployment": {"strategy": "canary"}}
    recorded = deploy_services({"web": service}, overrides=live)
    assert "loadBalancers" not in service_of(recorded).ignore_changes
    assert live_group(recorded) == "web-spare"


def test_another_listener_keeps_the_weights() -> None:
    certificate = {"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/abc"}
    recorded = changed(what_is_live(web=left_to_code_deploy("spare")), "codeDeploy", loadBalancer=certificate)
    rule = recorded.one("ListenerRule", "web")
    assert rule.ignore_changes == []
    assert weights(rule) == {"web": 0, "web-spare": 1}
    with pytest.raises(pulumi.RunError, match=r"moves to the listener on port 443.*allowed: rolling"):
        changed(what_is_live(web=shifting("canary", "spare")), "canary", loadBalancer=certificate)


def test_port_80_leads_to_https_until_every_rule_has_moved() -> None:
    """A listener's default action changes before the rules that come to it: a rule behind them goes after them."""
    certificate = {"certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/abc"}
    services = {"web": {}, "api": {"route": {"paths": ["/api/*"]}}}
    recorded = deploy_services(services, loadBalancer=certificate)
    invariants.check_all(recorded)
    redirect = recorded.one("ListenerRule", "load-balancer-to-https")
    others = [rule for rule in recorded.all("ListenerRule") if rule is not redirect]
    assert recorded.one("aws:lb/listener:Listener", "load-balancer-http").urn in redirect.depends_on
    assert redirect.inputs["conditions"] == [{"pathPattern": {"values": ["/*"]}}]
    assert redirect.inputs["actions"][0]["redirect"]["protocol"] == "HTTPS"
    assert all(redirect.inputs["priority"] > rule.inputs["priority"] for rule in others)
    # Deleted in the opposite order: whoever was sent to HTTPS by it is answered there.
    assert {recorded.one("ListenerRule", name).urn for name in services} <= redirect.depends_on
    without = deploy_services(services, overrides=what_is_live(port=443, web={}, api={}))
    assert "load-balancer-to-https" not in {rule.name for rule in without.all("ListenerRule")}


def test_a_renamed_service_takes_no_number_that_is_in_use() -> None:
    before = deploy_services({"web": {}}).one("ListenerRule", "web").inputs["priority"]
    live = what_is_live(web={}, tags={"web": {"Priority": str(before)}})
    after = deploy_services({"shop": {}}, overrides=live).one("ListenerRule", "shop").inputs
    assert after["priority"] != before
    assert after["tags"]["Priority"] == str(int(after["priority"]))


def test_a_new_service_that_shifts_traffic_must_not_take_requests_before_its_tasks_answer() -> None:
    services = {"web": {}, "api": {"route": {"paths": ["/api/*"]}, "deployment": {"strategy": "canary"}}}
    with pytest.raises(pulumi.RunError, match=r"would take requests that web answers now.*allowed: rolling"):
        deploy_services(services, overrides=what_is_live(web={}))
    del services["api"]["deployment"]
    recorded = deploy_services(services, overrides=what_is_live(web={}))
    assert (
        recorded.one("aws:ecs/service:Service", "api").urn in recorded.one("ListenerRule", "api").depends_on
    )


def test_a_service_that_shifts_traffic_does_not_go_while_another_could_answer() -> None:
    live = what_is_live(web=shifting("canary"))
    with pytest.raises(pulumi.RunError, match=r"services\.web: is gone.*keep requests from shop"):
        deploy_services({"shop": {}}, overrides=live)
    deploy_services({"shop": {"route": {"enabled": False}}}, overrides=live)


def test_a_route_is_not_taken_from_running_tasks() -> None:
    with pytest.raises(pulumi.RunError, match="its listener rule would outlive the last task"):
        deploy_services({"web": {"route": {"enabled": False}}}, overrides=what_is_live(web={}))


def test_a_strategy_does_not_change_in_the_middle_of_a_deployment() -> None:
    two = [{"status": status, "runningCount": 2, "pendingCount": 0} for status in ("PRIMARY", "ACTIVE")]
    with pytest.raises(pulumi.RunError, match="a deployment of the service goes on"):
        changed(what_is_live(web={"deployments": two}), "canary")
    changed(what_is_live(web={"deployments": two}))


def test_instances_stay_until_the_last_task_has_left_them() -> None:
    """ECS takes no capacity provider from a cluster whose tasks use it, and it would be asked to before they go."""
    on_instances = {"capacityProviderStrategies": [{"capacityProvider": "shop-ec2", "base": 0, "weight": 1}]}
    both: list[dict[str, Any]] = [{"web": {"launch": "fargate"}}, {"shop": {}}]
    for services in both:
        with pytest.raises(pulumi.RunError, match=r"cluster\.ec2: is gone.*tasks of web run.*as it was"):
            deploy_services(services, overrides=what_is_live(web=on_instances))
    deploy_services({"web": {}}, overrides=what_is_live(web=on_instances), cluster={"ec2": {}})
    deploy_services({"web": {}}, overrides=what_is_live(web={}))


def test_what_the_tags_still_name_and_aws_no_longer_has_is_not_live() -> None:
    recorded = changed(what_is_live(web={"status": "INACTIVE"}), "canary")
    assert weights(recorded.one("ListenerRule")) == {"web": 100, "web-spare": 0}


def test_tags_of_a_teams_own_are_not_taken_for_ours() -> None:
    """`Rule` says what a listener rule is for; on anything else it may be a team's tag, with any value."""
    live = what_is_live(web={})
    key = "aws:resourcegroupstaggingapi/getResources:getResources"
    listed = live[key]["resourceTagMappingLists"]
    team = [{**item, "tags": {"Rule": "four-eyes", **item["tags"]}} for item in listed]
    expected, recorded = (
        deploy_services({"web": {}}, overrides=live),
        deploy_services({"web": {}}, overrides={**live, key: {"resourceTagMappingLists": team}}),
    )
    assert {rule.name for rule in recorded.all("ListenerRule")} == {
        rule.name for rule in expected.all("ListenerRule")
    }
