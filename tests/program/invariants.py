"""What must hold for every graph that the program describes, whatever the settings."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.program.deploy import Recorded, Resource

STACK = "pulumi:pulumi:Stack"
OPEN = {"0.0.0.0/0", "::/0"}
ALLOWED_ON_ANY_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
    "logs:DescribeLogGroups",
}
"""Actions that have no resource-level permissions (Service Authorization Reference)."""


def check_all(recorded: Recorded) -> None:
    """Every invariant below."""
    nothing_outside_components(recorded)
    components_register_outputs(recorded)
    only_listener_ports_are_open(recorded)
    no_inline_security_group_rules(recorded)
    no_wildcard_permissions(recorded)
    arns_follow_the_partition(recorded)
    names_fit(recorded)
    services_come_last(recorded)
    images_are_digests(recorded)
    no_secret_in_plain_sight(recorded)
    replacements_are_possible(recorded)
    target_groups_belong_to_a_load_balancer_first(recorded)
    rolling_has_nothing_spare(recorded)
    desired_count_has_one_owner(recorded)


def nothing_outside_components(recorded: Recorded) -> None:
    for resource in recorded.resources:
        if resource.custom and not resource.type.startswith("pulumi:providers:"):
            assert STACK not in resource.parent.rsplit("$", 1)[-1], (
                f"{resource.urn} has no component as parent"
            )
            assert (
                resource.parent.split("::")[2]
                .rsplit("$", 1)[-1]
                .startswith(("ecs-microservice:index:", "awsx:ec2:"))
            ), resource.urn


def components_register_outputs(recorded: Recorded) -> None:
    for resource in recorded.resources:
        if resource.type.startswith("ecs-microservice:"):
            assert resource.urn in recorded.component_outputs, f"{resource.urn} registers no outputs"


def only_listener_ports_are_open(recorded: Recorded) -> None:
    ports = {listener.inputs["port"] for listener in recorded.all("aws:lb/listener:Listener")}
    for rule in recorded.all("SecurityGroupIngressRule"):
        sources = [
            rule.inputs.get(key)
            for key in ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId")
            if rule.inputs.get(key)
        ]
        assert len(sources) == 1, f"{rule.name} has {sources} as sources"
        assert rule.inputs["ipProtocol"] == "tcp", rule.name
        assert rule.inputs["fromPort"] == rule.inputs["toPort"], rule.name
        if sources[0] in OPEN:
            assert rule.inputs["fromPort"] in ports, (
                f"{rule.name} opens {rule.inputs['fromPort']} to the world"
            )


def no_inline_security_group_rules(recorded: Recorded) -> None:
    for group in recorded.all("aws:ec2/securityGroup:SecurityGroup"):
        assert "ingress" not in group.inputs, group.name
        assert "egress" not in group.inputs, group.name


def documents(recorded: Recorded) -> Iterator[tuple[Resource, dict[str, Any]]]:
    """Every IAM policy document of the graph."""
    for resource in recorded.resources:
        for key in ("policy", "assumeRolePolicy"):
            text = resource.inputs.get(key)
            if isinstance(text, str) and text.startswith("{") and "Statement" in text:
                yield resource, json.loads(text)


def no_wildcard_permissions(recorded: Recorded) -> None:
    for resource, document in documents(recorded):
        for statement in document["Statement"]:
            if statement["Effect"] != "Allow" or "Principal" in statement:
                continue
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            resources = statement["Resource"]
            resources = resources if isinstance(resources, list) else [resources]
            assert "*" not in actions, f"{resource.urn} allows everything"
            if "*" in resources and not statement.get("Condition"):
                assert set(actions) <= ALLOWED_ON_ANY_RESOURCE, f"{resource.urn}: {actions} on *"


def arns_follow_the_partition(recorded: Recorded) -> None:
    """The mocks answer the partition `aws`; `test_partition` runs the same graph in another one."""
    for resource in recorded.resources:
        for arn in re.findall(r"arn:[a-z-]*:", json.dumps(dict(resource.inputs))):
            assert arn == "arn:aws:", f"{resource.urn} has {arn}"


LIMITS = {
    "aws:lb/loadBalancer:LoadBalancer": 32,
    "aws:lb/targetGroup:TargetGroup": 32,
    "aws:iam/role:Role": 64,
    "aws:ecs/cluster:Cluster": 255,
    "aws:ecs/service:Service": 255,
    "aws:ecr/repository:Repository": 256,
    "aws:cloudwatch/logGroup:LogGroup": 512,
    "aws:ec2/securityGroup:SecurityGroup": 255,
    "aws:cloudwatch/eventRule:EventRule": 64,
    "aws:wafv2/webAcl:WebAcl": 128,
}


def names_fit(recorded: Recorded) -> None:
    for resource in recorded.resources:
        limit = LIMITS.get(resource.type)
        if limit:
            name = str(resource.inputs.get("name") or f"{resource.name}-1234567")
            assert len(name) <= limit, f"{resource.urn}: {name} has {len(name)} characters"


PARTS_OF_A_SERVICE = {
    "ListenerRule", "TargetGroup", "Role", "RolePolicy", "RolePolicyAttachment", "LogGroup", "TaskDefinition",
    "SecurityGroup", "SecurityGroupIngressRule", "SecurityGroupEgressRule", "SecretVersion",
}  # fmt: skip


def services_come_last(recorded: Recorded) -> None:
    """A service waits for its rules, its roles' policies and its log group; on destroy they go after it.

    The rule that requests meet comes after a rolling service instead: its traffic moves to healthy tasks only.
    """
    by_urn = {resource.urn: resource for resource in recorded.resources}
    for service in recorded.all("aws:ecs/service:Service"):
        before = recorded.waits_for(service)
        for resource in recorded.resources:
            kind = resource.type.rsplit(":", 1)[-1]
            if kind == "ListenerRule" and service.urn in resource.depends_on:
                assert _is_rolling(service), f"{resource.urn} must be there before {service.name}"
                continue
            if kind in PARTS_OF_A_SERVICE and _belongs_to(resource, service.parent, by_urn):
                assert resource.urn in before, f"{service.name} does not wait for {resource.urn}"
        for capacity in recorded.all("ClusterCapacityProviders"):  # none in a cluster of somebody else's
            assert capacity.urn in before, f"{service.name} does not wait for the cluster's capacity"
        if service.inputs.get("loadBalancers"):
            for listener in recorded.all("aws:lb/listener:Listener"):
                assert listener.urn in before, f"{service.name} does not wait for {listener.name}"


def _belongs_to(resource: Resource, microservice: str, by_urn: dict[str, Resource]) -> bool:
    """Whether a resource is part of a microservice; CodeDeploy's own role comes after the service."""
    parent = resource.parent
    while parent in by_urn:
        if by_urn[parent].type.endswith(":CodeDeployment"):
            return False
        if parent == microservice:
            return True
        parent = by_urn[parent].parent
    return False


