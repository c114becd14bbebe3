"""What a rule does with a request, compiled from the ELBv2 records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.emulator.alb import groups
from localcloud.emulator.alb.model import target_groups_of


@dataclass(frozen=True, kw_only=True)
class Stickiness:
    """How a target group keeps a client at one target.

    Args:
        cookie: Name of the application's cookie; empty where the load balancer's own decides.
        seconds: How long.
    """

    cookie: str
    seconds: int


@dataclass(frozen=True, kw_only=True)
class ForwardGroup:
    """One target group of a forward action."""

    arn: str
    weight: int
    stickiness: Stickiness | None


@dataclass(frozen=True, kw_only=True)
class Forward:
    """Pass the request on to a target of one of the groups.

    Args:
        groups: The target groups with their weights.
        sticky_seconds: How long a client stays with its target group; 0 without stickiness.
    """

    groups: tuple[ForwardGroup, ...]
    sticky_seconds: int


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """Send the client elsewhere; the configuration is complete, placeholders included."""

    configuration: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class FixedResponse:
    """Answer with this."""

    status: int
    body: bytes
    content_type: bytes


@dataclass(frozen=True)
class NotEmulated:
    """An action that the local cloud has no part for, such as authentication."""

    type: str


Action = Forward | Redirect | FixedResponse | NotEmulated


def action_of(actions: Sequence[Mapping[str, Any]]) -> Action | None:
    """What a rule's actions come to; those before the last are not emulated and named as such."""
    ordered = sorted(actions, key=lambda action: int(action.get("Order") or 1))
    if not ordered:
        return None
    foreign = next(
        (a["Type"] for a in ordered if a["Type"] not in {"forward", "redirect", "fixed-response"}), ""
    )
    if foreign:
        return NotEmulated(foreign)
    last = ordered[-1]
    if last["Type"] == "redirect":
        return Redirect(configuration=last["RedirectConfig"])
    if last["Type"] == "fixed-response":
        fixed = last["FixedResponseConfig"]
        return FixedResponse(
            status=int(fixed["StatusCode"]),
            body=str(fixed.get("MessageBody") or "").encode(),
            content_type=str(fixed.get("ContentType") or "text/plain").encode("latin-1", "replace"),
        )
    return _forward(last)


def _forward(action: Mapping[str, Any]) -> Forward:
    configuration = action.get("ForwardConfig") or {}
    sticky = configuration.get("TargetGroupStickinessConfig") or {}
    return Forward(
        groups=tuple(
            ForwardGroup(arn=arn, weight=weight, stickiness=_stickiness(arn))
            for arn, weight in target_groups_of(dict(action))
        ),
        sticky_seconds=int(sticky.get("DurationSeconds") or 0) if sticky.get("Enabled") else 0,
    )


def _stickiness(group: str) -> Stickiness | None:
    if groups.attribute(group, "stickiness.enabled", "false") != "true":
        return None
    kind = groups.attribute(group, "stickiness.type", "lb_cookie")
    if kind not in {"lb_cookie", "app_cookie"}:
        return None
    return Stickiness(
        cookie=groups.attribute(group, "stickiness.app_cookie.cookie_name", "")
        if kind == "app_cookie"
        else "",
        seconds=int(groups.attribute(group, f"stickiness.{kind}.duration_seconds", "86400")),
    )
