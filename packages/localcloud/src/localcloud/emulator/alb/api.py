"""The ELBv2 operations that know about real targets, and what every change of a listener has to keep in step."""

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb import groups, placement, refusals, wire
from localcloud.emulator.alb.registry import REASONS, Registry, Target
from localcloud.emulator.alb.routing import Routes

Response = tuple[int, dict[str, str], bytes]
# Attributes every new target group or load balancer has on AWS and that MiniStack leaves out.
_GROUP_ATTRIBUTES = {
    "load_balancing.algorithm.type": "round_robin",
    "load_balancing.algorithm.anomaly_mitigation": "off",
    "load_balancing.cross_zone.enabled": "use_load_balancer_configuration",
    "slow_start.duration_seconds": "0",
    "stickiness.lb_cookie.duration_seconds": "86400",
    "stickiness.app_cookie.duration_seconds": "86400",
    "stickiness.app_cookie.cookie_name": "",
}
# API Reference, `LoadBalancerAttribute`: those of Application Load Balancers, with their defaults.
_BALANCER_ATTRIBUTES = {
    "access_logs.s3.bucket": "",
    "access_logs.s3.prefix": "",
    "client_keep_alive.seconds": "3600",
    "connection_logs.s3.enabled": "false",
    "connection_logs.s3.bucket": "",
    "connection_logs.s3.prefix": "",
    "health_check_logs.s3.enabled": "false",
    "health_check_logs.s3.bucket": "",
    "health_check_logs.s3.prefix": "",
    "load_balancing.cross_zone.enabled": "true",
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
    "zonal_shift.config.enabled": "false",
}


class LoadBalancingApi:
    """Operations on targets, and checks around MiniStack's own operations on listeners and rules."""

    def __init__(self, registry: Registry, routes: Routes) -> None:
        self._registry = registry
        self._routes = routes

    def actions(self) -> dict[str, Callable[[wire.Parameters], Response]]:
        """Handlers by the operation's name, in the form of MiniStack's action map."""
        return {
            "RegisterTargets": self.register_targets,
            "DeregisterTargets": self.deregister_targets,
            "DescribeTargetHealth": self.describe_target_health,
        }

    def around(self, action: str, original: Callable[[wire.Parameters], Response]) -> Callable[..., Response]:
        """Check a request AWS would refuse, let MiniStack answer it, and keep associations and routes in step."""

        def handle(parameters: wire.Parameters) -> Response:
            refusal = refusals.refusal(action, parameters) or _refusal(action, parameters)
            if refusal is not None:
                response: Response = upstream.alb._error(*refusal)
                return response
            response = original(parameters)
            if response[0] == 200:
                self._after(action, parameters)
            return response

        return handle

    def _after(self, action: str, parameters: wire.Parameters) -> None:
        alb = upstream.alb
        if action == "DeleteTargetGroup":
            self._registry.drop_group(wire.value(parameters, "TargetGroupArn"))
        if action == "CreateTargetGroup":
            name = wire.value(parameters, "Name")
            group = next(entry for entry in alb._tgs.values() if entry["TargetGroupName"] == name)
            group["ProtocolVersion"] = wire.value(parameters, "ProtocolVersion", "HTTP1")
            stored = alb._tg_attrs[group["TargetGroupArn"]]
            stored.extend({"Key": key, "Value": default} for key, default in _GROUP_ATTRIBUTES.items())
        if action == "CreateLoadBalancer":
            name = wire.value(parameters, "Name")
            made = next(entry for entry in alb._lbs.values() if entry["LoadBalancerName"] == name)
            # MiniStack puts every one into the same VPC.
            made["VpcId"] = placement.vpc_of(made["Subnets"]) or made["VpcId"]
            if made["Type"] == "application":
                stored = alb._lb_attrs[made["LoadBalancerArn"]]
                stored.extend({"Key": key, "Value": value} for key, value in _BALANCER_ATTRIBUTES.items())
        if action == "DeleteLoadBalancer":
            balancer = wire.value(parameters, "LoadBalancerArn")
            for listener in [
                arn for arn, entry in alb._listeners.items() if entry["LoadBalancerArn"] == balancer
            ]:
                alb._delete_listener({"ListenerArn": listener})
        associate()
        self._routes.forget()

    def register_targets(self, parameters: wire.Parameters) -> Response:
        """Register targets by address; they get requests once they pass their first health check."""
        group = _group(parameters)
        if group is None:
            return _no_group(parameters)
        for address, port in _targets(parameters, group):
            self._registry.register(group["TargetGroupArn"], address, port)
        response: Response = upstream.alb._empty("RegisterTargets")
        return response

    def deregister_targets(self, parameters: wire.Parameters) -> Response:
        """Drain targets; they are gone when nothing is in flight, at the latest after the deregistration delay."""
        group = _group(parameters)
        if group is None:
            return _no_group(parameters)
        for address, port in _targets(parameters, group):
            self._registry.drain(group["TargetGroupArn"], address, port)
        response: Response = upstream.alb._empty("DeregisterTargets")
        return response

    def describe_target_health(self, parameters: wire.Parameters) -> Response:
        """The state of every target with AWS's reason codes."""
        group = _group(parameters)
        if group is None:
            return _no_group(parameters)
        arn = group["TargetGroupArn"]
        asked = _targets(parameters, group)
        found = {(target.id, target.port): target for target in self._registry.targets(arn)}
        wanted = asked or list(found)
        described = "".join(
            _describe(group, address, port, found.get((address, port))) for address, port in wanted
        )
        response: Response = upstream.alb._xml(
            200, "DescribeTargetHealth", f"<TargetHealthDescriptions>{described}</TargetHealthDescriptions>"
        )
        return response


