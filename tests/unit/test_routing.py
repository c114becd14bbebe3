"""Positions of listener rules."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from infra.pure.live import LiveRule, Purpose
from infra.pure.routing import CATCH_ALL, Positions, RouteKey, may_overlap, positions, redirect_position

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,3}", fullmatch=True)
PATHS = st.lists(st.sampled_from(["/a", "/a/*", "/a/b/*", "/*", "/x?z"]), max_size=2)
HOSTS = st.lists(st.sampled_from(["a.example.com", "*.example.com"]), max_size=1)
PRIORITIES = st.one_of(st.none(), st.integers(min_value=1, max_value=6))
ROUTES = st.dictionaries(NAMES, st.builds(RouteKey, hosts=HOSTS, paths=PATHS), max_size=60)


def allowed(routes: Mapping[str, RouteKey]) -> dict[str, RouteKey]:
    """What the settings let through: one route that takes everything, and every explicit number once."""
    kept: dict[str, RouteKey] = {}
    for name, route in routes.items():
        everything = not route.hosts and not route.paths
        if everything and any(not other.hosts and not other.paths for other in kept.values()):
            continue
        if route.priority in {other.priority for other in kept.values()} - {None}:
            continue
        kept[name] = route
    return kept


CHANGES = st.lists(
    st.dictionaries(
        NAMES, st.builds(RouteKey, hosts=HOSTS, paths=PATHS, priority=PRIORITIES), max_size=8
    ).map(allowed),
    min_size=2,
    max_size=6,
)


def numbers(found: Mapping[str, Positions]) -> dict[str, int]:
    return {name: position.production for name, position in found.items()}


def deployed(routes: Mapping[str, RouteKey], found: Mapping[str, Positions]) -> list[LiveRule]:
    """The rules that an update leaves behind, with the tags that the next one reads."""
    rules = []
    for name, position in found.items():
        asked = routes[name].priority
        rules.append(
            LiveRule(
                service=name, purpose=Purpose.PRODUCTION, arn=name, position=position.production, asked=asked
            )
        )
        rules.append(LiveRule(service=name, purpose=Purpose.WAITING, arn=name, position=position.waiting))
    return rules


@given(ROUTES.map(allowed))
def test_positions_are_unique_and_within_the_limits(routes: dict[str, RouteKey]) -> None:
    found = positions(routes)
    all_of_them = [number for one in found.values() for number in (one.production, one.waiting)]
    assert len(set(all_of_them)) == 2 * len(routes)
    assert all(1 <= number <= 50_000 for number in all_of_them)


@given(CHANGES)
def test_no_sequence_of_changes_meets_a_number_in_use(changes: list[dict[str, RouteKey]]) -> None:
    """Each rule is set on its own, in any order, beside those that are about to go: PriorityInUse on AWS."""
    live: list[LiveRule] = []
    for routes in changes:
        found = positions(routes, live)
        taken = {rule.position: (rule.service, rule.purpose) for rule in live}
        for name, one in found.items():
            assert taken.get(one.production, (name, Purpose.PRODUCTION)) == (name, Purpose.PRODUCTION)
            assert taken.get(one.waiting, (name, Purpose.WAITING)) == (name, Purpose.WAITING)
        live = deployed(routes, found)
        assert positions(routes, live) == found, "a second update changes nothing"


@given(CHANGES, st.booleans())
def test_the_way_to_https_has_a_number_of_its_own_behind_all_others(
    changes: list[dict[str, RouteKey]], first: bool
) -> None:
    """It stands on port 80 while the services' rules are still, or again, there."""
    live: list[LiveRule] = []
    for step, routes in enumerate(changes):
        number = redirect_position(live)
        secured = step % 2 == first
        found = positions(routes, live)
        everybody = {one.production for one in found.values()} | {one.waiting for one in found.values()}
        present = {rule.position for rule in live if rule.purpose is not Purpose.REDIRECT}
        if secured or any(rule.purpose is Purpose.REDIRECT for rule in live):
            assert number not in everybody | present
            assert all(number > one.production for one in found.values())
        live = deployed(routes, found)
        if secured:
            live.append(LiveRule(service="", purpose=Purpose.REDIRECT, arn="http", position=number))
        assert redirect_position(live) == number
        assert positions(routes, live) == found, "a second update changes nothing"


@given(CHANGES)
def test_explicit_numbers_keep_their_order(changes: list[dict[str, RouteKey]]) -> None:
    live: list[LiveRule] = []
    for routes in changes:
        found = numbers(positions(routes, live))
        explicit = {name: route.priority for name, route in routes.items() if route.priority is not None}
        live = deployed(routes, positions(routes, live))
        assert sorted(explicit, key=explicit.__getitem__) == sorted(explicit, key=found.__getitem__)


def test_more_specific_routes_are_asked_first() -> None:
    found = numbers(
        positions(
            {
                "everything": RouteKey(hosts=[], paths=[]),
                "path": RouteKey(hosts=[], paths=["/api/*"]),
                "deeper": RouteKey(hosts=[], paths=["/api/v2/*"]),
                "host": RouteKey(hosts=["a.example.com"], paths=[]),
                "both": RouteKey(hosts=["a.example.com"], paths=["/api/*"]),
            }
        )
    )
    assert sorted(found, key=found.__getitem__) == ["both", "host", "deeper", "path", "everything"]
    assert found["everything"] in CATCH_ALL


def test_explicit_positions_stay() -> None:
    assert numbers(positions({"web": RouteKey(hosts=[], paths=["/x"], priority=7)})) == {"web": 7}


def test_swapped_numbers_are_placed_beside_them_in_the_new_order() -> None:
    before = {
        "one": RouteKey(hosts=[], paths=["/x"], priority=10),
        "two": RouteKey(hosts=[], paths=["/*"], priority=20),
    }
    live = deployed(before, positions(before))
    after = {
        "one": RouteKey(hosts=[], paths=["/x"], priority=20),
        "two": RouteKey(hosts=[], paths=["/*"], priority=10),
    }
    assert numbers(positions(after, live)) == {"two": 11, "one": 21}


def test_a_new_service_does_not_move_the_others() -> None:
    before = {f"s{i}": RouteKey(hosts=[], paths=[f"/s{i}/*"]) for i in range(20)}
    after = {**before, "z-new": RouteKey(hosts=[], paths=["/new/*"])}
    assert {name: positions(after)[name] for name in before} == positions(before)


def test_routes_overlap_where_one_request_could_match_both() -> None:
    everything, api = RouteKey(hosts=[], paths=[]), RouteKey(hosts=[], paths=["/api/*"])
    assert may_overlap(everything, api)
    assert may_overlap(api, RouteKey(hosts=["a.example.com"], paths=["/a*"]))
    assert not may_overlap(api, RouteKey(hosts=[], paths=["/web/*", "/ap?"]))
    assert not may_overlap(
        RouteKey(hosts=["a.example.com"], paths=[]), RouteKey(hosts=["*.example.org"], paths=[])
    )
