"""Elastic Load Balancing: application load balancers and target groups."""

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.providers.aws.attributes import attribute_step, described
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, ResourceType, Step
from localcloud.providers.aws.table.elb_attributes import BALANCER_ATTRIBUTES, GROUP_ATTRIBUTES
from localcloud.providers.aws.table.services import ELB_TAGS
from localcloud.providers.values import Values


def arn_suffix(marker: str) -> Callable[[Context, Values, Values], str]:
    """What CloudWatch calls the object: the ARN's part from its kind on."""

    def rule(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  the signature of every output rule
        text: str = state["id"].split(":", 5)[5]
        return text.removeprefix("loadbalancer/") if marker == "loadbalancer" else text

    return rule


def _dns_name(context: Context, state: Values, wire: Values) -> str:
    """The emulator serves a load balancer under this host name on its own port, for curl and browsers alike."""
    name = wire.get("LoadBalancerName") or state["name"]  # an import knows no more than the id
    return f"{name}.alb.localhost:{context.aws.settings.port}"


def with_attributes(operation: str, result: str, member: str, keys: Mapping[str, str]) -> Any:
    """A read rule: the description with its attributes under their property names."""

    def read(context: Context, state: Values) -> Values | None:
        found = context.find_call(operation, {f"{member}s": [state["id"]]}).get(result)
        if not found:
            return None
        kind = result.removesuffix("s")
        pairs = context.find_call(f"Describe{kind}Attributes", {member: state["id"]}).get("Attributes", [])
        return {**found[0], **described(keys, pairs)}

    return read


def _existing(operation: str, result: str, arn: str) -> Callable[[Context, Values], str | None]:
    def find(context: Context, inputs: Values) -> str | None:
        found = context.find_call(operation, {"Names": [inputs["name"]]}).get(result)
        return str(found[0][arn]) if found else None

    return find


def _balancer_check(values: Values) -> list[tuple[str, str]]:
    subnets, mappings = values.get("subnets"), values.get("subnetMappings")
    if subnets is None and mappings is None:
        return [("subnets", "missing: give subnets or subnetMappings")]
    if (
        values.get("loadBalancerType", "application") == "application"
        and isinstance(subnets, list)
        and len(subnets) < 2
    ):
        return [
            (
                "subnets",
                "an application load balancer needs at least two subnets in different availability zones",
            )
        ]
    return []


def _set_subnets(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    context.call("SetSubnets", {"LoadBalancerArn": wanted["id"], "Subnets": wanted["subnets"]})


LOAD_BALANCER = ResourceType(
    type="aws:lb/loadBalancer:LoadBalancer",
    service="elbv2",
    create=Operation(name="CreateLoadBalancer"),
    read=with_attributes("DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn", BALANCER_ATTRIBUTES),
    update=(
        attribute_step("ModifyLoadBalancerAttributes", "LoadBalancerArn", BALANCER_ATTRIBUTES),
        Operation(
            name="SetSecurityGroups",
            keys=lambda state: {"LoadBalancerArn": state["id"]},
            only=frozenset({"securityGroups"}),
        ),
        Operation(
            name="SetSecurityGroups",
            keys=lambda state: {"LoadBalancerArn": state["id"], "SecurityGroups": state["securityGroups"]},
            only=frozenset({"enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"}),
            at_create=True,
        ),
        Operation(
            name="SetIpAddressType",
            keys=lambda state: {"LoadBalancerArn": state["id"]},
            only=frozenset({"ipAddressType"}),
        ),
        Step(run=_set_subnets, properties=frozenset({"subnets"}), at_create=False),
        Operation(
            name="ModifyCapacityReservation",
            keys=lambda state: {"LoadBalancerArn": state["id"]},
            only=frozenset({"minimumLoadBalancerCapacity"}),
            at_create=True,
        ),
    ),
    delete=(Operation(name="DeleteLoadBalancer", keys=lambda state: {"LoadBalancerArn": state["id"]}),),
    id="LoadBalancers[0].LoadBalancerArn",
    name=Name(maximum=32),
    members={
        "loadBalancerType": "Type",
        "internal": "Scheme",
        "name": "Name",
        "subnetMappings.privateIpv4Address": "PrivateIPv4Address",
        "subnetMappings.ipv6Address": "IPv6Address",
    },
    codecs={
        "internal": Codec(
            to_wire=lambda value: "internal" if value else "internet-facing",
            from_wire=lambda value: value == "internal",
        ),
        "enablePrefixForIpv6SourceNat": Codec(to_wire=lambda value: "on" if value in (True, "on") else "off"),
    },
    sets=frozenset({"securityGroups", "subnets", "subnetMappings"}),
    computed=frozenset(
        {
            "enableCrossZoneLoadBalancing",
            "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
            "internal",
            "ipAddressType",
            "securityGroups",
            "subnets",
            "subnetMappings",
            "enablePrefixForIpv6SourceNat",
            "secondaryIpsAutoAssignedPerSubnet",
        }
    ),
    suppressed=frozenset({"accessLogs", "connectionLogs", "healthCheckLogs"}),
    # The provider's own defaults, which it sends to AWS too (Terraform: aws_lb).
    defaults={
        "clientKeepAlive": 3600,
        "desyncMitigationMode": "defensive",
        "dropInvalidHeaderFields": False,
        "enableDeletionProtection": False,
        "enableHttp2": True,
        "idleTimeout": 60,
        "preserveHostHeader": False,
        "loadBalancerType": "application",
        "enableTlsVersionAndCipherSuiteHeaders": False,
        "enableXffClientPort": False,
        "enableWafFailOpen": False,
        "xffHeaderProcessingMode": "append",
        "enableZonalShift": False,
    },
    replace=frozenset(
        {
            "name",
            "internal",
            "loadBalancerType",
            "customerOwnedIpv4Pool",
            "subnetMappings",
            "ipamPools",
            "enablePrefixForIpv6SourceNat",
        }
    ),
    outputs={
        "arn": "LoadBalancerArn",
        "name": "LoadBalancerName",
        "arnSuffix": arn_suffix("loadbalancer"),
        "dnsName": _dns_name,
        "zoneId": "CanonicalHostedZoneId",
        "subnets": "AvailabilityZones[].SubnetId",
    },
    unread=frozenset({"subnetMappings"}),
    local=frozenset({"subnetMappings.outpostId"}),
    check=_balancer_check,
    tags=ELB_TAGS,
    find=_existing("DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn"),
)


def _group_check(values: Values) -> list[tuple[str, str]]:
    failures = []
    if values.get("targetType") != "lambda":
        failures += [
            (name, "missing required property")
            for name in ("port", "protocol", "vpcId")
            if name not in values
        ]
    health = values.get("healthCheck")
    if isinstance(health, dict):
        interval, timeout = health.get("interval", 30), health.get("timeout", 5)
        if isinstance(interval, int) and isinstance(timeout, int) and timeout >= interval:
            failures.append(
                (
                    "healthCheck.timeout",
                    f"{timeout} is not allowed: it must be less than healthCheck.interval ({interval})",
                )
            )
    return failures


def _matcher(request: Values, inputs: Values) -> None:
    """Services that speak gRPC are matched by gRPC code."""
    if inputs.get("protocolVersion") == "GRPC" and "Matcher" in request:
        request["Matcher"] = {"GrpcCode": request["Matcher"]["HttpCode"]}


def _group_takes(values: Values, path: str) -> bool:
    """Whether a target group has an attribute: the provider sends its defaults only to those that do."""
    function = values.get("targetType") == "lambda"
    match path:
        case "lambdaMultiValueHeadersEnabled":
            return function
        case "proxyProtocolV2":
            return values.get("protocol") in {"TCP", "TLS", "UDP", "TCP_UDP"}
        case "deregistrationDelay" | "slowStart":
            return not function
        case _:
            return True


TARGET_GROUP = ResourceType(
    type="aws:lb/targetGroup:TargetGroup",
    service="elbv2",
    create=Operation(name="CreateTargetGroup", prepare=_matcher),
    read=with_attributes("DescribeTargetGroups", "TargetGroups", "TargetGroupArn", GROUP_ATTRIBUTES),
    update=(
        Operation(
            name="ModifyTargetGroup",
            keys=lambda state: {"TargetGroupArn": state["id"]},
            only=frozenset({"healthCheck"}),
            prepare=_matcher,
        ),
        attribute_step("ModifyTargetGroupAttributes", "TargetGroupArn", GROUP_ATTRIBUTES, _group_takes),
    ),
    delete=(Operation(name="DeleteTargetGroup", keys=lambda state: {"TargetGroupArn": state["id"]}),),
    id="TargetGroups[0].TargetGroupArn",
    name=Name(maximum=32),
    members={
        "name": "Name",
        "healthCheck": "",
        "healthCheck.enabled": "HealthCheckEnabled",
        "healthCheck.healthyThreshold": "HealthyThresholdCount",
        "healthCheck.interval": "HealthCheckIntervalSeconds",
        "healthCheck.matcher": "Matcher.HttpCode",
        "healthCheck.path": "HealthCheckPath",
        "healthCheck.port": "HealthCheckPort",
        "healthCheck.protocol": "HealthCheckProtocol",
        "healthCheck.timeout": "HealthCheckTimeoutSeconds",
        "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
    },
    computed=frozenset(
        {
            "connectionTermination",
            "healthCheck",
            "healthCheck.healthyThreshold",
            "healthCheck.interval",
            "healthCheck.matcher",
            "healthCheck.path",
            "healthCheck.timeout",
            "healthCheck.unhealthyThreshold",
            "ipAddressType",
            "loadBalancingAlgorithmType",
            "loadBalancingAnomalyMitigation",
            "loadBalancingCrossZoneEnabled",
            "preserveClientIp",
            "protocolVersion",
            "stickiness",
            "targetControlPort",
            "targetFailovers",
            "targetGroupHealth",
            "targetHealthStates",
        }
    ),
    # What the provider adds to a block that is given in part (Terraform: aws_lb_target_group), and what AWS does.
    neutral={
        "healthCheck.enabled": True,
        "healthCheck.port": "traffic-port",
        "healthCheck.protocol": "HTTP",
        "stickiness.cookieDuration": 86400,
    },
    defaults={
        "deregistrationDelay": 300,
        "lambdaMultiValueHeadersEnabled": False,
        "proxyProtocolV2": False,
        "slowStart": 0,
        "targetType": "instance",
    },
    replace=frozenset(
        {
            "name",
            "port",
            "protocol",
            "protocolVersion",
            "targetType",
            "vpcId",
            "ipAddressType",
            "targetControlPort",
        }
    ),
    outputs={"name": "TargetGroupName", "arn": "TargetGroupArn", "arnSuffix": arn_suffix("targetgroup")},
    differs=lambda values: (
        "a new task takes its full share at once: no slow start" if values.get("slowStart") else ""
    ),
    check=_group_check,
    tags=ELB_TAGS,
    find=_existing("DescribeTargetGroups", "TargetGroups", "TargetGroupArn"),
)


TYPES = (
    LOAD_BALANCER,
    TARGET_GROUP,
)
