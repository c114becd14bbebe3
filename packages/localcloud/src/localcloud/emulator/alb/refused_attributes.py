"""Attributes of load balancers and target groups that Elastic Load Balancing refuses.

Source: API Reference, `LoadBalancerAttribute` and `TargetGroupAttribute`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.emulator.alb.attributes import balancer_defaults
from localcloud.emulator.alb.model import LoadBalancer, TargetGroup
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
NETWORK: Mapping[str, Check] = {
    **{key: BALANCER[key] for key in balancer_defaults("network") if key in BALANCER},
    "load_balancing.cross_zone.enabled": _SWITCH,
    "dns_record.client_routing_policy": _one_of(
        "availability_zone_affinity", "partial_availability_zone_affinity", "any_availability_zone"
    ),
    "secondary_ips.auto_assigned.per_subnet": _number(0, 7),
}
GATEWAY: Mapping[str, Check] = {
    "deletion_protection.enabled": _SWITCH,
    "load_balancing.cross_zone.enabled": _SWITCH,
}
_BALANCERS = {"application": BALANCER, "network": NETWORK, "gateway": GATEWAY}
_STICKY_TYPES = {
    "HTTP": ("lb_cookie", "app_cookie"),
    "HTTPS": ("lb_cookie", "app_cookie"),
    "GENEVE": ("source_ip_dest_ip_proto", "source_ip_dest_ip"),
}


def check_balancer_attributes(balancer: LoadBalancer, request: Mapping[str, Any]) -> dict[str, str]:
    """The attributes that a request sets.

    Raises:
        RefusedError: AWS refuses one.
    """
    pairs = _pairs(request)
    _check(_BALANCERS[balancer.type], "Load balancer", pairs)
    merged = balancer.attributes | pairs
    for kind in ("access_logs", "connection_logs", "health_check_logs"):
        if merged.get(f"{kind}.s3.enabled") == "true" and not merged.get(f"{kind}.s3.bucket"):
            raise RefusedError(
                f"The value of '{kind}.s3.bucket' cannot be empty", "InvalidConfigurationRequest"
            )
    return {key: value for key, value in pairs.items() if key in _BALANCERS[balancer.type]}


def check_group_attributes(group: TargetGroup, request: Mapping[str, Any]) -> dict[str, str]:
    """The attributes that a request sets, without those that providers send for every target group.

    Raises:
        RefusedError: AWS refuses one.
    """
    pairs = _pairs(request)
    if pairs.get(_LAMBDA_ONLY) == "true" and group.target_type != "lambda":
        raise _unsupported(group, _LAMBDA_ONLY)
    if group.target_type == "lambda" and "deregistration_delay.timeout_seconds" in pairs:
        raise _unsupported(group, "deregistration_delay.timeout_seconds")
    _check_stickiness(group, pairs)
    if group.protocol not in {"HTTP", "HTTPS"}:
        if "deregistration_delay.timeout_seconds" in pairs:
            GROUP["deregistration_delay.timeout_seconds"](
                "deregistration_delay.timeout_seconds", pairs["deregistration_delay.timeout_seconds"]
            )
        return pairs
    _check(GROUP, "Target group", pairs)
    return {key: value for key, value in pairs.items() if key not in OTHERS}


def _unsupported(group: TargetGroup, key: str) -> RefusedError:
    return RefusedError(
        f"A target group with target type '{group.target_type}' does not support the attribute {key}",
        "InvalidConfigurationRequest",
    )


def _check_stickiness(group: TargetGroup, pairs: dict[str, str]) -> None:
    """Which kinds a protocol has: the sources of `stickiness.type`, and moto's tests of it against AWS."""
    kind = pairs.get("stickiness.type")
    protocol = str(group.protocol or "")
    if protocol == "GENEVE":
        if "stickiness.app_cookie.cookie_name" in pairs:
            raise RefusedError(
                "Target group attribute key 'stickiness.app_cookie.cookie_name' is not recognized"
            )
        if kind and kind not in _STICKY_TYPES["GENEVE"]:
            raise RefusedError(f"'{kind}' must be one of [source_ip_dest_ip_proto, source_ip_dest_ip]")
        return
    if kind in _STICKY_TYPES["GENEVE"] or (kind and kind not in {"lb_cookie", "app_cookie", "source_ip"}):
        raise RefusedError("'Stickiness type' must be one of [app_cookie, lb_cookie, source_ip]")
    merged = group.attributes | pairs
    if kind == "app_cookie" and not merged.get("stickiness.app_cookie.cookie_name"):
        raise RefusedError(
            "You must set an application cookie name to enable stickiness of type 'app_cookie'",
            "InvalidConfigurationRequest",
        )
    if kind == "source_ip" and protocol == "TLS":
        raise RefusedError(
            "You cannot enable stickiness on target groups with the TLS protocol",
            "InvalidConfigurationRequest",
        )
    allowed = _STICKY_TYPES.get(protocol, ("source_ip",))
    if kind and kind not in allowed:
        raise RefusedError(
            f"Stickiness type '{kind}' is not supported for target groups with the {protocol} protocol",
            "InvalidConfigurationRequest",
        )


def _pairs(request: Mapping[str, Any]) -> dict[str, str]:
    return {str(entry.get("Key")): str(entry.get("Value") or "") for entry in request.get("Attributes") or []}


def _check(known: Mapping[str, Check], what: str, pairs: Mapping[str, str]) -> None:
    for key, value in pairs.items():
        if key in OTHERS and key not in known:
            continue
        if key not in known:
            raise RefusedError(f"{what} attribute key '{key}' is not recognized")
        known[key](key, value)
