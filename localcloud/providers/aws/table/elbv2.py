"""Elastic Load Balancing: application load balancers, target groups, listeners, rules."""

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.attributes import attribute_step, described
from localcloud.providers.aws.compare import covers
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, Step
from localcloud.providers.aws.sdk import resource_schema
from localcloud.providers.aws.table.services import ELB_TAGS
from localcloud.providers.aws.wire import Decoder
from localcloud.providers.values import UNKNOWN, Values

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
BALANCER_ATTRIBUTES = {
    "accessLogs.enabled": "access_logs.s3.enabled",
    "accessLogs.bucket": "access_logs.s3.bucket",
    "accessLogs.prefix": "access_logs.s3.prefix",
    "connectionLogs.enabled": "connection_logs.s3.enabled",
    "connectionLogs.bucket": "connection_logs.s3.bucket",
    "connectionLogs.prefix": "connection_logs.s3.prefix",
    "healthCheckLogs.enabled": "health_check_logs.s3.enabled",
    "healthCheckLogs.bucket": "health_check_logs.s3.bucket",
    "healthCheckLogs.prefix": "health_check_logs.s3.prefix",
    "clientKeepAlive": "client_keep_alive.seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "dnsRecordClientRoutingPolicy": "dns_record.client_routing_policy",
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableTlsVersionAndCipherSuiteHeaders": "routing.http.x_amzn_tls_version_and_cipher_suite.enabled",
    "enableWafFailOpen": "waf.fail_open.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "enableZonalShift": "zonal_shift.config.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "secondaryIpsAutoAssignedPerSubnet": "secondary_ips.auto_assigned.per_subnet",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
}
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
GROUP_ATTRIBUTES = {
    "connectionTermination": "deregistration_delay.connection_termination.enabled",
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "lambdaMultiValueHeadersEnabled": "lambda.multi_value_headers.enabled",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "loadBalancingAnomalyMitigation": "load_balancing.algorithm.anomaly_mitigation",
    "loadBalancingCrossZoneEnabled": "load_balancing.cross_zone.enabled",
    "preserveClientIp": "preserve_client_ip.enabled",
    "proxyProtocolV2": "proxy_protocol_v2.enabled",
    "slowStart": "slow_start.duration_seconds",
    "stickiness.enabled": "stickiness.enabled",
    "stickiness.type": "stickiness.type",
    "stickiness.cookieDuration": "stickiness.lb_cookie.duration_seconds",
    "stickiness.cookieName": "stickiness.app_cookie.cookie_name",
    "targetFailovers.onDeregistration": "target_failover.on_deregistration",
    "targetFailovers.onUnhealthy": "target_failover.on_unhealthy",
    "targetGroupHealth.dnsFailover.minimumHealthyTargetsCount": (
        "target_group_health.dns_failover.minimum_healthy_targets.count"
    ),
    "targetGroupHealth.dnsFailover.minimumHealthyTargetsPercentage": (
        "target_group_health.dns_failover.minimum_healthy_targets.percentage"
    ),
    "targetGroupHealth.unhealthyStateRouting.minimumHealthyTargetsCount": (
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count"
    ),
    "targetGroupHealth.unhealthyStateRouting.minimumHealthyTargetsPercentage": (
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage"
    ),
    "targetHealthStates.enableUnhealthyConnectionTermination": (
        "target_health_state.unhealthy.connection_termination.enabled"
    ),
    "targetHealthStates.unhealthyDrainingInterval": "target_health_state.unhealthy.draining_interval_seconds",
}


