"""Numbers of a stack's listener rules, beside those of others on the same load balancer."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi

from infra.components.stack_context import StackContext
from infra.pure.routing import WHOLE, Positions, RouteKey, Space, positions


def rule_positions(stack: StackContext, routes: Mapping[str, RouteKey]) -> dict[str, Positions]:
    """Service name → numbers of its rules (see `infra.pure.routing`).

    Args:
        stack: What is live, and the settings of the load balancer.
        routes: Routes by service.

    Raises:
        pulumi.RunError: No number is left.
    """
    existing, space, salt = stack.settings.load_balancer.existing, WHOLE, ""
    if existing:
        salt = f"{stack.names.prefix}/"
        if existing.priorities:
            space = Space(first=existing.priorities.first, last=existing.priorities.last)
    taken = [rule.position for rule in stack.live.neighbours if rule.position]
    try:
        return positions(routes, stack.live.rules, taken=taken, space=space, salt=salt)
    except ValueError as error:
        raise pulumi.RunError(
            f"{error}, as other rules have all from {space.first} to {space.last}; allowed: a larger "
            "loadBalancer.existing.priorities, or fewer services"
        ) from None
