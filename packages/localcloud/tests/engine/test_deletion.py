"""The order of deletions: nothing goes while something that needs it is there."""

import random

from hypothesis import given
from hypothesis import strategies as st

from localcloud.engine.deletion import DeletionGraph
from localcloud.engine.resources import Resource


def resource(name: str, needs: list[str], parent: str = "") -> Resource:
    return Resource(urn=name, type="t", custom=True, dependencies=tuple(needs), parent=parent)


@st.composite
def acyclic(draw: st.DrawFn) -> list[Resource]:
    """Resources that need only earlier ones, in a shuffled order; some URNs have an old copy too."""
    count = draw(st.integers(1, 12))
    made: list[Resource] = []
    for number in range(count):
        needs = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        parent = str(draw(st.integers(0, number - 1))) if number and draw(st.booleans()) else ""
        copies = draw(st.integers(1, 2))
        made += [resource(str(number), [str(need) for need in needs], parent) for _ in range(copies)]
    return draw(st.permutations(made))


@given(acyclic(), st.randoms())
def test_everything_goes_and_never_before_what_needs_it(
    resources: list[Resource], chance: random.Random
) -> None:
    graph = DeletionGraph(resources)
    left = set(resources)
    free = graph.ready()
    while free:
        index = chance.randrange(len(free))
        going = free.pop(index)
        assert not [other for other in left if other is not going and going.urn in other.needs()]
        left.remove(going)
        free += graph.gone(going)
    assert not left


@given(acyclic())
def test_all_that_is_free_goes_at_once(resources: list[Resource]) -> None:
    graph = DeletionGraph(resources)
    needed = {urn for item in resources for urn in item.needs()}

    assert {item for item in resources if item.urn not in needed} == set(graph.ready())


def test_old_copies_that_need_each_other_do_not_block() -> None:
    first, second = resource("a", ["b"]), resource("b", ["a"])
    graph = DeletionGraph([first, second])

    assert set(graph.ready()) == {first, second}
    assert graph.gone(first) == [second]
