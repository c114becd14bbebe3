"""How a new version takes over."""

import json
from typing import Any

import pulumi
import pytest

from infra.pure.ownership import TABLE
from tests.program import invariants
from tests.program.deploy import Recorded, Resource, deploy_services
from tests.program.running import shifting, what_is_live

GRADUAL = ["blueGreen", "canary", "linear"]
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:check"


def deployed(strategy: str, **more: Any) -> Recorded:
    return deploy_services({"web": {"deployment": {"strategy": strategy, **more}}})


def service_of(recorded: Recorded) -> Resource:
    return recorded.one("aws:ecs/service:Service")


def test_rolling_makes_nothing_green() -> None:
    recorded = deployed("rolling")
    invariants.check_all(recorded)
    assert [group.name for group in recorded.all("TargetGroup")] == ["web"]
    service = service_of(recorded)
    assert service.inputs["deploymentConfiguration"] == {"strategy": "ROLLING"}
    assert "advancedConfiguration" not in service.inputs["loadBalancers"][0]
    assert service.ignore_changes == []
    assert all(rule.ignore_changes == [] for rule in recorded.all("ListenerRule"))


@pytest.mark.parametrize("strategy", GRADUAL)
def test_gradual_strategies_have_two_target_groups_and_a_role_to_move_traffic(strategy: str) -> None:
    recorded = deployed(strategy)
    invariants.check_all(recorded)
    assert [group.name for group in recorded.all("TargetGroup")] == ["web", "web-spare"]
    (entry,) = service_of(recorded).inputs["loadBalancers"]
    advanced = entry["advancedConfiguration"]
    assert advanced["alternateTargetGroupArn"] != entry["targetGroupArn"]
    assert "/web" in advanced["productionListenerRule"]
    assert advanced["roleArn"].startswith("arn:aws:iam::123456789012:role/web-shift")
    policies = [a.inputs["policyArn"].rsplit("/", 1)[1] for a in recorded.all("RolePolicyAttachment")]
    assert "AmazonECSInfrastructureRolePolicyForLoadBalancers" in policies
    role = recorded.one("aws:iam/role:Role", "web-shift")
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "ecs.amazonaws.com"}


@pytest.mark.parametrize("strategy", GRADUAL)
def test_weights_and_live_target_group_belong_to_ecs(strategy: str) -> None:
    """aws-cdk#36649 resets the weights, terraform-provider-aws#45678 swaps the target groups."""
    live = what_is_live(web=shifting(strategy))
    recorded = deploy_services({"web": {"deployment": {"strategy": strategy}}}, overrides=live)
    invariants.check_all(recorded)
    assert recorded.one("ListenerRule").ignore_changes == ["actions"]
    assert "loadBalancers" in service_of(recorded).ignore_changes


@pytest.mark.parametrize("strategy", ["rolling", *GRADUAL])
def test_circuit_breaker_is_on_with_every_strategy_of_ecs(strategy: str) -> None:
    service = service_of(deployed(strategy))
    assert service.inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}


def test_canary_and_linear_say_how_far_and_how_long() -> None:
    canary = service_of(deployed("canary", canary={"percent": 6, "bakeMinutes": 15}, bakeMinutes=3))
    assert canary.inputs["deploymentConfiguration"] == {
        "strategy": "CANARY",
        "bakeTimeInMinutes": "3",
        "canaryConfiguration": {"canaryPercent": 6, "canaryBakeTimeInMinutes": "15"},
    }
    linear = service_of(deployed("linear", linear={"percent": 25, "bakeMinutes": 2}))
    assert linear.inputs["deploymentConfiguration"]["linearConfiguration"] == {
        "stepPercent": 25,
        "stepBakeTimeInMinutes": "2",
    }


def minutes(recorded: Recorded) -> int:
    return int(service_of(recorded).timeouts["update"].removesuffix("m"))


def test_bake_times_are_in_the_time_budget() -> None:
    """pulumi-awsx#354: ten-minute timeouts."""
    quick = deployed("blueGreen", bakeMinutes=4)
    slow = deployed("blueGreen", bakeMinutes=64)
    assert minutes(slow) == minutes(quick) + 60
    linear = deployed("linear", linear={"percent": 10, "bakeMinutes": 6}, bakeMinutes=4)
    assert minutes(linear) == minutes(quick) + 10 * 6


def test_functions_that_answer_in_progress_are_in_the_time_budget() -> None:
    """ECS goes on asking for up to 24 hours per stage."""
    stages = ["PRE_SCALE_UP", "POST_SCALE_UP"]
    hook = {"lambdaArn": LAMBDA, "stages": stages, "timeoutMinutes": 45}
    assert minutes(deployed("canary", hooks=[hook])) == minutes(deployed("canary")) + 2 * 45


def test_time_that_ecs_leaves_the_alarms_of_a_rolling_deployment_is_in_the_time_budget() -> None:
    """ECS computes it from the alarms; nobody can set it."""
    quick, slow = (deploy_services({"web": {"alarms": {"minutes": count}}}) for count in (1, 31))
    assert minutes(slow) == minutes(quick) + 2 * 30
    web = {"alarms": {"minutes": 31}, "deployment": {"rollbackOnAlarm": False}}
    assert minutes(deploy_services({"web": web})) < minutes(quick)


