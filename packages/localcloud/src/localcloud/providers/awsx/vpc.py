"""`awsx.ec2.Vpc`: a VPC with subnets, gateways and routes, as a component of `aws` resources."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from localcloud.errors import LocalCloudError
from localcloud.providers.awsx.layout import Subnet

EVERYWHERE = "0.0.0.0/0"
ORDER = ("public", "private", "isolated")
NAT_STRATEGIES = ("OnePerAz", "Single", "None")


class Vpc(pulumi.ComponentResource):
    """A VPC as pulumi-awsx makes it, with the same children under the same names.

    Args:
        name: Logical name.
        zones: Names of the availability zones.
        subnets: The layout.
        settings: Arguments of the VPC itself, by the SDK's Python names.
        tags: Tags of every child.
        nat: OnePerAz, Single or None.
        allocations: Elastic IPs for the NAT gateways; made when empty.
        opts: Options of the component.
    """

    def __init__(
        self,
        name: str,
        *,
        zones: Sequence[str],
        subnets: Sequence[Subnet],
        settings: Mapping[str, Any],
        tags: Mapping[str, Any],
        nat: str,
        allocations: Sequence[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("awsx:ec2:Vpc", name, {}, opts)
        self._name, self._tags, self._zones, self._nat = name, dict(tags), list(zones), nat
        self._allocations = list(allocations)
        self._ids: dict[str, list[pulumi.Output[str]]] = {kind: [] for kind in ORDER}
        self._gateways: list[aws.ec2.NatGateway] = []
        self.children: list[pulumi.Resource] = []
        shared = {"Name": name, **self._tags}
        self.vpc = aws.ec2.Vpc(name, tags=shared, opts=pulumi.ResourceOptions(parent=self), **settings)
        self._internet = aws.ec2.InternetGateway(
            name, vpc_id=self.vpc.id, tags=shared, opts=pulumi.ResourceOptions(parent=self.vpc)
        )
        made = [subnet for subnet in subnets if subnet.type != "Unused"]
        # Public subnets first: the routes of private ones need the NAT gateways in them.
        for subnet in sorted(made, key=lambda item: (item.zone, ORDER.index(item.type.lower()), item.name)):
            self._add(subnet)
        self.children += [self.vpc, self._internet, *self._gateways]
        self.register_outputs(self.outputs)

    @property
    def outputs(self) -> dict[str, Any]:
        """The component's outputs by their names in the schema."""
        return {
            "vpcId": self.vpc.id,
            "publicSubnetIds": self._ids["public"],
            "privateSubnetIds": self._ids["private"],
            "isolatedSubnetIds": self._ids["isolated"],
        }

    def _add(self, layout: Subnet) -> None:
        tags = {"Name": layout.name, **self._tags}
        subnet = aws.ec2.Subnet(
            layout.name,
            vpc_id=self.vpc.id,
            availability_zone=self._zones[layout.zone],
            map_public_ip_on_launch=layout.type == "Public",
            cidr_block=layout.cidr,
            tags={**tags, **layout.tags, "Name": layout.name, "SubnetType": layout.type},
            opts=pulumi.ResourceOptions(parent=self.vpc),
        )
        self._ids[layout.type.lower()].append(subnet.id)
        table = aws.ec2.RouteTable(
            layout.name,
            vpc_id=self.vpc.id,
            tags={**tags, "Name": layout.name, "SubnetType": layout.type},
            opts=pulumi.ResourceOptions(parent=subnet),
        )
        below = pulumi.ResourceOptions(parent=table)
        bound = aws.ec2.RouteTableAssociation(
            layout.name, route_table_id=table.id, subnet_id=subnet.id, opts=below
        )
        self.children += [subnet, table, bound]
        if layout.type == "Public":
            self._add_nat_gateway(layout, subnet)
            route = aws.ec2.Route(
                layout.name,
                route_table_id=table.id,
                gateway_id=self._internet.id,
                destination_cidr_block=EVERYWHERE,
                opts=below,
            )
            self.children.append(route)
        elif layout.type == "Private" and self._nat != "None":
            gateway = self._gateways[0 if self._nat == "Single" else layout.zone]
            route = aws.ec2.Route(
                layout.name,
                route_table_id=table.id,
                nat_gateway_id=gateway.id,
                destination_cidr_block=EVERYWHERE,
                opts=below,
            )
            self.children.append(route)

    def _add_nat_gateway(self, layout: Subnet, subnet: aws.ec2.Subnet) -> None:
        count = len(self._gateways)
        if self._nat == "None" or count > layout.zone or (self._nat == "Single" and count == 1):
            return
        name = f"{self._name}-{layout.zone + 1}"
        tags = {**self._tags, "Name": name}
        below = pulumi.ResourceOptions(parent=subnet)
        allocation: pulumi.Input[str]
        if self._allocations:
            allocation = self._allocations[count]
        else:
            allocation = aws.ec2.Eip(name, tags=tags, opts=below).allocation_id
        self._gateways.append(
            aws.ec2.NatGateway(name, subnet_id=subnet.id, allocation_id=allocation, tags=tags, opts=below)
        )


def check_nat(nat: str, subnets: Sequence[Subnet], allocations: Sequence[str], zones: int) -> None:
    """Refuse NAT settings that the subnets cannot fulfil.

    Raises:
        LocalCloudError: no public subnet for the gateways, or not one Elastic IP for each.
    """
    if nat not in NAT_STRATEGIES:
        raise LocalCloudError(
            f"natGateways.strategy: {nat!r} is not allowed; allowed: {', '.join(NAT_STRATEGIES)}"
        )
    types = {subnet.type for subnet in subnets}
    if nat != "None" and "Private" in types and "Public" not in types:
        raise LocalCloudError(
            f"natGateways.strategy: {nat} needs a public subnet in each zone; give one, or None"
        )
    needed = {"None": 0, "Single": 1}.get(nat, zones)
    if allocations and len(allocations) != needed:
        raise LocalCloudError(
            f"natGateways.elasticIpAllocationIds: has {len(allocations)} ids; allowed: {needed} with strategy {nat}"
        )
