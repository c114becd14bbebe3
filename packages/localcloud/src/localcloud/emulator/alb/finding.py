"""Objects by ARN, with AWS's errors for those that are not there, and pages of them.

Sources: API Reference (`LoadBalancerNotFound`, `TargetGroupNotFound`, `ListenerNotFound`, `RuleNotFound`; `Marker` and
`PageSize` of the Describe operations, 1 to 400).
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from localcloud.emulator import paging
from localcloud.emulator.alb.model import Listener, LoadBalancer, Region, Rule, TargetGroup
from localcloud.emulator.alb.refusal import RefusedError

T = TypeVar("T")
Request = Mapping[str, Any]
_MOST_PER_PAGE = 400


def balancer(region: Region, arn: str) -> LoadBalancer:
    """One load balancer.

    Raises:
        RefusedError: It is not there, or the ARN is none.
    """
    if arn not in region.load_balancers and ":loadbalancer/" not in arn:
        raise RefusedError(f"'{arn}' is not a valid load balancer ARN")
    return _known(region.load_balancers, arn, f"Load balancer '{arn}' not found", "LoadBalancerNotFound")


def target_group(region: Region, arn: str) -> TargetGroup:
    """One target group.

    Raises:
        RefusedError: It is not there, or the ARN is none.
    """
    if arn not in region.target_groups and ":targetgroup/" not in arn:
        raise RefusedError(f"'{arn}' is not a valid target group ARN")
    return _known(region.target_groups, arn, "One or more target groups not found", "TargetGroupNotFound")


def listener(region: Region, arn: str) -> Listener:
    """One listener.

    Raises:
        RefusedError: It is not there.
    """
    return _known(region.listeners, arn, "One or more listeners not found", "ListenerNotFound")


def rule(region: Region, arn: str) -> Rule:
    """One rule.

    Raises:
        RefusedError: It is not there.
    """
    return _known(region.rules, arn, "One or more rules not found", "RuleNotFound")


def _known(those: Mapping[str, T], arn: str, message: str, code: str) -> T:
    found = those.get(arn)
    if found is None:
        raise RefusedError(message, code)
    return found


def page(found: Sequence[T], request: Request) -> tuple[list[T], str | None]:
    """A page of results, and the marker of the next one; None after the last.

    Raises:
        RefusedError: The marker is none that this API gave.
    """
    size, marker = int(request.get("PageSize") or _MOST_PER_PAGE), request.get("Marker")
    try:
        return paging.page(found, size=size, token=marker)
    except paging.UnknownTokenError:
        raise RefusedError(f"Marker '{marker}' is not valid") from None
