"""Positions of listener rules."""

from hypothesis import given
from hypothesis import strategies as st

from infra.pure.routing import CATCH_ALL, RouteKey, priorities

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,23}", fullmatch=True)
PATHS = st.lists(st.sampled_from(["/a", "/a/*", "/a/b/*", "/*", "/x?z"]), max_size=2)
HOSTS = st.lists(st.sampled_from(["a.example.com", "*.example.com"]), max_size=1)
ROUTES = st.dictionaries(NAMES, st.builds(RouteKey, hosts=HOSTS, paths=PATHS), max_size=60)


@given(ROUTES)
def test_positions_are_unique_and_within_the_limits(routes: dict[str, RouteKey]) -> None:
    # The settings allow one route that takes everything; several would only meet in this test.
    catch_all = [name for name, route in routes.items() if not route.hosts and not route.paths]
    for name in catch_all[1:]:
        del routes[name]
    positions = priorities(routes)
    assert len(set(positions.values())) == len(routes)
    assert all(1 <= position <= 50_000 for position in positions.values())


def test_more_specific_routes_are_asked_first() -> None:
    positions = priorities(
        {
            "everything": RouteKey(hosts=[], paths=[]),
            "path": RouteKey(hosts=[], paths=["/api/*"]),
            "deeper": RouteKey(hosts=[], paths=["/api/v2/*"]),
            "host": RouteKey(hosts=["a.example.com"], paths=[]),
            "both": RouteKey(hosts=["a.example.com"], paths=["/api/*"]),
        }
    )
    assert sorted(positions, key=positions.__getitem__) == ["both", "host", "deeper", "path", "everything"]
    assert positions["everything"] == CATCH_ALL


def test_explicit_positions_stay() -> None:
    assert priorities({"web": RouteKey(hosts=[], paths=["/x"], priority=7)}) == {"web": 7}


def test_a_new_service_does_not_move_the_others() -> None:
    before = {f"s{i}": RouteKey(hosts=[], paths=[f"/s{i}/*"]) for i in range(20)}
    after = {**before, "z-new": RouteKey(hosts=[], paths=["/new/*"])}
    assert {name: priorities(after)[name] for name in before} == priorities(before)
