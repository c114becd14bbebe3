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
_BANDS = 17
CATCH_ALL = range(_BANDS * _BAND + 1, 49_650)
"""Numbers of routes without conditions: behind all other computed ones."""
WAITING = range(49_650, LAST)
"""Numbers of the rules that no request meets."""
_PARTS = _BANDS + 3
SMALLEST = 25 * _PARTS
"""Numbers that a part of a listener has at least: room for 25 services with equally specific routes."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """Numbers that the rules of a stack may have, divided by how specific a route is.

    Args:
        first: The lowest one.
        last: The highest one.
    """

    first: int = 1
    last: int = LAST

    @property
    def _part(self) -> int:
        return (self.last - self.first + 1) // _PARTS

    @property
    def _is_whole(self) -> bool:
        return (self.first, self.last) == (1, LAST)

    def band(self, number: int) -> range:
        """Numbers of routes with conditions, the most specific ones in band 0."""
        width = _BAND if self._is_whole else self._part
        return range(self.first + number * width, self.first + (number + 1) * width)

    @property
    def catch_all(self) -> range:
        """Numbers of routes without conditions."""
        return CATCH_ALL if self._is_whole else self.band(_BANDS)

    @property
    def waiting(self) -> range:
        """Numbers of the rules that no request meets."""
        return WAITING if self._is_whole else range(self.band(_BANDS + 1).start, self.last + 1)


WHOLE = Space()


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


def positions(
    routes: Mapping[str, RouteKey],
    live: Iterable[LiveRule] = (),
    *,
    taken: Iterable[int] = (),
    space: Space = WHOLE,
    salt: str = "",
) -> dict[str, Positions]:
    """Service name → numbers of its rules; no two are the same, and none is that of another live rule.

    Explicit numbers stay as they are, unless a live rule of another service has the number: then the rule gets the next
    free one in the same order, and keeps it. Computed ones lie in a band: host and path before host before path, longer
    literal beginnings of a path first. Two names that hash to one number are put next to each other.

    Args:
        routes: Routes by service.
        live: The stack's rules that the load balancer has now, also those that are about to go.
        taken: Numbers that rules of others have.
        space: Numbers that the stack may have.
        salt: What keeps the first numbers of stacks apart that have services of the same names.

    Raises:
        ValueError: No number is left for a rule.
    """
    present: dict[Owner, LiveRule] = {
        (rule.service, rule.purpose): rule
        for rule in live
        if rule.purpose is not Purpose.TEST and rule.position
    }
    board = _Board({owner: rule.position or 0 for owner, rule in present.items()}, taken)
    explicit = {name: route.priority for name, route in routes.items() if route.priority is not None}
    floor = 1
    for name in sorted(explicit, key=explicit.__getitem__):
        owner, asked = (name, Purpose.PRODUCTION), explicit[name]
        before = present.get(owner)
        kept = before.position or 0 if before is not None and before.asked == asked else 0
        if kept < floor or not board.take(owner, kept):
            board.take_first(owner, range(max(asked, floor), space.last + 1))
        floor = board.taken[owner] + 1
    bands: Mapping[Purpose, Callable[[str], range]] = {
        Purpose.PRODUCTION: _band_of(routes, space),
        Purpose.WAITING: lambda _: space.waiting,
    }
    for purpose, band in bands.items():
        for name in sorted(routes):
            if (name, purpose) in board.taken:
                continue
            _place(board, (name, purpose), present, band(name), salt)
    return {
        name: Positions(
            production=board.taken[name, Purpose.PRODUCTION], waiting=board.taken[name, Purpose.WAITING]
        )
        for name in routes
    }


def redirect_position(live: Iterable[LiveRule] = ()) -> int:
    """Number of the rule that leads from port 80 to HTTPS: behind all others, and the same for as long as it is there.

    Args:
        live: The stack's rules that the load balancer has now, also those that are about to go.
    """
    numbers = {rule.position: rule.purpose for rule in live if rule.position}
    kept = [position for position, purpose in numbers.items() if purpose is Purpose.REDIRECT]
    return kept[0] if kept else max(set(range(WAITING.start, LAST + 1)) - set(numbers))


class _Board:
    """Which numbers are free."""

    def __init__(self, present: Mapping[Owner, int], taken: Iterable[int]) -> None:
        self.taken: dict[Owner, int] = {}
        self._present = {position: owner for owner, position in present.items()}
        # What the stack has already is nobody else's, whatever was read of other listeners.
        self._given = set(taken) - set(self._present)

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


def _place(board: _Board, owner: Owner, present: Mapping[Owner, LiveRule], band: range, salt: str) -> None:
    before = present.get(owner)
    fits = before is not None and before.asked is None and before.position in band
    if before is not None and fits and board.take(owner, before.position or 0):
        return
    digest = int.from_bytes(hashlib.sha256(f"{salt}{owner[0]}".encode()).digest()[:8], "big")
    start = digest % len(band)
    board.take_first(owner, (*band[start:], *band[:start]))


def _band_of(routes: Mapping[str, RouteKey], space: Space) -> Callable[[str], range]:
    def band(name: str) -> range:
        route = routes[name]
        if not route.hosts and not route.paths:
            return space.catch_all
        return space.band(_band(route))

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


def first_address(routes: Iterable[RouteKey], own_name: str, protocol: str, port: int) -> str:
    """A URL that the first route answers: its host name and the beginning of its path, as far as they are no patterns.

    Args:
        routes: The routes.
        own_name: DNS name of the load balancer, for routes without a host name.
        protocol: `HTTP` or `HTTPS`.
        port: Port of the listener.
    """
    scheme = protocol.lower()
    route = next(iter(routes))
    host = next((host for host in route.hosts if not set(host) & {"*", "?"}), own_name)
    number = "" if (scheme, port) in {("http", 80), ("https", 443)} else f":{port}"
    path = next(iter(route.paths), "/")
    plain = path.split("*")[0].split("?")[0]
    return f"{scheme}://{host}{number}{'' if plain == '/' else plain}"