MUTUAL_TLS = "routing.http.request.x_amzn_mtls_clientcert"
CORS = "routing.http.response.access_control"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ListenerAttribute.html
LISTENER_ATTRIBUTES = {
    "tcpIdleTimeoutSeconds": "tcp.idle_timeout.seconds",
    "routingHttpRequestXAmznMtlsClientcertHeaderName": f"{MUTUAL_TLS}.header_name",
    "routingHttpRequestXAmznMtlsClientcertIssuerHeaderName": f"{MUTUAL_TLS}_issuer.header_name",
    "routingHttpRequestXAmznMtlsClientcertLeafHeaderName": f"{MUTUAL_TLS}_leaf.header_name",
    "routingHttpRequestXAmznMtlsClientcertSerialNumberHeaderName": f"{MUTUAL_TLS}_serial_number.header_name",
    "routingHttpRequestXAmznMtlsClientcertSubjectHeaderName": f"{MUTUAL_TLS}_subject.header_name",
    "routingHttpRequestXAmznMtlsClientcertValidityHeaderName": f"{MUTUAL_TLS}_validity.header_name",
    "routingHttpRequestXAmznTlsCipherSuiteHeaderName": "routing.http.request.x_amzn_tls_cipher_suite.header_name",
    "routingHttpRequestXAmznTlsVersionHeaderName": "routing.http.request.x_amzn_tls_version.header_name",
    "routingHttpResponseAccessControlAllowCredentialsHeaderValue": f"{CORS}_allow_credentials.header_value",
    "routingHttpResponseAccessControlAllowHeadersHeaderValue": f"{CORS}_allow_headers.header_value",
    "routingHttpResponseAccessControlAllowMethodsHeaderValue": f"{CORS}_allow_methods.header_value",
    "routingHttpResponseAccessControlAllowOriginHeaderValue": f"{CORS}_allow_origin.header_value",
    "routingHttpResponseAccessControlExposeHeadersHeaderValue": f"{CORS}_expose_headers.header_value",
    "routingHttpResponseAccessControlMaxAgeHeaderValue": f"{CORS}_max_age.header_value",
    "routingHttpResponseContentSecurityPolicyHeaderValue": (
        "routing.http.response.content_security_policy.header_value"
    ),
    "routingHttpResponseServerEnabled": "routing.http.response.server.enabled",
    "routingHttpResponseStrictTransportSecurityHeaderValue": (
        "routing.http.response.strict_transport_security.header_value"
    ),
    "routingHttpResponseXContentTypeOptionsHeaderValue": "routing.http.response.x_content_type_options.header_value",
    "routingHttpResponseXFrameOptionsHeaderValue": "routing.http.response.x_frame_options.header_value",
}


