"""One service: its graph and options."""

import json
from typing import Any

import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services


@pytest.fixture(scope="module")
def seed() -> Recorded:
    return deploy_services({"web": {}})


@pytest.fixture(scope="module")
def two() -> Recorded:
    return deploy_services(
        {"web": {}, "api": {"route": {"paths": ["/api", "/api/*"]}, "port": 8080, "memory": 1024}}
    )


def containers(recorded: Recorded, name: str = "web") -> dict[str, dict[str, Any]]:
    definition = recorded.one("TaskDefinition", name)
    return {c["name"]: c for c in json.loads(definition.inputs["containerDefinitions"])}


def test_task_definition_is_the_seeds(seed: Recorded) -> None:
    definition = seed.one("TaskDefinition")
    assert definition.inputs["cpu"] == "256"
    assert definition.inputs["memory"] == "512"
    assert definition.inputs["networkMode"] == "awsvpc"
    assert definition.inputs["family"] == "ecs-microservice-test-web"
    assert definition.inputs["skipDestroy"] is True
    mapping = containers(seed)["web"]["portMappings"][0]
    assert (mapping["containerPort"], mapping["protocol"]) == (5000, "tcp")


def test_logs_never_block_the_app_and_go_to_the_programs_own_group(seed: Recorded) -> None:
    logs = containers(seed)["web"]["logConfiguration"]
    assert logs["logDriver"] == "awslogs"
    assert logs["options"]["mode"] == "non-blocking"
    assert logs["options"]["max-buffer-size"] == "25m"
    assert logs["options"]["awslogs-region"] == "us-east-1"
    group = seed.one("LogGroup")
    assert logs["options"]["awslogs-group"] == group.inputs["name"]
    assert group.inputs["retentionInDays"] == 30


def test_family_is_stable_and_old_revisions_stay(seed: Recorded) -> None:
    """terraform-provider-aws#258: nothing to roll back to; awsx: the family derives from a hash of the containers."""
    changed = deploy_services({"web": {"environment": {"A": "1"}, "cpu": 512, "memory": 1024}})
    for recorded in (seed, changed):
        definition = recorded.one("TaskDefinition").inputs
        assert definition["family"] == "ecs-microservice-test-web"
        assert definition["skipDestroy"] is True


def test_circuit_breaker_always_rolls_back(seed: Recorded) -> None:
    assert seed.one("aws:ecs/service:Service").inputs["deploymentCircuitBreaker"] == {
        "enable": True,
        "rollback": True,
    }


def test_deployments_are_followed_by_hooks_within_their_own_time_budget(seed: Recorded) -> None:
    """pulumi-awsx#1848, pulumi-aws#4487: rolled back, and the update still reports success."""
    service = seed.one("aws:ecs/service:Service")
    assert service.hooks == {"after_create": ["web-rollout"], "after_update": ["web-rollout"]}
    assert service.inputs["waitForSteadyState"] is False, "the provider knows neither exit codes nor logs"
    assert set(service.timeouts) == {"create", "update", "delete"}


def test_time_budget_follows_the_drain_time() -> None:
    quick = deploy_services({"web": {"deregistrationDelay": 30}}).one("aws:ecs/service:Service").timeouts
    slow = deploy_services({"web": {"deregistrationDelay": 900}}).one("aws:ecs/service:Service").timeouts
    assert int(slow["update"][:-1]) >= int(quick["update"][:-1]) + 2 * (900 - 30) // 60
    assert int(slow["delete"][:-1]) > int(quick["delete"][:-1])


def test_service_waits_for_its_rule_and_policies_named_in_depends_on(seed: Recorded) -> None:
    """aws-cdk#1160 "target group does not have an associated load balancer", terraform-aws-ecs#414."""
    service = seed.one("aws:ecs/service:Service")
    assert seed.one("ListenerRule", "web-waiting").urn in service.depends_on
    assert seed.one("RolePolicy").urn in service.depends_on


