"""What EC2 and Elastic Load Balancing refuse about networks is refused here, with their codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import Cloud


@dataclass
class Stage:
    """A VPC with a subnet in two zones, and what makes more."""

    ec2: Any
    elb: Any
    name: str
    vpc: str
    subnets: list[str]

    def subnet(self, cidr: str, zone: str = "a", vpc: str = "") -> str:
        made = self.ec2.create_subnet(
            VpcId=vpc or self.vpc, CidrBlock=cidr, AvailabilityZone=f"us-east-1{zone}"
        )
        return str(made["Subnet"]["SubnetId"])

    def group(self, name: str, vpc: str = "") -> str:
        made = self.ec2.create_security_group(
            GroupName=f"{self.name}-{name}", Description="x", VpcId=vpc or self.vpc
        )
        return str(made["GroupId"])

    def other_vpc(self) -> tuple[str, list[str]]:
        vpc = str(self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
        return vpc, [self.subnet("10.0.0.0/24", "a", vpc), self.subnet("10.0.1.0/24", "b", vpc)]

    def balancer(self, **options: Any) -> str:
        made = self.elb.create_load_balancer(
            Name=self.name, Subnets=options.pop("Subnets", self.subnets), **options
        )
        return str(made["LoadBalancers"][0]["LoadBalancerArn"])


@pytest.fixture
def stage(fast_cloud: Cloud, name: str) -> Iterator[Stage]:
    ec2, elb = fast_cloud.client("ec2"), fast_cloud.client("elbv2")
    vpc = str(ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
    made = Stage(ec2, elb, name, vpc, [])
    made.subnets = [made.subnet("10.0.0.0/24", "a"), made.subnet("10.0.1.0/24", "b")]
    yield made
    for balancer in elb.describe_load_balancers()["LoadBalancers"]:
        if balancer["LoadBalancerName"] == name:
            elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])


def code(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("cidr", "expected"),
    [
        ("10.0.1.0/24", "InvalidSubnet.Conflict"),
        ("10.0.0.128/25", "InvalidSubnet.Conflict"),
        ("10.0.0.0/17", "InvalidSubnet.Conflict"),
        ("10.1.0.0/24", "InvalidSubnet.Range"),
    ],
)
def test_subnets_do_not_overlap_and_lie_in_their_vpc(stage: Stage, cidr: str, expected: str) -> None:
    assert code(stage.ec2.create_subnet, VpcId=stage.vpc, CidrBlock=cidr) == expected
    stage.subnet("10.0.2.0/24")


def test_load_balancer_stays_in_its_vpc(stage: Stage) -> None:
    arn = stage.balancer()
    vpc, elsewhere = stage.other_vpc()
    assert (
        code(stage.elb.set_subnets, LoadBalancerArn=arn, Subnets=elsewhere) == "InvalidConfigurationRequest"
    )
    mixed = [stage.subnets[0], elsewhere[1]]
    assert code(stage.elb.set_subnets, LoadBalancerArn=arn, Subnets=mixed) == "InvalidConfigurationRequest"
    foreign = stage.group("foreign", vpc)
    refused = code(stage.elb.set_security_groups, LoadBalancerArn=arn, SecurityGroups=[foreign])
    assert refused == "InvalidConfigurationRequest"
    described = stage.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]
    assert described["VpcId"] == stage.vpc
    further = stage.subnet("10.0.2.0/24", "c")
    stage.elb.set_subnets(LoadBalancerArn=arn, Subnets=[*stage.subnets, further])


def test_load_balancer_has_one_subnet_in_each_of_two_zones(stage: Stage) -> None:
    create = stage.elb.create_load_balancer
    assert code(create, Name=stage.name, Subnets=stage.subnets[:1]) == "ValidationError"
    twin = [stage.subnets[0], stage.subnet("10.0.2.0/24", "a")]
    assert code(create, Name=stage.name, Subnets=twin) == "InvalidConfigurationRequest"
    assert code(create, Name=stage.name, Subnets=["subnet-0", "subnet-1"]) == "SubnetNotFound"
    missing = code(create, Name=stage.name, Subnets=stage.subnets, SecurityGroups=["sg-0"])
    assert missing == "InvalidSecurityGroup"


def test_what_is_used_cannot_be_deleted(stage: Stage) -> None:
    """In the order in which a stack is destroyed everything goes; in another order nothing does."""
    ec2 = stage.ec2
    mine, other = stage.group("mine"), stage.group("other")
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": mine}]}
    ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=[rule])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=stage.vpc)
    table = ec2.create_route_table(VpcId=stage.vpc)["RouteTable"]["RouteTableId"]
    bound = ec2.associate_route_table(RouteTableId=table, SubnetId=stage.subnets[0])["AssociationId"]
    arn = stage.balancer(SecurityGroups=[mine])

    for call, request in (
        (ec2.delete_subnet, {"SubnetId": stage.subnets[0]}),
        (ec2.delete_security_group, {"GroupId": mine}),
        (ec2.delete_route_table, {"RouteTableId": table}),
        (ec2.delete_internet_gateway, {"InternetGatewayId": gateway}),
        (ec2.detach_internet_gateway, {"InternetGatewayId": gateway, "VpcId": stage.vpc}),
        (ec2.delete_vpc, {"VpcId": stage.vpc}),
    ):
        assert code(call, **request) == "DependencyViolation", request

    stage.elb.delete_load_balancer(LoadBalancerArn=arn)
    assert code(ec2.delete_security_group, GroupId=mine) == "DependencyViolation", "a rule names it"
    ec2.delete_security_group(GroupId=other)
    ec2.delete_security_group(GroupId=mine)
    ec2.disassociate_route_table(AssociationId=bound)
    ec2.delete_route_table(RouteTableId=table)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=stage.vpc)
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    for subnet in stage.subnets:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=stage.vpc)


def test_rule_names_groups_of_its_own_vpc(stage: Stage) -> None:
    vpc, _ = stage.other_vpc()
    mine, foreign = stage.group("mine"), stage.group("foreign", vpc)
    for group in (foreign, "sg-0"):
        rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}
        request = {"GroupId": mine, "IpPermissions": [rule]}
        assert code(stage.ec2.authorize_security_group_ingress, **request) == "InvalidGroup.NotFound"


@pytest.mark.parametrize("of", ["subnets", "group"])
def test_tasks_are_in_one_vpc(fast_cloud: Cloud, stage: Stage, of: str) -> None:
    """ECS API, AwsVpcConfiguration."""
    vpc, subnets = stage.other_vpc()
    network = {"subnets": stage.subnets, "securityGroups": [stage.group("own")]}
    other = {**network, "subnets": [stage.subnets[0], subnets[0]]}
    if of == "group":
        other = {**network, "securityGroups": [*network["securityGroups"], stage.group("other", vpc)]}
    ecs = fast_cloud.client("ecs")
    ecs.create_cluster(clusterName=stage.name)
    container = {"name": "web", "image": "busybox", "memory": 32}
    ecs.register_task_definition(family=stage.name, networkMode="awsvpc", containerDefinitions=[container])
    service = {
        "cluster": stage.name,
        "serviceName": stage.name,
        "taskDefinition": stage.name,
        "desiredCount": 0,
    }
    refused = {"networkConfiguration": {"awsvpcConfiguration": other}}
    assert code(ecs.create_service, **service, **refused) == "InvalidParameterException"
    ecs.create_service(**service, networkConfiguration={"awsvpcConfiguration": network})
    assert (
        code(ecs.update_service, cluster=stage.name, service=stage.name, **refused)
        == "InvalidParameterException"
    )
    ecs.delete_service(cluster=stage.name, service=stage.name, force=True)


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_a_rule_is_there_once(stage: Stage, way: str) -> None:
    """EC2 API, error codes: going back to a port whose old rule has not gone yet would need it twice."""
    group, other = stage.group("tasks"), stage.group("front")
    authorize = getattr(stage.ec2, f"authorize_security_group_{way}")
    pair = [{"GroupId": other}]
    rule = {"IpProtocol": "tcp", "FromPort": 5000, "ToPort": 5000, "UserIdGroupPairs": pair}
    authorize(GroupId=group, IpPermissions=[rule])
    assert code(authorize, GroupId=group, IpPermissions=[rule]) == "InvalidPermission.Duplicate"
    authorize(GroupId=group, IpPermissions=[{**rule, "FromPort": 5001, "ToPort": 5001}])