def _describe(group: Mapping[str, Any], address: str, port: int, target: Target | None) -> str:
    state, reason, text = "unused", "Target.NotRegistered", REASONS["Target.NotRegistered"]
    if target is not None and not group["LoadBalancerArns"] and target.state != "draining":
        reason, text = "Target.NotInUse", REASONS["Target.NotInUse"]
    elif target is not None:
        state, reason, text = target.state, target.reason, target.description
    health = {"State": state} | ({"Reason": reason, "Description": text} if reason else {})
    check_port = group["HealthCheckPort"]
    document = {
        "Target": {
            "Id": address,
            "Port": port,
            "AvailabilityZone": f"{groups.region_of(group['TargetGroupArn'])}a",
        },
        "HealthCheckPort": port if check_port == "traffic-port" else check_port,
        "TargetHealth": health,
    }
    return f"<member>{wire.to_xml(document)}</member>"


def _group(parameters: wire.Parameters) -> Mapping[str, Any] | None:
    found: Mapping[str, Any] | None = upstream.alb._tgs.get(wire.value(parameters, "TargetGroupArn"))
    return found


def _no_group(parameters: wire.Parameters) -> Response:
    arn = wire.value(parameters, "TargetGroupArn")
    response: Response = upstream.alb._error("TargetGroupNotFound", f"Target group '{arn}' not found")
    return response