def resources(recorded: Recorded) -> dict[str, list[str]]:
    """Action → resources, of the execution role's own policy."""
    statements = json.loads(recorded.one("RolePolicy", "web-execution").inputs["policy"])["Statement"]
    return {action: s["Resource"] for s in statements for action in s["Action"]}


def test_execution_role_pulls_its_own_image_and_the_task_role_may_do_nothing(seed: Recorded) -> None:
    assert not seed.all("RolePolicyAttachment")
    (policy,) = seed.all("RolePolicy")
    assert policy.inputs["role"].startswith("web-execution-")
    repository = seed.one("aws:ecr/repository:Repository").inputs["name"]
    group = "arn:aws:cloudwatch:us-east-1:123456789012:LogGroup//ecs/ecs-microservice-test/web"
    assert resources(seed) == {
        "ecr:GetAuthorizationToken": ["*"],
        "ecr:BatchCheckLayerAvailability": [f"arn:aws:ecr:us-east-1:123456789012:Repository/{repository}"],
        "ecr:BatchGetImage": [f"arn:aws:ecr:us-east-1:123456789012:Repository/{repository}"],
        "ecr:GetDownloadUrlForLayer": [f"arn:aws:ecr:us-east-1:123456789012:Repository/{repository}"],
        "logs:CreateLogStream": [f"{group}:*"],
        "logs:PutLogEvents": [f"{group}:*"],
    }


def test_execution_role_pulls_images_of_other_accounts_and_asks_nothing_for_public_ones() -> None:
    image = "210987654321.dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.0"
    sidecars = {"agent": {"image": "ghcr.io/shop/agent:2"}}
    pulled = resources(deploy_services({"web": {"image": image, "sidecars": sidecars}}))
    assert pulled["ecr:BatchGetImage"] == ["arn:aws:ecr:eu-west-1:210987654321:repository/shop/web"]
    public = resources(deploy_services({"web": {"image": "ghcr.io/shop/web:1.0"}}))
    assert set(public) == {"logs:CreateLogStream", "logs:PutLogEvents"}


def test_roles_trust_only_ecs_tasks_of_this_account(seed: Recorded) -> None:
    for role in seed.all("aws:iam/role:Role"):
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_tasks_are_reachable_only_from_the_load_balancer_on_the_container_port(seed: Recorded) -> None:
    """Where awsx opens security groups to the world on all ports."""
    groups = {g.name: g for g in seed.all("aws:ec2/securityGroup:SecurityGroup")}
    into_tasks = [
        r
        for r in seed.all("SecurityGroupIngressRule")
        if groups["web"].urn in r.depends_on and r.inputs["securityGroupId"].startswith("web-")
    ]
    (rule,) = into_tasks
    assert rule.inputs["referencedSecurityGroupId"].startswith("load-balancer-")
    assert (rule.inputs["fromPort"], rule.inputs["toPort"]) == (5000, 5000)


def test_target_group_is_auto_named_and_created_before_the_old_one_goes(seed: Recorded) -> None:
    """pulumi-aws#4220: a named target group cannot be replaced."""
    target_group = seed.one("TargetGroup")
    assert "name" not in target_group.inputs
    assert target_group.delete_before_replace is False
    assert target_group.inputs["targetType"] == "ip"


def test_requests_come_once_the_tasks_are_healthy_and_never_by_the_rule_that_waits(seed: Recorded) -> None:
    service = seed.one("aws:ecs/service:Service")
    assert service.urn in seed.one("ListenerRule", "web").depends_on
    waiting = seed.one("ListenerRule", "web-waiting").inputs
    assert waiting["conditions"] == [{"sourceIp": {"values": ["192.0.2.0/24"]}}], "addresses of documentation"


def test_rule_is_weighted_from_the_start(seed: Recorded) -> None:
    (action,) = seed.one("ListenerRule", "web").inputs["actions"]
    assert action["type"] == "forward"
    assert [g["weight"] for g in action["forward"]["targetGroups"]] == [100]
    assert "targetGroupArn" not in action


