"""Operations on target groups.

Source: API Reference, `CreateTargetGroup`, `ModifyTargetGroup` (defaults of health checks by protocol and target type).
"""

from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb import finding, tags_api
from localcloud.emulator.alb.attributes import group_defaults
from localcloud.emulator.alb.finding import Request
from localcloud.emulator.alb.model import Document, Region, TargetGroup, identifier
from localcloud.emulator.alb.refusal import RefusedError
from localcloud.emulator.alb.refused_attributes import check_group_attributes
from localcloud.emulator.alb.refused_groups import check_group

_HTTP = ("HTTP", "HTTPS")
_HEALTH_CHECK = (
    "HealthCheckProtocol",
    "HealthCheckPort",
    "HealthCheckEnabled",
    "HealthCheckIntervalSeconds",
    "HealthCheckTimeoutSeconds",
    "HealthyThresholdCount",
    "UnhealthyThresholdCount",
    "HealthCheckPath",
    "Matcher",
)


def create(region: Region, request: Request) -> dict[str, Any]:
    """CreateTargetGroup; one of the same name and settings is given back, one of other settings is refused."""
    check_group(request, None)
    tags = tags_api.tags_of(request)
    name, kind = str(request["Name"]), str(request.get("TargetType") or "instance")
    vpc = request.get("VpcId")
    if vpc is not None and vpc not in upstream.ec2._vpcs:
        raise RefusedError(f"The VPC ID '{vpc}' is not found")
    made = _made(request, name, kind, tags)
    known = next((one for one in region.target_groups.values() if one.name == name), None)
    if known is not None:
        # "This operation is idempotent … If you attempt to create multiple target groups with the same settings, each
        # call succeeds" (API Reference).
        if _settings(known) == _settings(made):
            return {"TargetGroups": [known.described()]}
        raise RefusedError(
            f"A target group with the same name '{name}' exists, but with different settings",
            "DuplicateTargetGroupName",
        )
    region.target_groups[made.arn] = made
    return {"TargetGroups": [made.described()]}


def _settings(group: TargetGroup) -> tuple[object, ...]:
    return (
        group.target_type,
        group.protocol,
        group.protocol_version,
        group.port,
        group.vpc,
        group.ip_address_type,
        group.health_check,
    )


def _made(request: Request, name: str, kind: str, tags: dict[str, str]) -> TargetGroup:
    protocol = request.get("Protocol")
    version = str(request.get("ProtocolVersion") or "HTTP1") if protocol in _HTTP else None
    return TargetGroup(
        arn=(
            f"arn:aws:elasticloadbalancing:{upstream.responses.get_region()}:"
            f"{upstream.responses.get_account_id()}:targetgroup/{name}/{identifier()}"
        ),
        name=name,
        target_type=kind,
        protocol=protocol,
        protocol_version=version,
        port=request.get("Port"),
        vpc=request.get("VpcId"),
        ip_address_type=None if kind == "lambda" else str(request.get("IpAddressType") or "ipv4"),
        health_check=_defaults(kind, protocol, version, request)
        | {key: request[key] for key in _HEALTH_CHECK if key in request},
        attributes=group_defaults(kind, protocol),
        tags=tags,
    )


def _defaults(kind: str, protocol: str | None, version: str | None, request: Request) -> Document:
    """The health check of a target group that says nothing of it."""
    if kind == "lambda":
        return {
            "HealthCheckEnabled": False,
            "HealthCheckPath": "/",
            "HealthCheckIntervalSeconds": 35,
            "HealthCheckTimeoutSeconds": 30,
            "HealthyThresholdCount": 5,
            "UnhealthyThresholdCount": 2,
            "Matcher": {"HttpCode": "200"},
        }
    found: Document = {
        "HealthCheckProtocol": "HTTP" if protocol in _HTTP or kind == "alb" else "TCP",
        "HealthCheckPort": "80" if protocol == "GENEVE" else "traffic-port",
        "HealthCheckEnabled": True,
        "HealthCheckIntervalSeconds": 10 if protocol == "GENEVE" else 30,
        "HealthyThresholdCount": 5,
        "UnhealthyThresholdCount": 2,
    }
    check = request.get("HealthCheckProtocol") or found["HealthCheckProtocol"]
    if protocol in _HTTP or protocol == "GENEVE":
        found["HealthCheckTimeoutSeconds"] = 5
    else:
        found["HealthCheckTimeoutSeconds"] = 6 if check == "HTTP" else 10
    if check in _HTTP:
        grpc = version == "GRPC"
        # "The default is /AWS.ALB/healthcheck" and "12" for gRPC; network load balancers take 200-399.
        found["HealthCheckPath"] = "/AWS.ALB/healthcheck" if grpc else "/"
        code = "200" if protocol in _HTTP else "200-399"
        found["Matcher"] = {"GrpcCode": "12"} if grpc else {"HttpCode": code}
    return found


def describe(region: Region, request: Request) -> dict[str, Any]:
    """DescribeTargetGroups."""
    arns, names = request.get("TargetGroupArns"), request.get("Names")
    balancer = request.get("LoadBalancerArn")
    if sum(bool(given) for given in (arns, names, balancer)) > 1:
        raise RefusedError(
            "Target group names, target group ARNs, and a load balancer ARN cannot be specified at the same time"
        )
    found = sorted(region.target_groups.values(), key=lambda group: group.name)
    if balancer:
        finding.balancer(region, str(balancer))
        found = [group for group in found if balancer in group.load_balancers]
    if arns:
        found = [finding.target_group(region, arn) for arn in arns]
    if names:
        by_name = {group.name: group for group in found}
        if any(name not in by_name for name in names):
            raise RefusedError("One or more target groups not found", "TargetGroupNotFound")
        found = [by_name[name] for name in names]
    shown, marker = finding.page(found, request)
    return {"TargetGroups": [group.described() for group in shown], "NextMarker": marker}


def modify(region: Region, request: Request) -> dict[str, Any]:
    """ModifyTargetGroup: the health check."""
    group = finding.target_group(region, request["TargetGroupArn"])
    check_group(request, group)
    changed = {key: request[key] for key in _HEALTH_CHECK if key in request}
    if changed.get("HealthCheckProtocol", "TCP") in _HTTP and "HealthCheckPath" not in group.health_check:
        changed = {"HealthCheckPath": "/", "Matcher": {"HttpCode": "200-399"}} | changed
    group.health_check |= changed
    return {"TargetGroups": [group.described()]}


def delete(region: Region, request: Request) -> TargetGroup:
    """DeleteTargetGroup; not while a listener or a rule forwards to it."""
    arn = str(request["TargetGroupArn"])
    group = finding.target_group(region, arn)
    if group.load_balancers:
        raise RefusedError(
            f"Target group '{arn}' is currently in use by a listener or a rule", "ResourceInUse"
        )
    del region.target_groups[arn]
    return group


def describe_attributes(region: Region, request: Request) -> dict[str, Any]:
    """DescribeTargetGroupAttributes."""
    return {"Attributes": tags_api.shown(finding.target_group(region, request["TargetGroupArn"]).attributes)}


def modify_attributes(region: Region, request: Request) -> dict[str, Any]:
    """ModifyTargetGroupAttributes."""
    group = finding.target_group(region, request["TargetGroupArn"])
    group.attributes.update(check_group_attributes(group, request))
    return {"Attributes": tags_api.shown(group.attributes)}
