"""Positions of listener rules, computed so that the more specific route is asked first.

A load balancer asks its rules from the lowest number up ("Listener rules for your Application Load
Balancer"). A position depends only on the route and the service's name: a new service does not move the
others, unless its hash meets theirs.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

CONDITION_LIMIT = 5
"""Condition values of one rule (Elastic Load Balancing quotas)."""

WILDCARD_LIMIT = 5
"""Wildcards in the conditions of one rule (Elastic Load Balancing quotas)."""

CATCH_ALL = 49_999
"""Position of the route without conditions: behind all computed ones."""

_PATH_STEPS = 8
_BAND = 2_900  # 17 bands of this size stay below the catch-all rule


@dataclass(frozen=True, kw_only=True)
class RouteKey:
    """What a route matches on.

    Args:
        hosts: Host name patterns.
        paths: Path patterns.
        priority: Position that the settings ask for, or None.
    """

    hosts: Sequence[str]
    paths: Sequence[str]
    priority: int | None = None


def priorities(routes: Mapping[str, RouteKey]) -> dict[str, int]:
    """Service name → position of its listener rule; no two are the same.

    Explicit positions stay as they are. Computed ones lie in a band: host and path before host before path,
    longer literal beginnings of a path first. Two names that hash to one position are put next to each other,
    in the order of the names.
    """
    taken = {route.priority for route in routes.values() if route.priority is not None}
    result: dict[str, int] = {}
    for name in sorted(routes):
        route = routes[name]
        position = route.priority if route.priority is not None else _free(_computed(name, route), taken)
        taken.add(position)
        result[name] = position
    return result


def _computed(name: str, route: RouteKey) -> int:
    if not route.hosts and not route.paths:
        return CATCH_ALL
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return 1 + _band(route) * _BAND + digest % _BAND


def _band(route: RouteKey) -> int:
    if not route.paths:
        return _PATH_STEPS
    depth = _PATH_STEPS - 1 - min(_literal_depth(route.paths), _PATH_STEPS - 1)
    return depth if route.hosts else _PATH_STEPS + 1 + depth


def _literal_depth(paths: Iterable[str]) -> int:
    """Complete path segments before the first wildcard, of the least specific pattern."""
    return min(len([part for part in path.split("*")[0].split("?")[0].split("/") if part]) for path in paths)


def _free(position: int, taken: set[int]) -> int:
    while position in taken:
        position += 1
    return position