def arn_suffix(marker: str) -> Callable[[Context, Values, Values], str]:
    """What CloudWatch calls the object: the ARN's part from its kind on."""

    def rule(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  the signature of every output rule
        text: str = state["id"].split(":", 5)[5]
        return text.removeprefix("loadbalancer/") if marker == "loadbalancer" else text

    return rule


def _dns_name(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  as above
    """The emulator serves a load balancer under this host name on its own port, for curl and browsers alike."""
    return f"{state['name']}.alb.localhost:{context.aws.settings.port}"


def _with_attributes(operation: str, result: str, member: str, keys: Mapping[str, str]) -> Any:
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


def _refuse_protected(context: Context, state: Values) -> None:
    """Fail as AWS does while deletion protection is on: the emulator would delete the load balancer."""
    found = context.find_call("DescribeLoadBalancerAttributes", {"LoadBalancerArn": state["id"]}).get(
        "Attributes", []
    )
    if described(BALANCER_ATTRIBUTES, found).get("enableDeletionProtection") == "true":
        raise LocalCloudError(
            "OperationNotPermitted: deletion protection is on",
            fix="set enableDeletionProtection to false first",
        )


LOAD_BALANCER = ResourceType(
    type="aws:lb/loadBalancer:LoadBalancer",
    service="elbv2",
    create=Operation(name="CreateLoadBalancer"),
    read=_with_attributes("DescribeLoadBalancers", "LoadBalancers", "LoadBalancerArn", BALANCER_ATTRIBUTES),
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
    before_delete=_refuse_protected,
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


TARGET_GROUP = ResourceType(
    type="aws:lb/targetGroup:TargetGroup",
    service="elbv2",
    create=Operation(name="CreateTargetGroup", prepare=_matcher),
    read=_with_attributes("DescribeTargetGroups", "TargetGroups", "TargetGroupArn", GROUP_ATTRIBUTES),
    update=(
        Operation(
            name="ModifyTargetGroup",
            keys=lambda state: {"TargetGroupArn": state["id"]},
            only=frozenset({"healthCheck"}),
            prepare=_matcher,
        ),
        attribute_step("ModifyTargetGroupAttributes", "TargetGroupArn", GROUP_ATTRIBUTES),
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
    outputs={"arn": "TargetGroupArn", "arnSuffix": arn_suffix("targetgroup")},
    check=_group_check,
    tags=ELB_TAGS,
    find=_existing("DescribeTargetGroups", "TargetGroups", "TargetGroupArn"),
)


def _action_members(path: str) -> dict[str, str]:
    return {
        f"{path}.forward": "ForwardConfig",
        f"{path}.forward.targetGroups.arn": "TargetGroupArn",
        f"{path}.forward.stickiness": "TargetGroupStickinessConfig",
        f"{path}.forward.stickiness.duration": "DurationSeconds",
        f"{path}.redirect": "RedirectConfig",
        f"{path}.fixedResponse": "FixedResponseConfig",
        f"{path}.authenticateCognito": "AuthenticateCognitoConfig",
        f"{path}.authenticateOidc": "AuthenticateOidcConfig",
        f"{path}.jwtValidation": "JwtValidationConfig",
    }


def _actions(actions: list[Values]) -> list[Values]:
    """Name the target group of a plain forward both ways, as AWS allows and describes it.

    The emulator knows only the short way (`TargetGroupArn`) of the two.
    """
    result = []
    for action in actions:
        groups = (action.get("forward") or {}).get("targetGroups") or []
        short = (
            {"targetGroupArn": groups[0]["arn"]}
            if len(groups) == 1 and not action.get("targetGroupArn")
            else {}
        )
        result.append({**action, **short})
    return result


def _described_actions(actions: list[Values]) -> list[Values]:
    """AWS describes a plain forward in the long form too."""
    return [
        {
            **action,
            "ForwardConfig": {
                "TargetGroups": [{"TargetGroupArn": action["TargetGroupArn"], "Weight": 1}],
                "TargetGroupStickinessConfig": {"Enabled": False},
            },
        }
        if action.get("TargetGroupArn") and not action.get("ForwardConfig")
        else action
        for action in actions
    ]


ACTIONS = Codec(to_wire=_actions, described=_described_actions)


def _existing_listener(context: Context, inputs: Values) -> str | None:
    found = context.find_call("DescribeListeners", {"LoadBalancerArn": inputs["loadBalancerArn"]}).get(
        "Listeners", []
    )
    return next((str(item["ListenerArn"]) for item in found if item.get("Port") == inputs.get("port")), None)


def _listener_check(values: Values) -> list[tuple[str, str]]:
    if values.get("protocol") in ("HTTPS", "TLS") and values.get("certificateArn") is None:
        return [
            ("certificateArn", f"missing: a listener with protocol {values['protocol']} needs a certificate")
        ]
    return []


def _listener(state: Values) -> Values:
    return {"ListenerArn": state["id"]}


LISTENER = ResourceType(
    type="aws:lb/listener:Listener",
    service="elbv2",
    create=Operation(name="CreateListener"),
    read=_with_attributes("DescribeListeners", "Listeners", "ListenerArn", LISTENER_ATTRIBUTES),
    update=(
        Operation(name="ModifyListener", keys=_listener),
        attribute_step("ModifyListenerAttributes", "ListenerArn", LISTENER_ATTRIBUTES),
    ),
    delete=(Operation(name="DeleteListener", keys=_listener),),
    id="Listeners[0].ListenerArn",
    members={"certificateArn": "Certificates", **_action_members("defaultActions")},
    codecs={
        "certificateArn": Codec(
            to_wire=lambda arn: [{"certificateArn": arn}],
            from_wire=lambda wire: wire[0].get("CertificateArn") if wire else None,
        ),
        "defaultActions": ACTIONS,
    },
    computed=frozenset(
        {
            "protocol",
            "sslPolicy",
            "mutualAuthentication",
            "routingHttpResponseServerEnabled",
            "tcpIdleTimeoutSeconds",
        }
    ),
    replace=frozenset({"loadBalancerArn"}),
    outputs={"arn": "ListenerArn"},
    check=_listener_check,
    tags=ELB_TAGS,
    find=_existing_listener,
)

CONDITION_FIELDS = {
    "hostHeader": "host-header",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "pathPattern": "path-pattern",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}


def _conditions(conditions: list[Values]) -> list[Values]:
    """AWS wants to be told which field a condition is about, besides the condition itself."""
    return [
        {"field": next((CONDITION_FIELDS[name] for name in CONDITION_FIELDS if item.get(name)), None), **item}
        for item in conditions
    ]


def _rule_check(values: Values) -> list[tuple[str, str]]:
    failures = []
    for index, item in enumerate(values["conditions"] if isinstance(values["conditions"], list) else []):
        given = [name for name in CONDITION_FIELDS if isinstance(item, dict) and item.get(name)]
        if isinstance(item, dict) and len(given) != 1:
            failures.append((f"conditions[{index}]", f"give exactly one of {', '.join(CONDITION_FIELDS)}"))
    priority = values.get("priority")
    if isinstance(priority, int) and not 1 <= priority <= 50000:
        failures.append(("priority", f"{priority} is not allowed; allowed: 1 to 50000"))
    return failures


def _later_priority(request: Values, inputs: Values) -> None:  # noqa: ARG001  the signature of every prepare
    request.setdefault("Priority", UNKNOWN)


def _rules(context: Context, inputs: Values) -> list[Values]:
    found: list[Values] = context.call("DescribeRules", {"ListenerArn": inputs["listenerArn"]}).get(
        "Rules", []
    )
    return [rule for rule in found if not rule.get("IsDefault")]


def _next_priority(context: Context, inputs: Values) -> Values:
    """Terraform: a rule without a priority comes after the last one. AWS refuses a priority that is taken."""
    taken = {int(rule["Priority"]): rule["RuleArn"] for rule in _rules(context, inputs)}
    wanted = inputs.get("priority")
    return {"Priority": wanted if wanted is not None else max(taken, default=0) + 1}


def _existing_rule(context: Context, inputs: Values) -> str | None:
    for rule in _rules(context, inputs):
        if inputs.get("priority") is not None:
            same = rule["Priority"] == str(inputs["priority"])
        else:
            known = Decoder(LISTENER_RULE).properties(rule, resource_schema(LISTENER_RULE.type).inputs)
            same = all(
                covers(LISTENER_RULE, known.get(name), inputs[name], name)
                for name in ("actions", "conditions")
            )
        if same:
            return str(rule["RuleArn"])
    return None


def _set_priority(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    request = {"RulePriorities": [{"RuleArn": wanted["id"], "Priority": wanted["priority"]}]}
    context.call("SetRulePriorities", request)


LISTENER_RULE = ResourceType(
    type="aws:lb/listenerRule:ListenerRule",
    service="elbv2",
    create=Operation(name="CreateRule", prepare=_later_priority),
    read=Read(name="DescribeRules", keys=lambda state: {"RuleArns": [state["id"]]}, result="Rules[0]"),
    update=(
        Operation(name="ModifyRule", keys=lambda state: {"RuleArn": state["id"]}),
        Step(run=_set_priority, properties=frozenset({"priority"}), at_create=False),
    ),
    delete=(Operation(name="DeleteRule", keys=lambda state: {"RuleArn": state["id"]}),),
    id="Rules[0].RuleArn",
    members={
        **_action_members("actions"),
        "conditions.hostHeader": "HostHeaderConfig",
        "conditions.httpHeader": "HttpHeaderConfig",
        "conditions.httpRequestMethod": "HttpRequestMethodConfig",
        "conditions.pathPattern": "PathPatternConfig",
        "conditions.queryStrings": "QueryStringConfig.Values",
        "conditions.sourceIp": "SourceIpConfig",
    },
    codecs={"conditions": Codec(to_wire=_conditions), "actions": ACTIONS},
    sets=frozenset(
        {
            "conditions",
            "conditions.hostHeader.values",
            "conditions.pathPattern.values",
            "conditions.sourceIp.values",
            "conditions.httpHeader.values",
            "conditions.httpRequestMethod.values",
            "conditions.queryStrings",
            "actions.forward.targetGroups",
        }
    ),
    computed=frozenset({"priority"}),
    replace=frozenset({"listenerArn"}),
    outputs={"arn": "RuleArn"},
    before_create=_next_priority,
    check=_rule_check,
    tags=ELB_TAGS,
    find=_existing_rule,
)

TYPES = (LOAD_BALANCER, TARGET_GROUP, LISTENER, LISTENER_RULE)
