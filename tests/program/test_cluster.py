"""What services run on."""

import base64
import json

import pulumi
import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services
from tests.program.running import ON_DEMAND, what_is_live

EC2 = {"ec2": {"instanceType": "t4g.medium", "architecture": "arm64"}}
PRIVATE: dict[str, object] = {"create": {}}
ON_EC2 = {"web": {"launch": "ec2", "architecture": "arm64"}}


@pytest.fixture(scope="module")
def ec2() -> Recorded:
    return deploy_services(ON_EC2, cluster=EC2, network=PRIVATE, production=False)


def strategy(recorded: Recorded) -> list[tuple[str, int, int]]:
    entries = recorded.one("aws:ecs/service:Service").inputs["capacityProviderStrategies"]
    return [(e["capacityProvider"], int(e["base"]), int(e["weight"])) for e in entries]


def test_container_insights_are_enhanced_unless_said_otherwise() -> None:
    recorded = deploy_services({"web": {}})
    settings = recorded.one("aws:ecs/cluster:Cluster").inputs["settings"]
    assert settings == [{"name": "containerInsights", "value": "enhanced"}]


def test_fargate_on_demand_is_the_default() -> None:
    assert strategy(deploy_services({"web": {}})) == [("FARGATE", 0, 1)]


def test_spot_has_a_base_on_demand() -> None:
    recorded = deploy_services(
        {"web": {}}, cluster={"fargate": {"onDemandBase": 2, "onDemandWeight": 1, "spotWeight": 3}}
    )
    assert strategy(recorded) == [("FARGATE", 2, 1), ("FARGATE_SPOT", 0, 3)]


def test_service_never_names_a_launch_type_that_would_replace_it_later() -> None:
    assert "launchType" not in deploy_services({"web": {}}).one("aws:ecs/service:Service").inputs


def test_capacity_can_change_while_the_service_lives() -> None:
    """terraform-provider-aws#43533: the provider refuses it without a new deployment."""
    spot = {"fargate": {"spotWeight": 1}}
    live = what_is_live(web={"capacityProviderStrategies": [ON_DEMAND]})
    changed = deploy_services({"web": {}}, cluster=spot, overrides=live).one("aws:ecs/service:Service")
    assert changed.inputs["forceNewDeployment"] is True
    assert "forceNewDeployment" not in changed.ignore_changes


def test_nothing_else_is_forced_to_be_a_deployment() -> None:
    """Another number of tasks must not cost a canary."""
    live = what_is_live(web={"capacityProviderStrategies": [ON_DEMAND], "desiredCount": 2})
    more = deploy_services({"web": {"desiredCount": 3}}, overrides=live).one("aws:ecs/service:Service")
    assert more.inputs["forceNewDeployment"] is False
    assert "forceNewDeployment" not in more.ignore_changes, (
        "what an earlier change has set goes with this one"
    )
    same = deploy_services({"web": {}}, overrides=live).one("aws:ecs/service:Service")
    assert "forceNewDeployment" in same.ignore_changes, "and is no change of its own"


def test_ec2_service_runs_on_the_clusters_instances(ec2: Recorded) -> None:
    invariants.check_all(ec2)
    assert strategy(ec2)[0][0].startswith("cluster-ec2")
    definition = ec2.one("TaskDefinition")
    assert definition.inputs["requiresCompatibilities"] == ["EC2"]
    assert definition.inputs["runtimePlatform"]["cpuArchitecture"] == "ARM64"
    configuration = ec2.one("aws:ecs/service:Service").inputs["networkConfiguration"]
    assert configuration["assignPublicIp"] is False


def test_instances_ask_for_tokens_and_hide_their_role_from_tasks(ec2: Recorded) -> None:
    template = ec2.one("LaunchTemplate").inputs
    assert template["metadataOptions"]["httpTokens"] == "required"
    assert template["metadataOptions"]["httpPutResponseHopLimit"] == 1
    assert template["blockDeviceMappings"][0]["ebs"]["encrypted"] == "true"
    assert template["imageId"].startswith(
        "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/arm64/"
    )
    script = base64.b64decode(template["userData"]).decode()
    assert "ECS_CLUSTER=ecs-microservice-test\n" in script
    assert "ECS_AWSVPC_BLOCK_IMDS=true\n" in script


