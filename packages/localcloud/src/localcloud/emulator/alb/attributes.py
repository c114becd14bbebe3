"""The attributes that a new load balancer, target group or listener has.

Source: API Reference, `LoadBalancerAttribute`, `TargetGroupAttribute` and `ListenerAttribute`: which apply to what, and
their defaults.
"""

_ALL_BALANCERS = {
    "deletion_protection.enabled": "false",
}
_ALB_AND_NLB = {
    "access_logs.s3.enabled": "false",
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "ipv6.deny_all_igw_traffic": "false",
    "zonal_shift.config.enabled": "false",
}
_ALB = {
    "load_balancing.cross_zone.enabled": "true",
    "idle_timeout.timeout_seconds": "60",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "health_check_logs.s3.enabled": "false",
    "health_check_logs.s3.bucket": "",
    "health_check_logs.s3.prefix": "",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
}
_NLB = {
    "load_balancing.cross_zone.enabled": "false",
    "dns_record.client_routing_policy": "any_availability_zone",
    "secondary_ips.auto_assigned.per_subnet": "0",
}
_HEALTH = {
    "target_group_health.dns_failover.minimum_healthy_targets.count": "1",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": "off",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": "1",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": "off",
}


def balancer_defaults(kind: str) -> dict[str, str]:
    """A new load balancer's attributes."""
    if kind == "gateway":
        return {**_ALL_BALANCERS, "load_balancing.cross_zone.enabled": "false"}
    return _ALL_BALANCERS | _ALB_AND_NLB | (_ALB if kind == "application" else _NLB)


def group_defaults(target_type: str, protocol: str | None) -> dict[str, str]:
    """A new target group's attributes."""
    if target_type == "lambda":
        return {"lambda.multi_value_headers.enabled": "false"} | _HEALTH
    if target_type == "alb":
        return dict(_HEALTH)
    shared = {"deregistration_delay.timeout_seconds": "300", "stickiness.enabled": "false"}
    if protocol in {"HTTP", "HTTPS"}:
        return (
            shared
            | {
                "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
                "stickiness.type": "lb_cookie",
                "stickiness.lb_cookie.duration_seconds": "86400",
                "stickiness.app_cookie.duration_seconds": "86400",
                "stickiness.app_cookie.cookie_name": "",
                "load_balancing.algorithm.type": "round_robin",
                "load_balancing.algorithm.anomaly_mitigation": "off",
                "slow_start.duration_seconds": "0",
            }
            | _HEALTH
        )
    if protocol == "GENEVE":
        return shared | {
            "stickiness.type": "source_ip_dest_ip_proto",
            "target_failover.on_deregistration": "no_rebalance",
            "target_failover.on_unhealthy": "no_rebalance",
        }
    preserves = target_type == "instance" or protocol in {"UDP", "TCP_UDP"}
    return (
        shared
        | {
            "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
            "stickiness.type": "source_ip",
            "deregistration_delay.connection_termination.enabled": "true"
            if protocol in {"UDP", "TCP_UDP"}
            else "false",
            "preserve_client_ip.enabled": str(preserves).lower(),
            "proxy_protocol_v2.enabled": "false",
            "target_health_state.unhealthy.connection_termination.enabled": "true",
            "target_health_state.unhealthy.draining_interval_seconds": "0",
        }
        | _HEALTH
    )


def listener_defaults(protocol: str | None) -> dict[str, str]:
    """A new listener's attributes."""
    if protocol in {"HTTP", "HTTPS"}:
        return {"routing.http.response.server.enabled": "true"}
    return {"tcp.idle_timeout.seconds": "350"} if protocol in {None, "TCP"} else {}
