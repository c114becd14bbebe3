"""Operations on load balancers.

Source: API Reference, `CreateLoadBalancer` ("maximum of 32 characters … alphanumeric … hyphens, must not begin or end
with a hyphen, and must not begin with "internal-""); words of refusals as terraform-provider-aws's tests and moto's
verified tests have them, else ours.
"""

import os
import re
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb import finding, placement, tags_api
from localcloud.emulator.alb.attributes import balancer_defaults
from localcloud.emulator.alb.finding import Request
from localcloud.emulator.alb.model import LOCAL_SUFFIX, LoadBalancer, Region, identifier
from localcloud.emulator.alb.refusal import RefusedError
from localcloud.emulator.alb.refused_attributes import check_balancer_attributes

_NAME = re.compile(r"(?!-)(?!.*-$)[A-Za-z0-9-]+")
_LONGEST = 32
_INVALID = "InvalidConfigurationRequest"
_SHORT = {"application": "app", "network": "net", "gateway": "gwy"}


def create(region: Region, request: Request) -> dict[str, Any]:
    """CreateLoadBalancer; one of the same name and settings is given back, one of other settings is refused."""
    name, kind = str(request["Name"]), str(request.get("Type") or "application")
    _check_name(name)
    tags = tags_api.tags_of(request)
    zones, vpc = placement.zones_of(request, kind, None)
    groups = placement.groups_of(request.get("SecurityGroups") or [], kind, vpc)
    scheme = str(request.get("Scheme") or "internet-facing")
    address_type = str(request.get("IpAddressType") or "ipv4")
    _check_addresses(kind, scheme, address_type)
    known = next((one for one in region.load_balancers.values() if one.name == name), None)
    if known is not None:
        # "This operation is idempotent, which means that it completes at most one time" (API Reference).
        same = (known.type, known.scheme, known.subnets, known.security_groups)
        if same == (kind, scheme, [zone.subnet for zone in zones], groups) and known.tags == tags:
            return {"LoadBalancers": [known.described()]}
        raise RefusedError(
            f"A load balancer with the same name '{name}' exists, but with different settings",
            "DuplicateLoadBalancerName",
        )
    arn = (
        f"arn:aws:elasticloadbalancing:{upstream.responses.get_region()}:{upstream.responses.get_account_id()}"
        f":loadbalancer/{_SHORT[kind]}/{name}/{identifier()}"
    )
    made = LoadBalancer(
        arn=arn,
        name=name,
        type=kind,
        scheme=scheme,
        vpc=vpc,
        dns_name=f"{name.lower()}{LOCAL_SUFFIX}:{os.environ.get('GATEWAY_PORT', '4566')}",
        zones=zones,
        security_groups=groups,
        ip_address_type=address_type,
        attributes=balancer_defaults(kind),
        tags=tags,
        customer_owned_pool=request.get("CustomerOwnedIpv4Pool"),
    )
    region.load_balancers[arn] = made
    return {"LoadBalancers": [made.described()]}


def _check_name(name: str) -> None:
    if len(name) > _LONGEST:
        raise RefusedError(f"The load balancer name '{name}' cannot be longer than '{_LONGEST}' characters")
    if not _NAME.fullmatch(name):
        raise RefusedError(
            f"The load balancer name '{name}' can only contain characters that are alphanumeric characters and "
            "hyphens(-), and cannot begin or end with a hyphen"
        )
    if name.startswith("internal-"):
        raise RefusedError(f"The load balancer name '{name}' cannot begin with 'internal-'")


def _check_addresses(kind: str, scheme: str, address_type: str) -> None:
    if kind == "gateway" and scheme == "internal":
        raise RefusedError("A scheme cannot be specified for gateway load balancers", _INVALID)
    if address_type == "dualstack-without-public-ipv4" and (kind, scheme) != (
        "application",
        "internet-facing",
    ):
        raise RefusedError(
            "The IP address type 'dualstack-without-public-ipv4' is for internet-facing application load balancers",
            _INVALID,
        )


