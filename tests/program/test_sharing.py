"""A cluster and a load balancer that somebody else owns, and others use too."""

import json
import re
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pure.live import LiveRule, Purpose
from infra.pure.routing import SMALLEST, RouteKey, Space, positions
from infra.settings.validation import validate
from tests.program import invariants
from tests.program.answers import shared_balancer
from tests.program.deploy import Recorded, deploy_services
from tests.program.running import what_is_live

SHOP = {"shop": {"route": {"paths": ["/shop", "/shop/*"]}}}
BALANCER = {"existing": {"name": "shared", "listener": 80}}
CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/platform"
RULES = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app"


@pytest.fixture(scope="module")
def tenant() -> Recorded:
    return deploy_services(
        SHOP,
        cluster={"existing": "platform"},
        loadBalancer=BALANCER,
        observability={"dashboard": True, "alarms": True, "emails": ["on-call@example.com"]},
    )


def test_nothing_of_the_owners_is_made_or_changed(tenant: Recorded) -> None:
    invariants.check_all(tenant)
    for kind in ("Cluster", "ClusterCapacityProviders", "LoadBalancer", "Listener", "Certificate"):
        assert not [one for one in tenant.all(kind) if one.custom], kind


def test_services_run_in_the_cluster_under_a_name_that_is_there_once(tenant: Recorded) -> None:
    service = tenant.one("aws:ecs/service:Service").inputs
    assert service["cluster"] == CLUSTER
    assert service["name"] == "ecs-microservice-test-shop"
    assert tenant.exports["cluster"] == "platform"
    assert tenant.exports["services"] == {"shop": "ecs-microservice-test-shop"}


def test_what_watches_and_scales_looks_at_that_cluster(tenant: Recorded) -> None:
    text = json.dumps([dict(alarm.inputs) for alarm in tenant.all("MetricAlarm")])
    assert '"ClusterName": "platform"' in text
    assert '"ServiceName": "ecs-microservice-test-shop"' in text
    assert "CLUSTER" not in text
    board = tenant.one("aws:cloudwatch/dashboard:Dashboard").inputs
    assert '"ClusterName", "platform", "ServiceName", "ecs-microservice-test-shop"' in board["dashboardBody"]
    assert board["dashboardName"] == "ecs-microservice-test"
    pattern = json.loads(tenant.one("EventRule").inputs["eventPattern"])
    assert pattern["resources"] == [
        "arn:aws:ecs:us-east-1:123456789012:service/platform/ecs-microservice-test-shop"
    ]
    scaled = deploy_services(
        {"web": {"scaling": {"min": 1, "max": 3, "cpu": {}}}}, cluster={"existing": CLUSTER}
    )
    assert scaled.one("aws:appautoscaling/target:Target").inputs["resourceId"] == (
        "service/platform/ecs-microservice-test-web"
    )


def test_the_stack_adds_target_groups_rules_and_doors(tenant: Recorded) -> None:
    rules = tenant.all("ListenerRule")
    assert {rule.inputs["listenerArn"] for rule in rules} == {
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shared/50dc6c495c0c9188/0000000000000080"
    }
    out = tenant.one("SecurityGroupEgressRule", "shop-to-tasks-5000").inputs
    into = tenant.one("SecurityGroupIngressRule", "shop-from-load-balancer-5000").inputs
    assert out["securityGroupId"] == into["referencedSecurityGroupId"] == "sg-0aaaaaaa"
    assert tenant.exports["url"] == "http://shared-1234567890.us-east-1.elb.amazonaws.com/shop"


def test_a_cluster_without_the_capacity_is_refused_with_the_command_that_mends_it() -> None:
    bare = {
        "properties": json.dumps(
            {
                "CapacityProviders": ["instances"],
                "DefaultCapacityProviderStrategy": [{"CapacityProvider": "instances", "Weight": 1}],
            }
        )
    }
    asked: dict[str, Any] = {
        "overrides": {"aws:cloudcontrol/getResource:getResource": bare},
        "loadBalancer": BALANCER,
    }
    with pytest.raises(pulumi.RunError) as refused:
        deploy_services(SHOP, cluster={"existing": "platform", "fargate": {"spotWeight": 1}}, **asked)
    text = str(refused.value)
    assert (
        "cluster.existing is 'platform': that cluster has no capacity provider FARGATE and no FARGATE_SPOT"
        in text
    )
    assert text.endswith(
        "fix: aws ecs put-cluster-capacity-providers --cluster platform --capacity-providers instances FARGATE "
        "FARGATE_SPOT --default-capacity-provider-strategy capacityProvider=instances,weight=1"
    )
    # Which ones a cluster has that another stack names is known when that stack is.
    asked["overrides"]["pulumi:pulumi:StackReference"] = {"acme/platform/prod": {"cluster": "platform"}}
    named = deploy_services(SHOP, cluster={"existing": "${stack:acme/platform/prod#cluster}"}, **asked)
    assert named.one("aws:ecs/service:Service").inputs["cluster"]


