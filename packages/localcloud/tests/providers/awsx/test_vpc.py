"""`awsx.ec2.Vpc` on the local cloud: previewed, made, left alone, refused, destroyed."""

import textwrap
from pathlib import Path

import pytest

from localcloud.engine import Engine, Op, Project
from localcloud.providers import local_providers
from localcloud.providers.aws.clients import Aws
from localcloud.settings import CloudSettings

PROGRAM = """
    import pulumi
    import pulumi_aws as aws
    import pulumi_awsx as awsx

    vpc = awsx.ec2.Vpc(
        "main",
        cidr_block="10.0.0.0/16",
        number_of_availability_zones=2,
        nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=awsx.ec2.NatGatewayStrategy.{nat}),
        subnet_strategy=awsx.ec2.SubnetAllocationStrategy.{strategy},
        tags={{"team": "web"}},
    )
    aws.ec2.SecurityGroup("tasks", vpc_id=vpc.vpc_id)
    pulumi.export("vpc", vpc.vpc_id)
    pulumi.export("private", vpc.private_subnet_ids)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.test.yaml").write_text("config:\n  aws:region: us-east-1\n")
    return tmp_path


def engine(root: Path, cloud: CloudSettings, *, nat: str = "SINGLE", strategy: str = "AUTO") -> Engine:
    (root / "__main__.py").write_text(textwrap.dedent(PROGRAM.format(nat=nat, strategy=strategy)))
    return Engine(
        Project.load(root, "test", overrides={}),
        state_file=root / "state.json",
        secrets_key=root / "key",
        world="world",
        providers=local_providers(cloud),
    )


def test_is_made_of_the_children_awsx_makes(project: Path, cloud: CloudSettings) -> None:
    planned = engine(project, cloud).preview()
    assert planned.ok, planned.errors

    made = engine(project, cloud).up()
    assert made.ok, made.errors
    assert made.changes == planned.changes

    aws = Aws(cloud, "us-east-1")
    in_vpc = [{"Name": "vpc-id", "Values": [made.outputs["vpc"]]}]
    subnets = aws.call("ec2", "DescribeSubnets", {"Filters": in_vpc})["Subnets"]
    names = {tag["Value"]: subnet for subnet in subnets for tag in subnet["Tags"] if tag["Key"] == "Name"}
    assert {name: subnet["CidrBlock"] for name, subnet in names.items()} == {
        "main-private-1": "10.0.0.0/18",
        "main-public-1": "10.0.64.0/19",
        "main-private-2": "10.0.128.0/18",
        "main-public-2": "10.0.192.0/19",
    }
    assert made.outputs["private"] == [names[f"main-private-{zone}"]["SubnetId"] for zone in (1, 2)]
    assert len({subnet["AvailabilityZone"] for subnet in subnets}) == 2
    assert names["main-public-1"]["MapPublicIpOnLaunch"] is True
    tables = aws.call("ec2", "DescribeRouteTables", {"Filters": in_vpc})["RouteTables"]
    routes = [
        route
        for table in tables
        for route in table["Routes"]
        if route.get("DestinationCidrBlock") == "0.0.0.0/0"
    ]
    assert len([route for route in routes if route.get("NatGatewayId")]) == 2
    assert len({route["NatGatewayId"] for route in routes if route.get("NatGatewayId")}) == 1

    assert set(engine(project, cloud).up().changes) == {Op.SAME}
    assert engine(project, cloud).destroy().ok
    assert aws.call("ec2", "DescribeVpcs", {"Filters": in_vpc})["Vpcs"] == []


def test_without_nat_gateways_private_subnets_have_no_way_out(project: Path, cloud: CloudSettings) -> None:
    planned = engine(project, cloud, nat="NONE").preview()
    assert planned.ok, planned.errors
    assert planned.changes[Op.CREATE] == engine(project, cloud).preview().changes[Op.CREATE] - 4


def test_a_layout_the_local_cloud_does_not_compute_is_refused(project: Path, cloud: CloudSettings) -> None:
    outcome = engine(project, cloud, strategy="LEGACY").preview()
    assert not outcome.ok
    assert any(
        "awsx.ec2.Vpc 'main': subnetStrategy: 'Legacy' is not taken" in error for error in outcome.errors
    )