def images_are_digests(recorded: Recorded) -> None:
    for definition in recorded.all("TaskDefinition"):
        for container in json.loads(definition.inputs["containerDefinitions"]):
            assert re.search(r"@sha256:[0-9a-f]{64}$", container["image"]), f"{definition.name}: {container}"


def no_secret_in_plain_sight(recorded: Recorded) -> None:
    for image in recorded.all("docker-build:index:Image"):
        assert "registries" in image.secret_inputs, f"{image.name} shows its registry password"
        if image.inputs.get("secrets"):
            assert "secrets" in image.secret_inputs, f"{image.name} shows its build secrets"
    for version in recorded.all("aws:secretsmanager/secretVersion:SecretVersion"):
        assert "secretString" in version.secret_inputs, f"{version.name} shows its value"


def replacements_are_possible(recorded: Recorded) -> None:
    """What has a fixed name goes before its replacement comes; what has none is created first."""
    for resource in recorded.resources:
        if resource.type == "aws:ecs/service:Service":
            assert resource.delete_before_replace, resource.urn
        if resource.type == "aws:lb/targetGroup:TargetGroup":
            assert "name" not in resource.inputs, resource.urn
            assert not resource.delete_before_replace, resource.urn


def _is_rolling(service: Resource) -> bool:
    return bool(service.inputs.get("deploymentConfiguration", {}).get("strategy") == "ROLLING")


def target_groups_belong_to_a_load_balancer_first(recorded: Recorded) -> None:
    """ECS refuses a target group without a load balancer (aws-cdk#1160)."""
    for service in recorded.all("aws:ecs/service:Service"):
        before = recorded.waits_for(service)
        forwarded = {
            group["arn"]
            for rule in recorded.all("ListenerRule")
            if rule.urn in before
            for action in rule.inputs["actions"]
            for group in action["forward"]["targetGroups"]
        }
        for entry in service.inputs.get("loadBalancers", []):
            advanced = entry.get("advancedConfiguration", {})
            used = {entry["targetGroupArn"], advanced.get("alternateTargetGroupArn", entry["targetGroupArn"])}
            assert used <= forwarded, f"{service.name} comes before its target groups have a load balancer"


def rolling_has_nothing_spare(recorded: Recorded) -> None:
    for service in recorded.all("aws:ecs/service:Service"):
        configuration = service.inputs.get("deploymentConfiguration", {})
        if configuration.get("strategy") == "ROLLING":
            tags = [group.inputs["tags"]["Service"] for group in recorded.all("TargetGroup")]
            assert tags.count(service.name) <= 1


def desired_count_has_one_owner(recorded: Recorded) -> None:
    """The autoscaler where there is one, Pulumi where there is none (aws-cdk#3919)."""
    scaled = {target.name for target in recorded.all("aws:appautoscaling/target:Target")}
    for service in recorded.all("aws:ecs/service:Service"):
        assert ("desiredCount" in service.ignore_changes) is (service.name in scaled), service.name
