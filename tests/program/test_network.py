"""Where a stack runs."""

import json
from typing import Any

import pulumi
import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services

EXISTING = {
    "vpcId": "vpc-0a1b2c3d4e5f67890",
    "publicSubnetIds": ["subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2"],
}
PRIVATE = {"privateSubnetIds": ["subnet-0bbbbbbbbbbbbbbb1"]}


def placement(recorded: Recorded) -> tuple[list[str], bool]:
    configuration = recorded.one("aws:ecs/service:Service").inputs["networkConfiguration"]
    return configuration["subnets"], configuration["assignPublicIp"]


def test_default_vpc_is_used_without_any_key() -> None:
    recorded = deploy_services({"web": {}})
    assert placement(recorded) == (["subnet-0aaaaaaa", "subnet-0bbbbbbb"], True)
    assert ("aws:ec2/getVpc:getVpc", {"default": True}) in recorded.invokes


def test_existing_vpc_keeps_tasks_private_where_it_can() -> None:
    recorded = deploy_services({"web": {}}, network={"existing": {**EXISTING, **PRIVATE}})
    invariants.check_all(recorded)
    assert placement(recorded) == (PRIVATE["privateSubnetIds"], False)
    balancer = recorded.one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer.inputs["subnets"] == EXISTING["publicSubnetIds"]


def test_existing_vpc_without_private_subnets_gives_tasks_addresses() -> None:
    recorded = deploy_services({"web": {}}, network={"existing": EXISTING})
    assert placement(recorded) == (EXISTING["publicSubnetIds"], True)


@pytest.mark.parametrize(("nat", "strategy"), [("perZone", "OnePerAz"), ("single", "Single")])
def test_created_vpc_has_large_private_subnets_and_small_public_ones(nat: str, strategy: str) -> None:
    recorded = deploy_services({"web": {}}, network={"create": {"nat": nat}})
    invariants.check_all(recorded)
    vpc = recorded.one("awsx:ec2:Vpc")
    assert vpc.inputs["natGateways"] == {"strategy": strategy}
    assert vpc.inputs["numberOfAvailabilityZones"] == 3
    assert [(s["type"], s["cidrMask"]) for s in vpc.inputs["subnetSpecs"]] == [
        ("Private", 19),
        ("Public", 26),
    ]
    assert placement(recorded) == (["subnet-0b1", "subnet-0b2", "subnet-0b3"], False)


def test_created_vpc_hands_its_parts_to_the_same_provider() -> None:
    vpc = deploy_services({"web": {}}, network={"create": {}}).one("awsx:ec2:Vpc")
    assert "::aws::" in vpc.providers["aws"]


def test_public_tasks_need_no_nat() -> None:
    recorded = deploy_services({"web": {}}, network={"create": {"nat": "none"}, "publicTasks": True})
    assert placement(recorded) == (["subnet-0a1", "subnet-0a2", "subnet-0a3"], True)


def test_private_tasks_without_a_way_to_pull_are_refused() -> None:
    """sst#6019: private tasks cannot pull."""
    with pytest.raises(
        pulumi.RunError, match=r"network\.endpoints is \[\]: the tasks are in private subnets"
    ):
        deploy_services({"web": {}}, network={"create": {"nat": "none"}})


def test_endpoints_take_the_place_of_nat() -> None:
    """copilot-cli#5167: a crash loop pulled 122 GB through a NAT gateway in a day."""
    network = {"create": {"nat": "none"}, "endpoints": ["s3", "ecr", "logs"]}
    recorded = deploy_services({"web": {}}, network=network)
    invariants.check_all(recorded)
    endpoints = {e.inputs["serviceName"]: e.inputs for e in recorded.all("VpcEndpoint")}
    prefix = "com.amazonaws.us-east-1"
    assert set(endpoints) == {f"{prefix}.{name}" for name in ("s3", "ecr.api", "ecr.dkr", "logs")}
    assert endpoints[f"{prefix}.s3"]["vpcEndpointType"] == "Gateway"
    assert endpoints[f"{prefix}.s3"]["routeTableIds"] == ["rtb-0a", "rtb-0b"]
    assert endpoints[f"{prefix}.logs"]["privateDnsEnabled"] is True
    (rule,) = [r for r in recorded.all("SecurityGroupIngressRule") if r.name == "network-endpoints"]
    assert rule.inputs["cidrIpv4"] == "10.0.0.0/16"
    assert rule.inputs["fromPort"] == 443