def describe(region: Region, request: Request) -> dict[str, Any]:
    """DescribeLoadBalancers."""
    arns, names = request.get("LoadBalancerArns") or [], request.get("Names") or []
    if arns and names:
        raise RefusedError("Load balancer names and load balancer ARNs cannot be specified at the same time")
    for name in names:
        if len(name) > _LONGEST:
            raise RefusedError(
                f"The load balancer name '{name}' cannot be longer than '{_LONGEST}' characters"
            )
    found = list(region.load_balancers.values())
    if arns:
        found = [finding.balancer(region, arn) for arn in arns]
    if names:
        by_name = {one.name: one for one in found}
        missing = [name for name in names if name not in by_name]
        if missing:
            raise RefusedError(f"Load balancers '[{', '.join(missing)}]' not found", "LoadBalancerNotFound")
        found = [by_name[name] for name in names]
    shown, marker = finding.page(found, request)
    return {"LoadBalancers": [one.described() for one in shown], "NextMarker": marker}


def delete(region: Region, request: Request) -> None:
    """DeleteLoadBalancer, with its listeners and their rules; one that is not there is no error (API Reference)."""
    arn = str(request["LoadBalancerArn"])
    if ":loadbalancer/" not in arn:
        raise RefusedError(f"'{arn}' is not a valid load balancer ARN")
    found = region.load_balancers.get(arn)
    if found is None:
        return
    if found.attributes.get("deletion_protection.enabled") == "true":
        raise RefusedError(
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
            "OperationNotPermitted",
        )
    for listener in region.listeners_of(arn):
        delete_listener(region, listener.arn)
    del region.load_balancers[arn]


def delete_listener(region: Region, arn: str) -> None:
    """Take a listener and its rules away."""
    for rule in region.rules_of(arn):
        del region.rules[rule.arn]
    del region.listeners[arn]


def describe_attributes(region: Region, request: Request) -> dict[str, Any]:
    """DescribeLoadBalancerAttributes."""
    return {"Attributes": tags_api.shown(finding.balancer(region, request["LoadBalancerArn"]).attributes)}


def modify_attributes(region: Region, request: Request) -> dict[str, Any]:
    """ModifyLoadBalancerAttributes."""
    found = finding.balancer(region, request["LoadBalancerArn"])
    found.attributes.update(check_balancer_attributes(found, request))
    return {"Attributes": tags_api.shown(found.attributes)}


def set_subnets(region: Region, request: Request) -> dict[str, Any]:
    """SetSubnets."""
    found = finding.balancer(region, request["LoadBalancerArn"])
    found.zones, _ = placement.zones_of(request, found.type, found.vpc)
    found.ip_address_type = str(request.get("IpAddressType") or found.ip_address_type)
    return {
        "AvailabilityZones": [zone.described() for zone in found.zones],
        "IpAddressType": found.ip_address_type,
    }


def set_security_groups(region: Region, request: Request) -> dict[str, Any]:
    """SetSecurityGroups; a network load balancer that was made without any never gets some (API Reference)."""
    found = finding.balancer(region, request["LoadBalancerArn"])
    named = request["SecurityGroups"]
    if found.type == "network" and named and not found.security_groups:
        raise RefusedError(
            "You cannot set security groups on a network load balancer that was created without any", _INVALID
        )
    if found.type == "application" and not named:
        raise RefusedError("At least one security group must be specified", _INVALID)
    found.security_groups = placement.groups_of(named, found.type, found.vpc)
    enforce = request.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    if enforce:
        found.enforce_inbound_rules_on_private_link = str(enforce)
    return {
        "SecurityGroupIds": found.security_groups,
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": found.enforce_inbound_rules_on_private_link,
    }


def set_ip_address_type(region: Region, request: Request) -> dict[str, Any]:
    """SetIpAddressType."""
    found = finding.balancer(region, request["LoadBalancerArn"])
    _check_addresses(found.type, found.scheme, str(request["IpAddressType"]))
    found.ip_address_type = str(request["IpAddressType"])
    return {"IpAddressType": found.ip_address_type}


def describe_capacity(region: Region, request: Request) -> dict[str, Any]:
    """DescribeCapacityReservation: none is ever made here."""
    finding.balancer(region, request["LoadBalancerArn"])
    return {"DecreaseRequestsRemaining": 2, "CapacityReservationState": []}