def test_by_arn_and_by_another_stacks_outputs() -> None:
    arn = shared_balancer()["arn"]
    stack = "acme/platform/prod"
    recorded = deploy_services(
        {"web": {"route": {"hosts": ["shop.example.com"]}}},
        cluster={"existing": f"${{stack:{stack}#cluster}}"},
        loadBalancer={"existing": {"name": f"${{stack:{stack}#loadBalancer}}"}},
        overrides={"pulumi:pulumi:StackReference": {stack: {"cluster": "platform", "loadBalancer": arn}}},
    )
    asked = {token.rpartition(":")[2]: arguments for token, arguments in recorded.invokes}
    assert asked["getLoadBalancer"]["arn"] == arn
    assert asked["getCluster"] == {"clusterName": "platform"}
    assert asked["getListener"] == {"loadBalancerArn": arn, "port": 443}
    assert recorded.exports["url"] == "https://shop.example.com"


def test_a_load_balancer_elsewhere_is_one_message() -> None:
    other = {"aws:lb/getLoadBalancer:getLoadBalancer": shared_balancer("vpc-0e0e0e0e")}
    with pytest.raises(
        pulumi.RunError, match=r"shared stands in vpc-0e0e0e0e, and the stack's tasks in vpc-0d0d0d0d"
    ):
        deploy_services(SHOP, loadBalancer=BALANCER, overrides=other)


def test_numbers_of_neighbours_are_left_to_them() -> None:
    first = priorities(deploy_services(SHOP, loadBalancer=BALANCER))
    listed = [neighbour(number, name) for name, number in first.items()]
    listed.append(neighbour(first["shop"] + 1, "elsewhere", balancer="other"))
    answers = {"aws:resourcegroupstaggingapi/getResources:getResources": {"resourceTagMappingLists": listed}}
    second = priorities(deploy_services(SHOP, loadBalancer=BALANCER, overrides=answers))
    assert not set(first.values()) & set(second.values())
    assert second["shop"] == first["shop"] + 1, (
        "the next number; that of another load balancer's rule is free here"
    )


def test_stacks_with_the_same_services_begin_with_other_numbers() -> None:
    one = deploy_services(SHOP, loadBalancer=BALANCER, stack="one")
    two = deploy_services(SHOP, loadBalancer=BALANCER, stack="two")
    assert not set(priorities(one).values()) & set(priorities(two).values())


def test_an_owner_leaves_its_tenants_their_numbers() -> None:
    live = what_is_live(web={})
    key = "aws:resourcegroupstaggingapi/getResources:getResources"
    mine = live[key]["resourceTagMappingLists"]
    before = priorities(deploy_services({"web": {}, "api": {"route": {"paths": ["/api/*"]}}}, overrides=live))
    theirs = [neighbour(before["api"], "shop", balancer="load-balancer-1234567")]
    live = {**live, key: {"resourceTagMappingLists": [*mine, *theirs]}}
    after = priorities(deploy_services({"web": {}, "api": {"route": {"paths": ["/api/*"]}}}, overrides=live))
    assert after["api"] == before["api"] + 1


def neighbour(number: int, service: str, *, balancer: str = "shared") -> dict[str, Any]:
    tags = {"Project": "other", "Stack": "test", "ManagedBy": "pulumi", "Service": f"their-{service}"}
    return {
        "resourceArn": f"{RULES}/{balancer}/50dc6c495c0c9188/0000000000000080/{number:016d}",
        "tags": {**tags, "Rule": "production", "Priority": str(number)},
    }


def priorities(recorded: Recorded) -> dict[str, int]:
    return {rule.name: int(rule.inputs["priority"]) for rule in recorded.all("ListenerRule")}


