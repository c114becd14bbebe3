"""Attributes of load balancers and target groups that Elastic Load Balancing refuses.

Source: API Reference, `LoadBalancerAttribute` and `TargetGroupAttribute`, for application load balancers.
"""

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb import groups
from localcloud.emulator.alb.refusal import RefusedError

Check = Callable[[str, str], None]


def _number(low: int, high: int, *others: str) -> Check:
    def check(key: str, value: str) -> None:
        if value not in others and not (value.isdigit() and low <= int(value) <= high):
            also = f" or one of {list(others)}" if others else ""
            raise RefusedError(f"'{key}' value '{value}' must be between '{low}-{high}' inclusive{also}")

    return check


def _one_of(*allowed: str) -> Check:
    def check(key: str, value: str) -> None:
        if value not in allowed:
            raise RefusedError(f"'{key}' value '{value}' must be one of [{', '.join(allowed)}]")

    return check


def _cookie_name(key: str, value: str) -> None:
    if value.startswith("AWSALB"):
        raise RefusedError(
            f"'{key}' value '{value}' begins with a reserved prefix: AWSALB, AWSALBAPP, AWSALBTG"
        )


def _anything(_key: str, _value: str) -> None:
    pass


_SWITCH = _one_of("true", "false")
_MANY = 1_000_000
BALANCER: Mapping[str, Check] = {
    "deletion_protection.enabled": _SWITCH,
    # "The default for Application Load Balancers is true, and can't be changed."
    "load_balancing.cross_zone.enabled": _one_of("true"),
    "access_logs.s3.enabled": _SWITCH,
    "access_logs.s3.bucket": _anything,
    "access_logs.s3.prefix": _anything,
    "ipv6.deny_all_igw_traffic": _SWITCH,
    "zonal_shift.config.enabled": _SWITCH,
    "idle_timeout.timeout_seconds": _number(1, 4000),
    "client_keep_alive.seconds": _number(60, 604800),
    "connection_logs.s3.enabled": _SWITCH,
    "connection_logs.s3.bucket": _anything,
    "connection_logs.s3.prefix": _anything,
    "health_check_logs.s3.enabled": _SWITCH,
    "health_check_logs.s3.bucket": _anything,
    "health_check_logs.s3.prefix": _anything,
    "routing.http.desync_mitigation_mode": _one_of("monitor", "defensive", "strictest"),
    "routing.http.drop_invalid_header_fields.enabled": _SWITCH,
    "routing.http.preserve_host_header.enabled": _SWITCH,
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": _SWITCH,
    "routing.http.xff_client_port.enabled": _SWITCH,
    "routing.http.xff_header_processing.mode": _one_of("append", "preserve", "remove"),
    "routing.http2.enabled": _SWITCH,
    "waf.fail_open.enabled": _SWITCH,
}
GROUP: Mapping[str, Check] = {
    "deregistration_delay.timeout_seconds": _number(0, 3600),
    "stickiness.enabled": _SWITCH,
    "stickiness.type": _one_of("lb_cookie", "app_cookie"),
    "stickiness.app_cookie.cookie_name": _cookie_name,
    "stickiness.app_cookie.duration_seconds": _number(1, 604800),
    "stickiness.lb_cookie.duration_seconds": _number(1, 604800),
    "load_balancing.cross_zone.enabled": _one_of("true", "false", "use_load_balancer_configuration"),
    "load_balancing.algorithm.type": _one_of("round_robin", "least_outstanding_requests", "weighted_random"),
    "load_balancing.algorithm.anomaly_mitigation": _one_of("on", "off"),
    "slow_start.duration_seconds": _number(30, 900, "0"),
    "target_group_health.dns_failover.minimum_healthy_targets.count": _number(1, _MANY, "off"),
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": _number(1, 100, "off"),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": _number(1, _MANY),
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": _number(1, 100, "off"),
    "lambda.multi_value_headers.enabled": _SWITCH,
}
# Of network and gateway load balancers. Providers send their defaults for every target group, so they are taken.
OTHERS = frozenset(
    (
        "deregistration_delay.connection_termination.enabled",
        "preserve_client_ip.enabled",
        "proxy_protocol_v2.enabled",
        "target_health_state.unhealthy.connection_termination.enabled",
        "target_health_state.unhealthy.draining_interval_seconds",
        "target_failover.on_deregistration",
        "target_failover.on_unhealthy",
        "dns_record.client_routing_policy",
        "secondary_ips.auto_assigned.per_subnet",
    )
)
_LAMBDA_ONLY = "lambda.multi_value_headers.enabled"


def check_attributes(action: str, request: Mapping[str, Any]) -> None:
    """Check attributes that are set; those of network and gateway load balancers are left to them.

    Raises:
        RefusedError: AWS refuses one.
    """
    if action == "ModifyLoadBalancerAttributes":
        if "/app/" in str(request["LoadBalancerArn"]):
            _check(BALANCER, "Load balancer", _pairs(request))
        return
    arn = str(request["TargetGroupArn"])
    group = upstream.alb._tgs.get(arn)
    if group is None or group["Protocol"] not in {"HTTP", "HTTPS"}:
        return
    pairs = _pairs(request)
    _check(GROUP, "Target group", pairs)
    if pairs.get(_LAMBDA_ONLY) == "true" and group["TargetType"] != "lambda":
        raise RefusedError(
            f"A target group with target type '{group['TargetType']}' does not support the attribute {_LAMBDA_ONLY}",
            "InvalidConfigurationRequest",
        )
    kind = pairs.get("stickiness.type") or groups.attribute(arn, "stickiness.type", "lb_cookie")
    name = pairs.get("stickiness.app_cookie.cookie_name") or groups.attribute(
        arn, "stickiness.app_cookie.cookie_name", ""
    )
    if kind == "app_cookie" and not name:
        raise RefusedError(
            "You must set an application cookie name to enable stickiness of type 'app_cookie'",
            "InvalidConfigurationRequest",
        )


def _pairs(request: Mapping[str, Any]) -> dict[str, str]:
    return {str(entry.get("Key")): str(entry.get("Value") or "") for entry in request.get("Attributes") or []}


def _check(known: Mapping[str, Check], what: str, pairs: Mapping[str, str]) -> None:
    for key, value in pairs.items():
        if key in OTHERS:
            continue
        if key not in known:
            raise RefusedError(f"{what} attribute key '{key}' is not recognized")
        known[key](key, value)
