"""Requests about networks that Amazon EC2 refuses.

Codes: "Error codes for the Amazon EC2 API"; `InvalidSubnet.Conflict` with its words in pulumi-awsx#520. Which deletes
end in `DependencyViolation`: those that Terraform's provider tries again for (internal/service/ec2, `vpc_subnet.go`,
`vpc_security_group.go`, `vpc_internet_gateway.go`).
"""

import ipaddress
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.vpc import usage

Parameters = Mapping[str, Any]
Refusal = tuple[str, str]
Check = Callable[[Parameters], Refusal | None]


def refusal(action: str, parameters: Parameters) -> Refusal | None:
    """EC2's error code and message for a request that MiniStack would accept, or None."""
    check = CHECKS.get(action)
    return check(parameters) if check else None


def _create_subnet(parameters: Parameters) -> Refusal | None:
    ec2 = upstream.ec2
    vpc = ec2._vpcs.get(_value(parameters, "VpcId"))
    if vpc is None:
        return "InvalidVpcID.NotFound", f"The vpc ID '{_value(parameters, 'VpcId')}' does not exist"
    cidr = _value(parameters, "CidrBlock")
    try:
        block = ipaddress.IPv4Network(cidr)
    except ValueError:
        return "InvalidParameterValue", f"Value ({cidr}) for parameter cidrBlock is invalid."
    if not block.subnet_of(ipaddress.IPv4Network(vpc["CidrBlock"])):
        return "InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid."
    for subnet in ec2._subnets.values():
        if subnet["VpcId"] == vpc["VpcId"] and block.overlaps(ipaddress.IPv4Network(subnet["CidrBlock"])):
            return "InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with another subnet"
    return None


def _delete_subnet(parameters: Parameters) -> Refusal | None:
    subnet = _value(parameters, "SubnetId")
    return _violation(f"The subnet '{subnet}'") if any(usage.in_subnet(subnet)) else None


def _delete_security_group(parameters: Parameters) -> Refusal | None:
    group = _value(parameters, "GroupId")
    if any(usage.of_group(group)):
        return "DependencyViolation", f"resource {group} has a dependent object"
    return None


def _delete_route_table(parameters: Parameters) -> Refusal | None:
    table = upstream.ec2._route_tables.get(_value(parameters, "RouteTableId")) or {}
    if any(entry.get("SubnetId") for entry in table.get("Associations", [])):
        return _violation(f"The routeTable '{table['RouteTableId']}'")
    return None


def _delete_internet_gateway(parameters: Parameters) -> Refusal | None:
    gateway = upstream.ec2._internet_gateways.get(_value(parameters, "InternetGatewayId")) or {}
    return (
        _violation(f"The internetGateway '{gateway['InternetGatewayId']}'")
        if gateway.get("Attachments")
        else None
    )


def _detach_internet_gateway(parameters: Parameters) -> Refusal | None:
    vpc = _value(parameters, "VpcId")
    if not any(usage.public_addresses(vpc)):
        return None
    return (
        "DependencyViolation",
        f"Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the "
        "gateway.",
    )


def _delete_vpc(parameters: Parameters) -> Refusal | None:
    vpc = _value(parameters, "VpcId")
    if any(endpoint["VpcId"] == vpc for endpoint in upstream.ec2._vpc_endpoints.values()):
        return _violation(f"The vpc '{vpc}'")
    return None


def _authorize(parameters: Parameters, kept: str) -> Refusal | None:
    """A rule names a group of its own VPC only (this account has no peering connections), and is there once.

    "If you try to add a rule that exists already": `InvalidPermission.Duplicate` (EC2 API, "Error codes for the Amazon
    EC2 API"). MiniStack answers with the rule that is there.
    """
    ec2 = upstream.ec2
    group = ec2._security_groups.get(_value(parameters, "GroupId"))
    for rule in ec2._parse_ip_permissions(parameters, "IpPermissions"):
        if group is not None and any(ec2._rules_match(rule, other) for other in group[kept]):
            ports = f"from port: {rule.get('FromPort')}, to port: {rule.get('ToPort')}"
            return "InvalidPermission.Duplicate", f'the specified rule "{ports}, ALLOW" already exists'
        for pair in rule["UserIdGroupPairs"]:
            other = ec2._security_groups.get(pair.get("GroupId"))
            if other is None:
                return "InvalidGroup.NotFound", f"The security group '{pair.get('GroupId')}' does not exist"
            if group is not None and other["VpcId"] != group["VpcId"]:
                return (
                    "InvalidGroup.NotFound",
                    "You have specified two resources that belong to different networks.",
                )
    return None


def _violation(what: str) -> Refusal:
    return "DependencyViolation", f"{what} has dependencies and cannot be deleted."


def _value(parameters: Parameters, name: str) -> str:
    return str(upstream.ec2._p(parameters, name) or "")


CHECKS: Mapping[str, Check] = {
    "CreateSubnet": _create_subnet,
    "DeleteSubnet": _delete_subnet,
    "DeleteSecurityGroup": _delete_security_group,
    "DeleteRouteTable": _delete_route_table,
    "DeleteInternetGateway": _delete_internet_gateway,
    "DetachInternetGateway": _detach_internet_gateway,
    "DeleteVpc": _delete_vpc,
    "AuthorizeSecurityGroupIngress": partial(_authorize, kept="IpPermissions"),
    "AuthorizeSecurityGroupEgress": partial(_authorize, kept="IpPermissionsEgress"),
}
