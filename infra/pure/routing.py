"""Positions of listener rules, computed so that the more specific route is asked first.

A load balancer asks its rules from the lowest number up ("Listener rules for your Application Load Balancer"), and
never has two rules with one number, not even for the moment of an update: `PriorityInUse`. So a rule keeps its number
as long as that fits its route, and gets one that no live rule has otherwise.
"""

import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra.pure.live import LiveRule, Purpose

CONDITION_LIMIT = 5
"""Condition values of one rule (Elastic Load Balancing quotas)."""

WILDCARD_LIMIT = 5
"""Wildcards in the conditions of one rule (Elastic Load Balancing quotas)."""

LAST = 50_000
"""The highest number that a rule may have (API Reference, CreateRule)."""

_PATH_STEPS = 8
_BAND = 2_900
CATCH_ALL = range(17 * _BAND + 1, 49_650)
"""Numbers of routes without conditions: behind all other computed ones."""
WAITING = range(49_650, LAST + 1)
"""Numbers of the rules that no request meets."""


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


@dataclass(frozen=True, kw_only=True)
class Positions:
    """The numbers of one service's rules.

    Args:
        production: Number of the rule that requests meet.
        waiting: Number of the rule that none meets.
    """

    production: int
    waiting: int


Owner = tuple[str, Purpose]


def positions(routes: Mapping[str, RouteKey], live: Iterable[LiveRule] = ()) -> dict[str, Positions]:
    """Service name → numbers of its rules; no two are the same, and none is that of another live rule.

    Explicit numbers stay as they are, unless a live rule of another service has the number: then the rule gets the next
    free one in the same order, and keeps it. Computed ones lie in a band: host and path before host before path, longer
    literal beginnings of a path first. Two names that hash to one number are put next to each other.

    Args:
        routes: Routes by service.
        live: Rules that the load balancer has now, also those that are about to go.
    """
    present: dict[Owner, LiveRule] = {
        (rule.service, rule.purpose): rule
        for rule in live
        if rule.purpose is not Purpose.TEST and rule.position
    }
    board = _Board({owner: rule.position or 0 for owner, rule in present.items()})
    explicit = {name: route.priority for name, route in routes.items() if route.priority is not None}
    floor = 1
    for name in sorted(explicit, key=explicit.__getitem__):
        owner, asked = (name, Purpose.PRODUCTION), explicit[name]
        before = present.get(owner)
        kept = before.position or 0 if before is not None and before.asked == asked else 0
        if kept < floor or not board.take(owner, kept):
            board.take_first(owner, range(max(asked, floor), LAST + 1))
        floor = board.taken[owner] + 1
    for purpose, band in ((Purpose.PRODUCTION, _band_of(routes)), (Purpose.WAITING, lambda _: WAITING)):
        for name in sorted(routes):
            if (name, purpose) in board.taken:
                continue
            _place(board, (name, purpose), present, band(name))
    return {
        name: Positions(
            production=board.taken[name, Purpose.PRODUCTION], waiting=board.taken[name, Purpose.WAITING]
        )
        for name in routes
    }


class _Board:
    """Which numbers are free."""

    def __init__(self, present: Mapping[Owner, int]) -> None:
        self.taken: dict[Owner, int] = {}
        self._present = {position: owner for owner, position in present.items()}
        self._given: set[int] = set()

    def take(self, owner: Owner, position: int) -> bool:
        """Take a number; False when somebody else has it, or is only about to give it up."""
        if position in self._given or self._present.get(position, owner) != owner:
            return False
        self._given.add(position)
        self.taken[owner] = position
        return True

    def take_first(self, owner: Owner, candidates: Iterable[int]) -> None:
        """Take the first number that is free."""
        for position in candidates:
            if self.take(owner, position):
                return
        raise ValueError(f"no number is left for the listener rule of {owner[0]}")


def _place(board: _Board, owner: Owner, present: Mapping[Owner, LiveRule], band: range) -> None:
    before = present.get(owner)
    fits = before is not None and before.asked is None and before.position in band
    if before is not None and fits and board.take(owner, before.position or 0):
        return
    digest = int.from_bytes(hashlib.sha256(owner[0].encode()).digest()[:8], "big")
    start = digest % len(band)
    board.take_first(owner, (*band[start:], *band[:start]))


def _band_of(routes: Mapping[str, RouteKey]) -> Callable[[str], range]:
    def band(name: str) -> range:
        route = routes[name]
        if not route.hosts and not route.paths:
            return CATCH_ALL
        number = _band(route)
        return range(1 + number * _BAND, 1 + (number + 1) * _BAND)

    return band


def _band(route: RouteKey) -> int:
    if not route.paths:
        return _PATH_STEPS
    depth = _PATH_STEPS - 1 - min(_literal_depth(route.paths), _PATH_STEPS - 1)
    return depth if route.hosts else _PATH_STEPS + 1 + depth


def _literal_depth(paths: Iterable[str]) -> int:
    """Complete path segments before the first wildcard, of the least specific pattern."""
    return min(len([part for part in path.split("*")[0].split("?")[0].split("/") if part]) for path in paths)


def may_overlap(one: RouteKey, other: RouteKey) -> bool:
    """Whether a request may match both routes; a route without conditions matches every one."""
    return _meet(one.hosts, other.hosts) and _meet(one.paths, other.paths)


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or any(_patterns_meet(a.lower(), b.lower()) for a in one for b in other)


@functools.lru_cache(maxsize=100_000)
def _patterns_meet(one: str, other: str) -> bool:
    """Whether some text matches two patterns of `*` and `?`."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _patterns_meet(one[1:], other) or _patterns_meet(one, other[1:])
    if other[0] == "*":
        return _patterns_meet(other, one)
    return (one[0] == other[0] or "?" in {one[0], other[0]}) and _patterns_meet(one[1:], other[1:])