def test_gateway_endpoint_alone_needs_no_security_group() -> None:
    recorded = deploy_services({"web": {}}, network={"endpoints": ["s3"]})
    assert [g.name for g in recorded.all("aws:ec2/securityGroup:SecurityGroup")] == ["load-balancer", "web"]


def test_secrets_and_sessions_need_endpoints_of_their_own() -> None:
    with pytest.raises(
        pulumi.RunError, match="a list with secretsmanager, ssm, ssmmessages, kms, or a way out"
    ):
        deploy_services(
            {
                "web": {
                    "secrets": {"A": {"ssm": "/a"}, "B": {"secretsManager": "b"}},
                    "executeCommand": True,
                    "container": {"readOnlyRootFilesystem": False},
                }
            },
            cluster={"executeCommand": {}},
            network={"create": {"nat": "none"}, "endpoints": ["s3", "ecr", "logs"]},
        )


def test_container_instances_need_endpoints_to_join_the_cluster() -> None:
    network = {"create": {"nat": "none"}, "endpoints": ["s3", "ecr", "logs"]}
    with pytest.raises(pulumi.RunError, match="a list with ecs, or a way out"):
        deploy_services({"web": {"launch": "ec2"}}, cluster={"ec2": {}}, network=network)
    recorded = deploy_services(
        {"web": {"launch": "ec2"}},
        cluster={"ec2": {}},
        network={**network, "endpoints": ["s3", "ecr", "logs", "ecs"]},
    )
    names = {
        e.inputs["serviceName"].removeprefix("com.amazonaws.us-east-1.") for e in recorded.all("VpcEndpoint")
    }
    assert {"ecs", "ecs-agent", "ecs-telemetry"} <= names


def test_foreign_image_is_out_of_reach_without_nat() -> None:
    with pytest.raises(pulumi.RunError, match=r"services\.web\.image is .*only images in ECR"):
        deploy_services(
            {"web": {"image": "ghcr.io/shop/web:1.0"}},
            network={"create": {"nat": "none"}, "endpoints": ["s3", "ecr", "logs"]},
        )


def test_flow_logs_record_connections() -> None:
    recorded = deploy_services({"web": {}}, network={"flowLogs": {"retentionDays": 14, "traffic": "REJECT"}})
    invariants.check_all(recorded)
    log = recorded.one("aws:ec2/flowLog:FlowLog")
    assert log.inputs["trafficType"] == "REJECT"
    group = recorded.one("LogGroup", "network-flow-log")
    assert group.inputs["retentionInDays"] == 14
    assert recorded.one("RolePolicy", "network-flow-log").urn in log.depends_on


def test_s3_endpoint_of_an_existing_vpc_joins_the_tables_that_are_named() -> None:
    existing = {**EXISTING, **PRIVATE, "routeTableIds": ["rtb-0ccccccccccccccc1"]}
    recorded = deploy_services({"web": {}}, network={"existing": existing, "endpoints": ["s3"]})
    assert recorded.one("VpcEndpoint").inputs["routeTableIds"] == ["rtb-0ccccccccccccccc1"]
    assert not [token for token, _ in recorded.invokes if "getRouteTables" in token]


def test_s3_endpoint_of_an_existing_vpc_does_not_join_what_nobody_named() -> None:
    with pytest.raises(pulumi.RunError, match=r"network\.existing\.routeTableIds: is missing"):
        deploy_services({"web": {}}, network={"existing": EXISTING, "endpoints": ["s3"]})


def test_default_security_group_of_a_created_vpc_is_emptied() -> None:
    recorded = deploy_services({"web": {}}, network={"create": {}})
    group = recorded.one("DefaultSecurityGroup").inputs
    assert group["vpcId"] == "vpc-0a0a0a0a"
    assert not {"ingress", "egress"} & set(group)
    assert not deploy_services({"web": {}}, network={"existing": EXISTING}).all("DefaultSecurityGroup")


def ways_out(recorded: Recorded, name: str = "web") -> set[tuple[Any, ...]]:
    keys = ("cidrIpv4", "prefixListId", "ipProtocol", "fromPort")
    return {
        tuple(rule.inputs.get(key) for key in keys)
        for rule in recorded.all("SecurityGroupEgressRule")
        if rule.name.startswith(f"{name}-out")
    }


def test_tasks_open_connections_to_anywhere_unless_it_is_said() -> None:
    assert ways_out(deploy_services({"web": {}})) == {("0.0.0.0/0", None, "-1", None)}