def test_listener_itself_answers_404(seed: Recorded) -> None:
    (action,) = seed.one("aws:lb/listener:Listener").inputs["defaultActions"]
    assert action["type"] == "fixed-response"
    assert action["fixedResponse"]["statusCode"] == "404"


def test_repository_is_immutable_scanned_and_cleaned(seed: Recorded) -> None:
    repository = seed.one("aws:ecr/repository:Repository")
    assert repository.inputs["imageTagMutability"] == "IMMUTABLE"
    assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
    policy = seed.one("LifecyclePolicy")
    rules = json.loads(policy.inputs["policy"])["rules"]
    assert {rule["selection"]["tagStatus"] for rule in rules} == {"untagged"}
    # The provider replaces it, and a repository has one: made first, the delete of the old one would take the new away.
    assert policy.delete_before_replace


@pytest.mark.parametrize(("production", "force"), [(True, False), (False, True)])
def test_images_survive_a_destroy_exactly_in_production(production: bool, force: bool) -> None:
    """pulumi/examples#1302: a non-empty repository blocks destroy."""
    recorded = deploy_services({"web": {}}, production=production)
    assert recorded.one("aws:ecr/repository:Repository").inputs["forceDelete"] is force


def test_image_tag_is_the_content_and_the_task_runs_the_digest(seed: Recorded) -> None:
    image = seed.one("docker-build:index:Image")
    (tag,) = image.inputs["tags"]
    assert len(tag.rsplit(":", 1)[1]) == 20
    assert image.inputs["push"] is True
    assert containers(seed)["web"]["image"].endswith(seed.exports["images"]["web"])


def test_two_services_share_cluster_and_load_balancer(two: Recorded) -> None:
    invariants.check_all(two)
    assert len(two.all("aws:ecs/cluster:Cluster")) == 1
    assert len(two.all("aws:lb/loadBalancer:LoadBalancer")) == 1
    assert two.exports["services"] == {"web": "web", "api": "api"}


def test_specific_route_is_asked_before_the_one_that_takes_the_rest(two: Recorded) -> None:
    rules = {r.name: r.inputs for r in two.all("ListenerRule")}
    assert rules["api"]["priority"] < rules["web"]["priority"]
    assert rules["web"]["conditions"] == [{"pathPattern": {"values": ["/*"]}}]
    assert rules["api"]["conditions"] == [{"pathPattern": {"values": ["/api", "/api/*"]}}]


def test_hosts_route_too() -> None:
    recorded = deploy_services({"web": {}, "api": {"route": {"hosts": ["api.example.com"]}}})
    (condition,) = recorded.one("ListenerRule", "api").inputs["conditions"]
    assert condition == {"hostHeader": {"values": ["api.example.com"]}}


def test_worker_has_no_target_group_and_no_way_in() -> None:
    recorded = deploy_services({"worker": {"route": {"enabled": False}}})
    invariants.check_all(recorded)
    assert not recorded.all("TargetGroup")
    assert not recorded.all("ListenerRule")
    assert "loadBalancers" not in recorded.one("aws:ecs/service:Service").inputs
    assert not recorded.all("SecurityGroupIngressRule")


def test_partition_of_the_account_is_in_every_arn() -> None:
    answer = {"partition": "aws-us-gov", "dnsSuffix": "amazonaws.com", "id": "aws-us-gov"}
    web = {"deployment": {"strategy": "canary"}}
    recorded = deploy_services({"web": web}, overrides={"aws:index/getPartition:getPartition": answer})
    assert recorded.one("RolePolicyAttachment").inputs["policyArn"].startswith("arn:aws-us-gov:iam::aws:")


def test_preview_evaluates_too() -> None:
    recorded = deploy_services({"web": {}}, preview=True)
    assert recorded.one("aws:ecs/service:Service").inputs["name"] == "web"
