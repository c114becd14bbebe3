"""Objects by ARN, with AWS's errors for those that are not there, and pages of them.

Sources: API Reference (`LoadBalancerNotFound`, `TargetGroupNotFound`, `ListenerNotFound`, `RuleNotFound`; `Marker` and
`PageSize` of the Describe operations, 1 to 400).
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from localcloud.emulator.alb.model import STORE, Listener, LoadBalancer, Region, Rule, TargetGroup
from localcloud.emulator.alb.refusal import RefusedError

T = TypeVar("T")
Request = Mapping[str, Any]
_MOST_PER_PAGE = 400


def balancer(region: Region, arn: str) -> LoadBalancer:
    """One load balancer.

    Raises:
        RefusedError: It is not there, or the ARN is none.
    """
    found = region.load_balancers.get(arn)
    if found is None:
        if ":loadbalancer/" not in arn:
            raise RefusedError(f"'{arn}' is not a valid load balancer ARN")
        raise RefusedError(f"Load balancer '{arn}' not found", "LoadBalancerNotFound")
    return found


def target_group(region: Region, arn: str) -> TargetGroup:
    """One target group.

    Raises:
        RefusedError: It is not there, or the ARN is none.
    """
    found = region.target_groups.get(arn)
    if found is None:
        if ":targetgroup/" not in arn:
            raise RefusedError(f"'{arn}' is not a valid target group ARN")
        raise RefusedError("One or more target groups not found", "TargetGroupNotFound")
    return found


def listener(region: Region, arn: str) -> Listener:
    """One listener.

    Raises:
        RefusedError: It is not there.
    """
    found = region.listeners.get(arn)
    if found is None:
        raise RefusedError("One or more listeners not found", "ListenerNotFound")
    return found


def rule(region: Region, arn: str) -> Rule:
    """One rule.

    Raises:
        RefusedError: It is not there.
    """
    found = region.rules.get(arn)
    if found is None:
        raise RefusedError("One or more rules not found", "RuleNotFound")
    return found


def page(found: Sequence[T], request: Request) -> tuple[list[T], str | None]:
    """A page of results, and the marker of the next one; None after the last.

    Raises:
        RefusedError: The marker is none that this API gave.
    """
    size = int(request.get("PageSize") or _MOST_PER_PAGE)
    marker = request.get("Marker")
    first = 0
    if marker:
        try:
            first = int(base64.urlsafe_b64decode(str(marker).encode()).decode())
        except ValueError:
            raise RefusedError(f"Marker '{marker}' is not valid") from None
    last = first + size
    following = base64.urlsafe_b64encode(str(last).encode()).decode() if last < len(found) else None
    return list(found[first:last]), following


def here() -> Region:
    """The account and region of the request."""
    return STORE.here()
