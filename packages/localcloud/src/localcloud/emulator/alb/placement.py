"""Where a load balancer stands: subnets of one VPC in different zones, security groups of the same VPC.

Rules: Elastic Load Balancing API Reference, CreateLoadBalancer, SetSubnets and SetSecurityGroups (SubnetNotFound,
InvalidSecurityGroup, InvalidConfigurationRequest), and the words that are reported from AWS (floci-io/floci#1244,
kubernetes-sigs/aws-load-balancer-controller#45). A load balancer never leaves its VPC.
"""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb import wire

Refusal = tuple[str, str]


def created(parameters: wire.Parameters) -> Refusal | None:
    """Why a load balancer cannot stand there."""
    return _subnets(parameters, None) or _groups(parameters, vpc_of(wire.values(parameters, "Subnets")))


def moved(parameters: wire.Parameters) -> Refusal | None:
    """Why it cannot move to other subnets."""
    balancer = _balancer(parameters)
    return _subnets(parameters, vpc_of(balancer.get("Subnets") or []) if balancer else None)


def grouped(parameters: wire.Parameters) -> Refusal | None:
    """Why it cannot be in those security groups."""
    balancer = _balancer(parameters)
    return _groups(parameters, vpc_of(balancer.get("Subnets") or []) if balancer else None)


def vpc_of(subnets: list[str]) -> str | None:
    """The VPC of the first subnet that is there."""
    found = upstream.ec2._subnets
    return next((str(found[one]["VpcId"]) for one in subnets if one in found), None)


def _subnets(parameters: wire.Parameters, vpc: str | None) -> Refusal | None:
    named = wire.values(parameters, "Subnets")
    found = {name: upstream.ec2._subnets.get(name) for name in named}
    missing = [name for name, record in found.items() if record is None]
    if missing:
        return "SubnetNotFound", f"The subnet ID '{missing[0]}' does not exist"
    records = [record for record in found.values() if record]
    vpcs = {str(record["VpcId"]) for record in records} | ({vpc} if vpc else set())
    if len(vpcs) > 1:
        return "InvalidConfigurationRequest", "All subnets must belong to the same VPC"
    zones = [str(record["AvailabilityZone"]) for record in records]
    if len(set(zones)) < len(zones):
        return (
            "InvalidConfigurationRequest",
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
        )
    if records and len(zones) < 2:
        return (
            "ValidationError",
            "At least two subnets in two different Availability Zones must be specified",
        )
    return None


def _groups(parameters: wire.Parameters, vpc: str | None) -> Refusal | None:
    for name in wire.values(parameters, "SecurityGroups"):
        group = upstream.ec2._security_groups.get(name)
        if group is None:
            return "InvalidSecurityGroup", f"The security group '{name}' does not exist"
        if vpc and group["VpcId"] != vpc:
            return "InvalidConfigurationRequest", "One or more security groups are invalid"
    return None


def _balancer(parameters: wire.Parameters) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = upstream.alb._lbs.get(wire.value(parameters, "LoadBalancerArn"))
    return found
