"""Rule actions that Elastic Load Balancing refuses.

Sources: API Reference, `Action`, `ForwardActionConfig`, `TargetGroupStickinessConfig`, `RedirectActionConfig`,
`FixedResponseActionConfig`; Application Load Balancer guide, "Action types for listener rules" ("exactly one of
forward, redirect, or fixed-response, and it must be the last action to be performed").
"""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator.alb.refusal import RefusedError

Action = Mapping[str, Any]
INVALID_ACTION = "InvalidLoadBalancerAction"
MAX_GROUPS = 5
_CONFIGURATIONS = {
    "forward": "ForwardConfig",
    "redirect": "RedirectConfig",
    "fixed-response": "FixedResponseConfig",
    "authenticate-oidc": "AuthenticateOidcConfig",
    "authenticate-cognito": "AuthenticateCognitoConfig",
    "jwt-validation": "JwtValidationConfig",
}
_FINAL = ("forward", "redirect", "fixed-response")
_CONTENT_TYPES = ("text/html", "application/json", "application/javascript", "text/css", "text/plain")


def check_actions(actions: Sequence[Action], protocol: str, balancer: str = "application") -> None:
    """Check a rule's or a listener's actions.

    Args:
        actions: As they were sent; none where they stay as they are.
        protocol: The listener's.
        balancer: The type of its load balancer; other types than application forward, and nothing else.

    Raises:
        RefusedError: AWS refuses them.
    """
    if not actions:
        return
    _check_order(actions)
    other = next((action["Type"] for action in actions if action["Type"] != "forward"), None)
    if other and balancer != "application":
        raise RefusedError(
            f"Actions of type '{other}' are not supported by {balancer} load balancers", INVALID_ACTION
        )
    for action in actions:
        kind, wanted = str(action["Type"]), _CONFIGURATIONS[str(action["Type"])]
        foreign = next((name for name in _CONFIGURATIONS.values() if name != wanted and name in action), None)
        if foreign or ("TargetGroupArn" in action and kind != "forward"):
            raise RefusedError(
                f"'{foreign or 'TargetGroupArn'}' cannot be specified for an action of type '{kind}'",
                INVALID_ACTION,
            )
        if kind != "forward" and wanted not in action:
            raise RefusedError(f"You must specify '{wanted}' for an action of type '{kind}'", INVALID_ACTION)
        if kind not in _FINAL and protocol != "HTTPS":
            raise RefusedError(
                f"Actions of type '{kind}' are supported only on HTTPS listeners", INVALID_ACTION
            )
        if kind == "forward":
            _check_forward(action)
        elif kind == "redirect":
            _check_redirect(action["RedirectConfig"], protocol)
        elif kind == "fixed-response":
            _check_fixed_response(action["FixedResponseConfig"])


def _check_order(actions: Sequence[Action]) -> None:
    orders = [action.get("Order") for action in actions]
    if len(actions) > 1 and (None in orders or len(set(orders)) < len(orders)):
        raise RefusedError(
            "An order must be specified, and be unique, for each of several actions", INVALID_ACTION
        )
    ordered = sorted(actions, key=lambda action: int(action.get("Order") or 1))
    kinds = [str(action["Type"]) for action in ordered]
    if sum(kind in _FINAL for kind in kinds) != 1 or kinds[-1] not in _FINAL:
        raise RefusedError(
            "The last action, and no other, must be of type 'forward', 'redirect' or 'fixed-response'",
            INVALID_ACTION,
        )


def _check_forward(action: Action) -> None:
    configuration = action.get("ForwardConfig") or {}
    groups = configuration.get("TargetGroups") or []
    arn = action.get("TargetGroupArn")
    if not groups and not arn:
        raise RefusedError("A target group must be specified for an action of type 'forward'", INVALID_ACTION)
    if any("TargetGroupArn" not in group for group in groups):
        raise RefusedError("A target group ARN must be specified")
    if arn and groups and [group["TargetGroupArn"] for group in groups] != [arn]:
        # "If you specify both, you can specify only one target group using ForwardConfig and it must be the same".
        raise RefusedError("TargetGroupArn and ForwardConfig name different target groups", INVALID_ACTION)
    if len(groups) > MAX_GROUPS:
        raise RefusedError(
            f"The maximum number of target groups per action is '{MAX_GROUPS}'", "TooManyTargetGroups"
        )
    for group in groups:
        if not 0 <= int(group.get("Weight", 1)) <= 999:
            raise RefusedError(f"Target group weight '{group['Weight']}' must be between '0-999' inclusive")
    sticky = configuration.get("TargetGroupStickinessConfig") or {}
    seconds = sticky.get("DurationSeconds")
    if sticky.get("Enabled") and seconds is None:
        # "You must specify this value when enabling target group stickiness."
        raise RefusedError("DurationSeconds must be specified when target group stickiness is enabled")
    if seconds is not None and not 1 <= int(seconds) <= 604800:
        raise RefusedError(
            f"Target group stickiness duration '{seconds}' must be between '1-604800' inclusive"
        )


def _check_redirect(configuration: Mapping[str, str], protocol: str) -> None:
    port, path = configuration.get("Port"), configuration.get("Path")
    if port and port != "#{port}" and not (port.isdigit() and 1 <= int(port) <= 65535):
        raise RefusedError(f"The redirect port '{port}' must be between '1-65535' inclusive, or '#{{port}}'")
    if path and not path.startswith("/"):
        raise RefusedError(f"The redirect path '{path}' must begin with '/'", INVALID_ACTION)
    if (configuration.get("Query") or "").startswith("?"):
        raise RefusedError("The redirect query must not begin with '?'", INVALID_ACTION)
    if protocol == "HTTPS" and configuration.get("Protocol") == "HTTP":
        raise RefusedError("An HTTPS listener cannot redirect to HTTP", INVALID_ACTION)
    # "You must modify at least one of the following to avoid a redirect loop: protocol, hostname, port, or path".
    same = {
        "Protocol": ("#{protocol}", protocol),
        "Host": ("#{host}",),
        "Port": ("#{port}",),
        "Path": ("/#{path}",),
    }
    if all(configuration.get(name, own[0]) in own for name, own in same.items()):
        raise RefusedError(
            "The redirect configuration is not valid because it creates a loop.", INVALID_ACTION
        )


def _check_fixed_response(configuration: Mapping[str, str]) -> None:
    kind = configuration.get("ContentType")
    if kind and kind not in _CONTENT_TYPES:
        allowed = ", ".join(f"'{name}'" for name in _CONTENT_TYPES)
        raise RefusedError(f"The ContentType must be one of:{allowed}", INVALID_ACTION)
