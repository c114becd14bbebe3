"""Where a load balancer stands: subnets of one VPC in different zones, security groups of the same VPC.

Rules: Elastic Load Balancing API Reference, CreateLoadBalancer, SetSubnets and SetSecurityGroups (SubnetNotFound,
InvalidSecurityGroup, InvalidConfigurationRequest), and the words that are reported from AWS (floci-io/floci#1244,
kubernetes-sigs/aws-load-balancer-controller#45). A load balancer never leaves its VPC.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb.model import Zone
from localcloud.emulator.alb.refusal import RefusedError

_INVALID = "InvalidConfigurationRequest"


def zones_of(request: Mapping[str, Any], kind: str, vpc: str | None) -> tuple[list[Zone], str]:
    """The zones of the subnets that a request names, and their VPC.

    Args:
        request: CreateLoadBalancer or SetSubnets.
        kind: application, network or gateway.
        vpc: Where the load balancer stands already; None for a new one.

    Raises:
        RefusedError: It cannot stand there.
    """
    subnets, mappings = request.get("Subnets") or [], request.get("SubnetMappings") or []
    if subnets and mappings:
        raise RefusedError("You cannot specify both subnets and subnet mappings")
    if not subnets and not mappings:
        raise RefusedError("At least one subnet must be specified")
    if kind == "application" and any("AllocationId" in mapping for mapping in mappings):
        raise RefusedError("An application load balancer cannot have Elastic IP addresses", _INVALID)
    named = [str(name) for name in subnets] or [str(mapping["SubnetId"]) for mapping in mappings]
    known = upstream.ec2._subnets
    missing = [name for name in named if name not in known]
    if missing:
        raise RefusedError(f"The subnet ID '{missing[0]}' does not exist", "SubnetNotFound")
    vpcs = {str(known[name]["VpcId"]) for name in named} | ({vpc} if vpc else set())
    if len(vpcs) > 1:
        raise RefusedError("All subnets must belong to the same VPC", _INVALID)
    found = [
        Zone(
            name=str(known[name]["AvailabilityZone"]),
            subnet=name,
            addresses=_addresses(mappings[place]) if mappings else [],
        )
        for place, name in enumerate(named)
    ]
    if len({zone.name for zone in found}) < len(found):
        raise RefusedError(
            "A load balancer cannot be attached to multiple subnets in the same Availability Zone", _INVALID
        )
    if kind == "application" and len(found) < 2:
        raise RefusedError("At least two subnets in two different Availability Zones must be specified")
    return found, vpcs.pop()


def _addresses(mapping: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The addresses a subnet mapping asks for."""
    found = {
        "AllocationId": mapping.get("AllocationId"),
        "PrivateIPv4Address": mapping.get("PrivateIPv4Address"),
        "IPv6Address": mapping.get("IPv6Address"),
    }
    given = {name: value for name, value in found.items() if value}
    return [given] if given else []


def groups_of(named: Sequence[str], kind: str, vpc: str) -> list[str]:
    """The security groups of a load balancer; an application load balancer without any gets its VPC's default one.

    Raises:
        RefusedError: It cannot have them.
    """
    if named and kind == "gateway":
        raise RefusedError("Gateway load balancers do not support security groups", _INVALID)
    for name in named:
        group = upstream.ec2._security_groups.get(name)
        if group is None:
            raise RefusedError(f"The security group '{name}' does not exist", "InvalidSecurityGroup")
        if group["VpcId"] != vpc:
            raise RefusedError("One or more security groups are invalid", _INVALID)
    if named or kind != "application":
        return [str(name) for name in named]
    known = upstream.ec2._security_groups.values()
    return [
        str(group["GroupId"]) for group in known if group["VpcId"] == vpc and group["GroupName"] == "default"
    ]