def test_tasks_open_connections_to_what_is_said_and_to_the_vpc() -> None:
    network = {"create": {}, "egress": {"ports": [443, 5432]}}
    recorded = deploy_services({"web": {"launch": "ec2"}}, network=network, cluster={"ec2": {}})
    invariants.check_all(recorded)
    expected = {
        ("10.0.0.0/16", None, "-1", None),
        ("0.0.0.0/0", None, "tcp", 443),
        ("0.0.0.0/0", None, "tcp", 5432),
    }
    assert ways_out(recorded) == expected
    assert ways_out(recorded, "cluster-ec2") == expected


def test_tasks_that_reach_nothing_outside_start_from_endpoints() -> None:
    closed: dict[str, Any] = {"create": {}, "egress": {"cidrs": []}}
    with pytest.raises(
        pulumi.RunError, match=r"network\.egress does not let .* a list with s3, ecr, logs, or"
    ):
        deploy_services({"web": {}}, network=closed)
    recorded = deploy_services({"web": {}}, network={**closed, "endpoints": ["s3", "ecr", "logs"]})
    invariants.check_all(recorded)
    # Layers of images come from S3, whose addresses are not the VPC's.
    assert ways_out(recorded) == {("10.0.0.0/16", None, "-1", None), (None, "pl-s3", "tcp", 443)}


def test_endpoints_let_through_this_accounts_credentials_and_ecrs_layers() -> None:
    network = {"create": {}, "endpoints": ["s3", "logs"]}
    recorded = deploy_services({"web": {}}, network=network)
    policies = {
        e.inputs["serviceName"].rpartition(".")[2]: json.loads(e.inputs["policy"])["Statement"]
        for e in recorded.all("VpcEndpoint")
    }
    own = {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}
    assert [statement.get("Condition") for statement in policies["logs"]] == [own]
    account, layers = policies["s3"]
    assert account["Condition"] == own
    assert layers["Resource"] == ["arn:aws:s3:::prod-us-east-1-starport-layer-bucket/*"]
    assert layers["Action"] == "s3:GetObject"
    anybody = deploy_services({"web": {}}, network={**network, "endpointAccess": "anybody"})
    assert not [e for e in anybody.all("VpcEndpoint") if "policy" in e.inputs]


def standing(vpc: dict[str, Any], **balancer: Any) -> dict[str, Any]:
    """Answers of AWS about the load balancer of a stack that runs."""
    arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/lb/1"
    found = {"arn": arn, "name": "lb", "internal": False, "vpcId": vpc["id"], **balancer}
    return {
        "aws:lb/getLbs:getLbs": {"arns": [arn]},
        "aws:lb/getLoadBalancer:getLoadBalancer": found,
        "aws:ec2/getVpc:getVpc": {"cidrBlock": "10.0.0.0/16", "default": False, "tags": {}, **vpc},
    }


DEFAULT_VPC = {"id": "vpc-0d0d0d0d", "cidrBlock": "172.31.0.0/16", "default": True}
OWN_TAGS = {"Project": "ecs-microservice", "Stack": "test", "ManagedBy": "pulumi"}
OWN_VPC = {"id": "vpc-0a0a0a0a", "tags": OWN_TAGS}


@pytest.mark.parametrize(
    ("vpc", "network", "message"),
    [
        (
            DEFAULT_VPC,
            {"create": {}},
            r"network\.create: .* allowed: no network\.create and no network\.existing",
        ),
        (
            OWN_VPC,
            {},
            r"network: .* not the account's default one.* allowed: network\.create with cidr 10\.0\.0\.0/16",
        ),
        (OWN_VPC, {"existing": EXISTING}, r"network\.existing\.vpcId is .* stands in vpc-0a0a0a0a"),
        (
            OWN_VPC,
            {"create": {"cidr": "10.1.0.0/16"}},
            r"network\.create\.cidr is .* the VPC has 10\.0\.0\.0/16",
        ),
    ],
)
def test_running_stack_cannot_move_to_another_vpc(
    vpc: dict[str, Any], network: dict[str, Any], message: str
) -> None:
    """AWS would refuse half-way, at SetSubnets: it is refused before anything is declared."""
    with pytest.raises(pulumi.RunError, match=message) as caught:
        deploy_services({"web": {}}, network=network, overrides=standing(vpc))
    assert "nothing was touched" in str(caught.value)
    assert "make another stack beside this one" in str(caught.value)
    assert "or, where nobody misses it" not in str(caught.value)


