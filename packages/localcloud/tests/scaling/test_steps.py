"""Step adjustments: intervals without gap or overlap, and what becomes of the capacity."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator.scaling.steps import Step, adjusted, chosen, parse, problem


def steps(*bounds: tuple[float | None, float | None]) -> list[Step]:
    return [Step(lower=low, upper=high, adjustment=place + 1) for place, (low, high) in enumerate(bounds)]


@pytest.mark.parametrize(
    "bounds",
    [
        [(0, 15), (15, None)],
        [(None, 0)],
        [(None, None)],
        [(None, -10), (-10, 0), (0, 10), (10, None)],
        [(10, None), (0, 10)],
    ],
)
def test_what_covers_one_side_or_both_without_a_gap_is_valid(
    bounds: list[tuple[float | None, float | None]],
) -> None:
    assert problem(steps(*bounds)) is None


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        ([(0, 10), (20, None)], "gap"),
        ([(0, 15), (10, None)], "overlap"),
        ([(0, None), (10, None)], "upper bound"),
        ([(None, 0), (None, 10)], "lower bound"),
        ([(-10, 0)], "negative"),
        ([(0, 10)], "positive"),
        ([(10, 10)], "equal or reversed"),
    ],
)
def test_what_aws_refuses(bounds: list[tuple[float | None, float | None]], why: str) -> None:
    assert why in str(problem(steps(*bounds)))


@given(
    edges=st.lists(st.integers(-50, 50), min_size=1, max_size=5, unique=True).map(sorted),
    breach=st.integers(-100, 100),
)
def test_of_steps_over_the_whole_line_exactly_one_is_chosen(edges: list[int], breach: int) -> None:
    whole = steps(*itertools.pairwise([None, *edges, None]))
    assert problem(whole) is None
    holding = [step for step in whole if step.holds(breach)]
    # At the threshold itself both sides claim an edge there; the first one is taken.
    assert len(holding) == 1 or (breach == 0 and 0 in edges)
    assert chosen(whole, breach) is holding[0]


def test_the_bound_belongs_to_the_side_that_is_nearer_to_the_threshold() -> None:
    above, below = steps((0, 10), (10, None)), steps((None, -10), (-10, 0))
    assert chosen(above, 10) is above[1]
    assert chosen(above, 9.9) is above[0]
    assert chosen(below, -10) is below[0]
    assert chosen(below, -9.9) is below[1]
    assert chosen(above, -1) is None


@pytest.mark.parametrize(
    ("capacity", "percent", "minimum", "expected"),
    [
        (10, 25, None, 12),
        (10, -25, None, 8),
        (3, 10, None, 4),
        (3, -10, None, 2),
        (10, 10, 3, 13),
        (10, 0, 3, 10),
    ],
)
def test_percentages_round_towards_zero_but_not_to_nothing(
    capacity: int, percent: int, minimum: int | None, expected: int
) -> None:
    assert adjusted(capacity, percent, "PercentChangeInCapacity", minimum_magnitude=minimum) == expected


@given(capacity=st.integers(0, 100), adjustment=st.integers(-200, 200))
def test_a_capacity_is_never_negative(capacity: int, adjustment: int) -> None:
    assert adjusted(capacity, adjustment, "ChangeInCapacity") == max(0, capacity + adjustment)
    assert adjusted(capacity, adjustment, "ExactCapacity") == max(0, adjustment)
    assert adjusted(capacity, adjustment, "PercentChangeInCapacity") >= 0


def test_steps_are_read_from_the_request() -> None:
    assert parse([{"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -1}]) == [
        Step(lower=None, upper=0.0, adjustment=-1)
    ]