@pytest.mark.parametrize("production", [True, False])
def test_instances_never_keep_a_destroy_from_ending_outside_production(production: bool) -> None:
    """aws-cdk#18179: a capacity provider hangs on destroy."""
    recorded = deploy_services(ON_EC2, cluster=EC2, network=PRIVATE, production=production)
    provider = recorded.one("aws:ecs/capacityProvider:CapacityProvider").inputs["autoScalingGroupProvider"]
    assert provider["managedDraining"] == "ENABLED"
    assert provider["managedTerminationProtection"] == ("ENABLED" if production else "DISABLED")
    group = recorded.one("aws:autoscaling/group:Group")
    assert group.inputs["protectFromScaleIn"] is production
    assert group.inputs["forceDelete"] is not production


def test_instances_and_their_disks_carry_the_stacks_tags(ec2: Recorded) -> None:
    """The provider's default tags reach neither the group nor what it starts."""
    stack = {"Project": "ecs-microservice", "Stack": "test", "ManagedBy": "pulumi"}
    specifications = ec2.one("LaunchTemplate").inputs["tagSpecifications"]
    assert {one["resourceType"]: one["tags"] for one in specifications} == {
        "instance": stack,
        "volume": stack,
        "network-interface": stack,
    }
    group = {tag["key"]: tag["value"] for tag in ec2.one("aws:autoscaling/group:Group").inputs["tags"]}
    assert group == {"AmazonECSManaged": "true", **stack}


@pytest.mark.parametrize(
    ("instance_type", "architecture", "right"),
    [("t3.medium", "arm64", "t4g.medium"), ("m7g.large", "x86_64", "t3.medium")],
)
def test_instances_of_another_architecture_are_refused(
    instance_type: str, architecture: str, right: str
) -> None:
    ec2 = {"instanceType": instance_type, "architecture": architecture}
    with pytest.raises(pulumi.RunError, match=rf"instanceType is .*\n.*instanceType {right}"):
        deploy_services({"web": {}}, cluster={"ec2": ec2})


def test_number_of_instances_belongs_to_ecs(ec2: Recorded) -> None:
    group = ec2.one("aws:autoscaling/group:Group")
    assert group.ignore_changes == ["desiredCapacity"]
    assert "desiredCapacity" not in group.inputs


def test_capacity_outlives_the_services(ec2: Recorded) -> None:
    service = ec2.one("aws:ecs/service:Service")
    before = ec2.waits_for(service)
    assert ec2.one("aws:ecs/capacityProvider:CapacityProvider").urn in before
    assert ec2.one("ClusterCapacityProviders").urn in service.depends_on


def test_arm64_is_built_and_run_for_arm64() -> None:
    recorded = deploy_services({"web": {"architecture": "arm64"}})
    assert recorded.one("docker-build:index:Image").inputs["platforms"] == ["linux/arm64"]
    platform = recorded.one("TaskDefinition").inputs["runtimePlatform"]
    assert platform == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}


def test_sessions_are_encrypted_and_logged() -> None:
    services = {
        "web": {"executeCommand": True, "container": {"readOnlyRootFilesystem": False}},
        "api": {"route": {"paths": ["/api/*"]}},
    }
    recorded = deploy_services(services, cluster={"executeCommand": {"logRetentionDays": 30}})
    invariants.check_all(recorded)
    configuration = recorded.one("aws:ecs/cluster:Cluster").inputs["configuration"]
    command = configuration["executeCommandConfiguration"]
    assert command["logging"] == "OVERRIDE"
    assert command["logConfiguration"]["cloudWatchEncryptionEnabled"] is True
    key = recorded.one("aws:kms/key:Key")
    assert key.inputs["enableKeyRotation"] is True
    assert recorded.one("LogGroup", "cluster-sessions").inputs["retentionInDays"] == 30
    enabled = {s.name: s.inputs["enableExecuteCommand"] for s in recorded.all("aws:ecs/service:Service")}
    assert enabled == {"web": True, "api": False}
    policies = {p.name: json.loads(p.inputs["policy"]) for p in recorded.all("RolePolicy")}
    assert set(policies) == {"web-execution", "api-execution", "web-sessions"}
    assert {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [key_arn(recorded)]} in policies[
        "web-sessions"
    ]["Statement"]


def key_arn(recorded: Recorded) -> str:
    cluster = recorded.one("aws:ecs/cluster:Cluster")
    arn: str = cluster.inputs["configuration"]["executeCommandConfiguration"]["kmsKeyId"]
    return arn