def test_roles_that_ecs_assumes_ask_for_nothing_that_it_may_not_send() -> None:
    recorded = deployed("canary", hooks=[{"lambdaArn": LAMBDA, "stages": ["POST_SCALE_UP"]}])
    for name in ("web-shift", "web-hooks"):
        (statement,) = json.loads(recorded.one("aws:iam/role:Role", name).inputs["assumeRolePolicy"])[
            "Statement"
        ]
        assert statement == {
            "Effect": "Allow",
            "Principal": {"Service": "ecs.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }


def test_test_traffic_has_a_listener_and_a_rule_that_shows_the_spare_target_group() -> None:
    web = {"deployment": {"strategy": "blueGreen", "testTraffic": True}}
    balancer = {"testListener": {"port": 9001, "allowedCidrs": ["198.51.100.0/24"]}}
    recorded = deploy_services({"web": web}, loadBalancer=balancer)
    invariants.check_all(recorded)
    (action,) = recorded.one("ListenerRule", "web-test").inputs["actions"]
    assert [group["weight"] for group in action["forward"]["targetGroups"]] == [0, 100]
    (entry,) = service_of(recorded).inputs["loadBalancers"]
    assert entry["advancedConfiguration"]["testListenerRule"].endswith(
        recorded.one("ListenerRule", "web-test").name
        + "-"
        + entry["advancedConfiguration"]["testListenerRule"][-7:]
    )
    test_rules = [r for r in recorded.all("SecurityGroupIngressRule") if r.inputs["fromPort"] == 9001]
    assert [r.inputs["cidrIpv4"] for r in test_rules] == ["198.51.100.0/24"]


def test_test_traffic_without_a_listener_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"deployment\.testTraffic is true: needs the load balancer's"):
        deployed("blueGreen", testTraffic=True)


def test_hooks_are_asked_with_a_role_for_exactly_them() -> None:
    recorded = deployed("canary", hooks=[{"lambdaArn": LAMBDA, "stages": ["POST_TEST_TRAFFIC_SHIFT"]}])
    invariants.check_all(recorded)
    (hook,) = service_of(recorded).inputs["deploymentConfiguration"]["lifecycleHooks"]
    assert hook["hookTargetArn"] == LAMBDA
    (statement,) = json.loads(recorded.one("RolePolicy", "web-hooks").inputs["policy"])["Statement"]
    assert statement == {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [LAMBDA]}


def test_people_are_waited_for_without_any_role() -> None:
    pause = {"pause": {"timeoutMinutes": 30, "onTimeout": "CONTINUE"}, "stages": ["POST_TEST_TRAFFIC_SHIFT"]}
    recorded = deployed("blueGreen", hooks=[pause])
    invariants.check_all(recorded)
    (hook,) = service_of(recorded).inputs["deploymentConfiguration"]["lifecycleHooks"]
    assert hook == {
        "targetType": "PAUSE",
        "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"],
        "timeoutConfiguration": {"action": "CONTINUE", "timeoutInMinutes": "30"},
    }
    assert "web-hooks" not in {role.name for role in recorded.all("aws:iam/role:Role")}
    without = minutes(deployed("blueGreen"))
    assert minutes(recorded) == without + 30


@pytest.mark.parametrize(
    ("hook", "complaint"),
    [
        ({"stages": ["PRE_SCALE_UP"]}, "has neither lambdaArn nor pause"),
        ({"lambdaArn": LAMBDA, "pause": {}, "stages": ["PRE_SCALE_UP"]}, "has both lambdaArn and pause"),
        ({"pause": {}, "stages": ["TEST_TRAFFIC_SHIFT"]}, "does not wait for people at TEST_TRAFFIC_SHIFT"),
    ],
)
def test_hook_is_one_function_or_one_pause(hook: dict[str, object], complaint: str) -> None:
    with pytest.raises(pulumi.RunError, match=complaint):
        deployed("canary", hooks=[hook])


def test_codedeploy_owns_what_it_moves() -> None:
    recorded = deployed("codeDeploy")
    invariants.check_all(recorded)
    service = service_of(recorded)
    assert service.inputs["deploymentController"] == {"type": "CODE_DEPLOY"}
    assert service.inputs["launchType"] == "FARGATE"
    assert "deploymentCircuitBreaker" not in service.inputs
    assert "capacityProviderStrategies" not in service.inputs
    assert service.ignore_changes == [
        "taskDefinition",
        "loadBalancers",
        "networkConfiguration",
        "capacityProviderStrategies",
        "launchType",
        "serviceRegistries",
    ]
    assert service.inputs["waitForSteadyState"] is False, "it has no deployments that could become steady"
    assert not service.hooks, "who starts CodeDeploy's deployment follows it"
    group = recorded.one("aws:codedeploy/deploymentGroup:DeploymentGroup").inputs
    pair = group["loadBalancerInfo"]["targetGroupPairInfo"]
    assert len(pair["targetGroups"]) == 2
    assert "testTrafficRoute" not in pair
    assert group["autoRollbackConfiguration"]["enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["autoRollbackConfiguration"]["events"]
    assert len(group["alarmConfiguration"]["alarms"]) == 5
    assert service.urn in recorded.one("aws:codedeploy/deploymentGroup:DeploymentGroup").depends_on


def test_no_codedeploy_without_codedeploy() -> None:
    for strategy in ("rolling", *GRADUAL):
        assert not deployed(strategy).all("aws:codedeploy/application:Application")


def test_deployment_that_could_never_move_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="none could be replaced"):
        deploy_services({"web": {"deployment": {"minimumHealthyPercent": 100, "maximumPercent": 100}}})


def test_ownership_table_says_why() -> None:
    assert all(row.why and row.property for row in TABLE)
    assert len({(row.kind, row.property, row.owner) for row in TABLE}) == len(TABLE)