def _targets(parameters: wire.Parameters, group: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [
        (
            wire.value(parameters, f"{member}.Id"),
            int(wire.value(parameters, f"{member}.Port", str(group["Port"]))),
        )
        for member in wire.members(parameters, "Targets")
    ]


def associate() -> None:
    """Recompute which load balancers each target group of this account and region belongs to."""
    alb = upstream.alb
    balancers = {arn: entry["LoadBalancerArn"] for arn, entry in alb._listeners.items()}
    used: dict[str, list[str]] = {}
    holders = [
        *((entry["LoadBalancerArn"], entry["DefaultActions"]) for entry in alb._listeners.values()),
        *((balancers.get(rule["ListenerArn"]), rule["Actions"]) for rule in alb._rules.values()),
    ]
    for balancer, actions in holders:
        for action in actions:
            for group, _ in wire.target_groups_of(action):
                if balancer and balancer not in used.setdefault(group, []):
                    used[group].append(balancer)
    for arn, group_record in alb._tgs.items():
        group_record["LoadBalancerArns"] = used.get(arn, [])


def _refusal(action: str, parameters: wire.Parameters) -> tuple[str, str] | None:
    """AWS's error for a request that MiniStack would accept, or None."""
    checks = {
        "CreateListener": (_unknown_group, _other_balancers_group, _duplicate_listener),
        "ModifyListener": (_unknown_group, _other_balancers_group),
        "CreateRule": (_unknown_group, _other_balancers_group, _duplicate_priority),
        "ModifyRule": (_unknown_group, _other_balancers_group),
        "SetRulePriorities": (_clashing_priorities,),
        "DeleteTargetGroup": (_group_in_use,),
        "DeleteLoadBalancer": (_protected,),
        "CreateLoadBalancer": (placement.created,),
        "SetSubnets": (placement.moved,),
        "SetSecurityGroups": (placement.grouped,),
    }
    refusals = (check(parameters) for check in checks.get(action, ()))
    return next((refusal for refusal in refusals if refusal), None)


def _unknown_group(parameters: wire.Parameters) -> tuple[str, str] | None:
    alb = upstream.alb
    for prefix in ("DefaultActions", "Actions"):
        for entry in alb._parse_actions(parameters, prefix):
            for group, _ in wire.target_groups_of(entry):
                if group not in alb._tgs:
                    return "TargetGroupNotFound", f"Target groups '{group}' not found"
    return None


def _duplicate_listener(parameters: wire.Parameters) -> tuple[str, str] | None:
    balancer, port = wire.value(parameters, "LoadBalancerArn"), int(wire.value(parameters, "Port", "80"))
    listeners = upstream.alb._listeners.values()
    if any(entry["LoadBalancerArn"] == balancer and entry["Port"] == port for entry in listeners):
        return (
            "DuplicateListener",
            f"A listener already exists on this port for this load balancer '{balancer}'",
        )
    return None


def _duplicate_priority(parameters: wire.Parameters) -> tuple[str, str] | None:
    listener, priority = wire.value(parameters, "ListenerArn"), wire.value(parameters, "Priority")
    rules = upstream.alb._rules.values()
    if any(rule["ListenerArn"] == listener and rule["Priority"] == priority for rule in rules):
        return "PriorityInUse", f"Priority '{priority}' is currently in use"
    return None


def _clashing_priorities(parameters: wire.Parameters) -> tuple[str, str] | None:
    """API Reference, SetRulePriorities: conflicts in the new order are refused; rules not named keep their place."""
    rules = upstream.alb._rules
    wanted: dict[str, str] = {}
    for member in wire.members(parameters, "RulePriorities"):
        arn, priority = (
            wire.value(parameters, f"{member}.RuleArn"),
            wire.value(parameters, f"{member}.Priority"),
        )
        if arn not in rules:
            return "RuleNotFound", f"One or more rules not found: '{arn}'"
        if rules[arn].get("IsDefault"):
            return "OperationNotPermitted", f"Default rule '{arn}' cannot be moved"
        wanted[arn] = priority
    taken: set[tuple[str, str]] = set()
    for arn, rule in rules.items():
        place = (rule["ListenerArn"], wanted.get(arn, rule["Priority"]))
        if place in taken:
            return "PriorityInUse", f"Priority '{place[1]}' is currently in use"
        taken.add(place)
    return None


def _other_balancers_group(parameters: wire.Parameters) -> tuple[str, str] | None:
    """User Guide, "Target groups for your Application Load Balancers": a group belongs to one load balancer at most."""
    alb = upstream.alb
    listener = wire.value(parameters, "ListenerArn") or (
        alb._rules.get(wire.value(parameters, "RuleArn")) or {}
    ).get("ListenerArn", "")
    balancer = wire.value(parameters, "LoadBalancerArn") or (alb._listeners.get(listener) or {}).get(
        "LoadBalancerArn"
    )
    for prefix in ("DefaultActions", "Actions"):
        for entry in alb._parse_actions(parameters, prefix):
            for group, _ in wire.target_groups_of(entry):
                if set(alb._tgs[group]["LoadBalancerArns"]) - {balancer}:
                    return (
                        "TargetGroupAssociationLimit",
                        f"The following target groups cannot be associated with more than one load balancer: {group}",
                    )
    return None


def _protected(parameters: wire.Parameters) -> tuple[str, str] | None:
    arn = wire.value(parameters, "LoadBalancerArn")
    attributes = upstream.alb._lb_attrs.get(arn) or []
    if any(
        entry["Key"] == "deletion_protection.enabled" and entry["Value"] == "true" for entry in attributes
    ):
        return (
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    return None


def _group_in_use(parameters: wire.Parameters) -> tuple[str, str] | None:
    arn = wire.value(parameters, "TargetGroupArn")
    if (upstream.alb._tgs.get(arn) or {}).get("LoadBalancerArns"):
        return "ResourceInUse", f"Target group '{arn}' is currently in use by a listener or a rule"
    return None