@given(
    first=st.integers(1, 40_000),
    size=st.integers(SMALLEST, 3000),
    paths=st.lists(st.sampled_from(["/*", "/a/*", "/a/b", "/c/d/e/*"]), min_size=1, max_size=20),
    taken=st.sets(st.integers(1, 43_000), max_size=50),
)
def test_numbers_keep_to_their_space_and_their_order(
    first: int, size: int, paths: list[str], taken: set[int]
) -> None:
    space = Space(first=first, last=first + size - 1)
    routes = {f"s{number}": RouteKey(hosts=[], paths=[path]) for number, path in enumerate(paths)}
    found = positions(routes, taken=taken, space=space)
    numbers = [number for one in found.values() for number in (one.production, one.waiting)]
    assert len(set(numbers)) == len(numbers)
    assert not set(numbers) & taken
    assert all(space.first <= number <= space.last for number in numbers)
    by_path = {path: found[name].production for name, path in zip(routes, paths, strict=True)}
    ordered = [path for path in ("/c/d/e/*", "/a/b", "/a/*", "/*") if path in by_path]
    assert sorted(by_path, key=by_path.__getitem__) == ordered
    live = [
        LiveRule(service=name, purpose=purpose, arn="", position=number)
        for name, one in found.items()
        for purpose, number in ((Purpose.PRODUCTION, one.production), (Purpose.WAITING, one.waiting))
    ]
    assert positions(routes, live, taken={*taken, *numbers}, space=space) == found, (
        "an update changes nothing"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cluster": {"existing": "shared", "ec2": {}}}, r"cluster\.ec2: belongs to the owner"),
        (
            {"cluster": {"existing": "shared", "executeCommand": {}}},
            r"cluster\.executeCommand: belongs to the owner",
        ),
        (
            {"cluster": {"existing": "shared", "containerInsights": "disabled"}},
            r"cluster\.containerInsights: belongs to the owner",
        ),
        (
            {"loadBalancer": {**BALANCER, "allowedCidrs": ["10.0.0.0/8"]}},
            r"loadBalancer\.allowedCidrs: belongs to the owner",
        ),
        ({"loadBalancer": {**BALANCER, "firewall": {}}}, r"loadBalancer\.firewall: belongs to the owner"),
        (
            {"loadBalancer": {**BALANCER, "idleTimeout": 30}},
            r"loadBalancer\.idleTimeout: belongs to the owner",
        ),
        ({"loadBalancer": BALANCER, "services": {"web": {}}}, r"services\.web\.route: has no paths or hosts"),
        (
            {"loadBalancer": {"existing": {"name": "shared", "priorities": {"first": 1, "last": 9}}}},
            r"leaves 9 numbers; allowed: at least 500",
        ),
        (
            {
                "loadBalancer": {"existing": {"name": "shared", "priorities": {"first": 1, "last": 900}}},
                "services": {"web": {"route": {"paths": ["/x"], "priority": 901}}},
            },
            r"route\.priority is 901: is not among the stack's numbers; allowed: 1 to 900",
        ),
        (
            {
                "loadBalancer": BALANCER,
                "services": {
                    "web": {
                        "route": {"paths": ["/x"]},
                        "deployment": {"strategy": "canary", "testTraffic": True},
                    }
                },
            },
            r"with loadBalancer\.existing\.testListener",
        ),
    ],
)
def test_mistakes_around_what_is_shared(change: dict[str, Any], message: str) -> None:
    _, problems = validate({"services": SHOP, **change})
    text = "\n".join(problem.render() for problem in problems)
    assert re.search(message, text), text
    assert "fix:" in text


def test_taking_every_request_of_a_shared_load_balancer_has_to_be_said() -> None:
    settings, problems = validate(
        {"services": {"web": {"route": {"paths": ["/*"]}}}, "loadBalancer": BALANCER}
    )
    assert settings is not None, problems


@pytest.mark.parametrize(
    ("concerns", "message"),
    [
        (
            {"cluster": {"existing": "other"}},
            r"run in the cluster ecs-microservice-test, which they cannot leave",
        ),
        (
            {"loadBalancer": {"existing": {"name": "other"}}},
            r"behind the load balancer load-balancer-1234567, and their target groups",
        ),
    ],
)
def test_a_running_stack_does_not_move(concerns: dict[str, Any], message: str) -> None:
    live = what_is_live(web={})
    with pytest.raises(pulumi.RunError, match=message):
        deploy_services({"web": {"route": {"paths": ["/*"]}}}, overrides=live, **concerns)


def test_a_running_stack_goes_on_where_another_stack_says_it_is() -> None:
    live = what_is_live(web={})
    stack = "acme/platform/prod"
    outputs = {"cluster": "ecs-microservice-test"}
    recorded = deploy_services(
        {"web": {}},
        cluster={"existing": f"${{stack:{stack}#cluster}}"},
        overrides={**live, "pulumi:pulumi:StackReference": {stack: outputs}},
    )
    assert recorded.exports["cluster"] == "ecs-microservice-test"