def test_running_stack_keeps_what_it_has() -> None:
    deploy_services({"web": {}}, overrides=standing(DEFAULT_VPC))
    deploy_services({"web": {}}, network={"create": {"zones": 2}}, overrides=standing(OWN_VPC))
    existing = {"id": EXISTING["vpcId"]}
    deploy_services({"web": {}}, network={"existing": EXISTING}, overrides=standing(existing))


def test_load_balancer_that_people_reach_cannot_become_internal() -> None:
    with pytest.raises(pulumi.RunError, match=r"loadBalancer\.internal is true: .* allowed: false"):
        deploy_services(
            {"web": {}}, loadBalancer={"internal": True}, production=False, overrides=standing(DEFAULT_VPC)
        )


def test_more_zones_leave_the_subnets_of_the_others_where_they_are() -> None:
    """The range is divided for four zones from the start; pulumi-awsx#520 tells what happens otherwise."""

    def shape(zones: int) -> tuple[Any, ...]:
        vpc = deploy_services({"web": {}}, network={"create": {"zones": zones}}).one("awsx:ec2:Vpc").inputs
        masks = tuple(spec["cidrMask"] for spec in vpc["subnetSpecs"])
        return vpc["availabilityZoneCidrMask"], masks

    assert shape(2) == shape(3) == shape(4) == (18, (19, 26))


def test_small_range_holds_as_many_zones_as_it_is_divided_for() -> None:
    small = {"create": {"cidr": "10.0.0.0/24", "zones": 2}}
    with pytest.raises(
        pulumi.RunError, match=r"subnets of 4 zones, for .* from /16 to /23, or fewer maxZones"
    ):
        deploy_services({"web": {}}, network=small)
    recorded = deploy_services({"web": {}}, network={"create": {**small["create"], "maxZones": 2}})
    assert recorded.one("awsx:ec2:Vpc").inputs["availabilityZoneCidrMask"] == 25
    with pytest.raises(pulumi.RunError, match=r"zones is 3: allowed: at most the maxZones of 2"):
        deploy_services({"web": {}}, network={"create": {"zones": 3, "maxZones": 2}})


TAGGED = {"vpcTags": {"Name": "shop"}, "privateSubnetTags": {"Tier": "private"}}


def test_a_private_network_by_its_tags_with_an_internal_load_balancer() -> None:
    recorded = deploy_services(
        {"web": {}},
        network={"existing": TAGGED},
        loadBalancer={"internal": True, "allowedCidrs": ["10.0.0.0/8"]},
    )
    invariants.check_all(recorded)
    asked = {token.rpartition(":")[2]: arguments for token, arguments in recorded.invokes}
    assert asked["getVpc"]["tags"] == {"Name": "shop"}
    assert asked["getSubnets"]["filters"][1:] == [{"name": "tag:Tier", "values": ["private"]}]
    found = ["subnet-0aaaaaaa", "subnet-0bbbbbbb"]
    assert recorded.one("aws:lb/loadBalancer:LoadBalancer").inputs["subnets"] == found
    assert recorded.one("aws:ecs/service:Service").inputs["networkConfiguration"]["subnets"] == found


def test_a_worker_in_a_private_network_needs_no_public_subnets() -> None:
    recorded = deploy_services({"worker": {"route": {"enabled": False}}}, network={"existing": TAGGED})
    assert not recorded.all("aws:lb/loadBalancer:LoadBalancer")


@pytest.mark.parametrize(
    ("existing", "message"),
    [
        (
            TAGGED,
            r"publicSubnetIds: is missing, and an internet-facing load balancer(.|\n)*loadBalancer\.internal true",
        ),
        ({**TAGGED, "vpcId": "vpc-0a1b2c3d4e5f67890"}, r"vpcTags: is set together with vpcId"),
        ({"privateSubnetTags": {"Name": "x"}}, r"vpcId: is missing, and so is vpcTags"),
        ({"vpcTags": {"Name": "shop"}}, r"publicSubnetIds: is missing, and privateSubnetIds are missing too"),
    ],
)
def test_existing_networks_that_say_too_little_or_too_much(existing: dict[str, object], message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message):
        deploy_services({"web": {}}, network={"existing": existing})


def test_tags_that_no_subnet_has_are_one_message() -> None:
    with pytest.raises(
        pulumi.RunError, match=r'privateSubnetTags is \{"Tier": "private"\}: no subnet of vpc-0d0d0d0d'
    ):
        deploy_services(
            {"web": {}},
            network={"existing": TAGGED},
            loadBalancer={"internal": True},
            overrides={"aws:ec2/getSubnets:getSubnets": {"ids": []}},
        )
