"""What Elastic Load Balancing refuses about the shape of a request: conditions, actions, health checks, attributes.

First botocore's model (types, ranges, patterns, enumerations), then what the API Reference says in words; each rule
names its source. Codes are AWS's. Messages are AWS's where one is known (from the model's constraints, or as other
projects have recorded it), and otherwise say the same in our words.
"""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator import model_rules, query_protocol, upstream
from localcloud.emulator.alb import wire
from localcloud.emulator.alb.refusal import RefusedError
from localcloud.emulator.alb.refused_actions import check_actions
from localcloud.emulator.alb.refused_attributes import check_attributes
from localcloud.emulator.alb.refused_conditions import check_conditions
from localcloud.emulator.alb.refused_groups import check_group
from localcloud.emulator.alb.refused_listeners import check_listener

SERVICE = "elbv2"
_CHECKED = frozenset(
    (
        "CreateTargetGroup",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
        "ModifyLoadBalancerAttributes",
        "CreateListener",
        "ModifyListener",
        "CreateRule",
        "ModifyRule",
        "SetRulePriorities",
        "RegisterTargets",
        "DeregisterTargets",
    )
)


def refusal(action: str, parameters: wire.Parameters) -> tuple[str, str] | None:
    """AWS's error code and message for a request, or None; operations whose shape is not checked pass."""
    if action not in _CHECKED:
        return None
    request = query_protocol.decoded(SERVICE, action, parameters)
    found = model_rules.violations(SERVICE, action, request)
    if found:
        return "ValidationError", model_rules.summary(found)
    try:
        _check(action, request)
    except RefusedError as error:
        return error.code, str(error)
    return None


def _check(action: str, request: Mapping[str, Any]) -> None:
    alb = upstream.alb
    if action in {"CreateTargetGroup", "ModifyTargetGroup"}:
        check_group(request, alb._tgs.get(str(request.get("TargetGroupArn"))))
    elif action in {"ModifyTargetGroupAttributes", "ModifyLoadBalancerAttributes"}:
        check_attributes(action, request)
    elif action in {"CreateListener", "ModifyListener"}:
        known = alb._listeners.get(str(request.get("ListenerArn"))) or {}
        check_listener(request, create=action == "CreateListener")
        check_actions(
            request.get("DefaultActions") or [],
            str(request.get("Protocol") or known.get("Protocol") or "HTTP"),
        )
    elif action in {"CreateRule", "ModifyRule"}:
        check_conditions(request.get("Conditions") or [], create=action == "CreateRule")
        check_actions(request.get("Actions") or [], _protocol_of(request))


def _protocol_of(request: Mapping[str, Any]) -> str:
    alb = upstream.alb
    rule = alb._rules.get(str(request.get("RuleArn"))) or {}
    listener = alb._listeners.get(str(request.get("ListenerArn") or rule.get("ListenerArn"))) or {}
    return str(listener.get("Protocol") or "HTTP")
