"""Alarm states: the tables of the CloudWatch User Guide, and rules that hold for any data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator.alarms.evaluation import State, Treatment, next_state, reason

TREATMENTS: tuple[Treatment, ...] = ("missing", "ignore", "breaching", "notBreaching")


def points(text: str) -> list[bool | None]:
    """`0` is within the threshold, `X` breaches it, `-` is missing."""
    return [{"0": False, "X": True, "-": None}[sign] for sign in text.split()]


def states(text: str, datapoints: int, current: State) -> list[str]:
    return [
        next_state(points(text), periods=3, datapoints=datapoints, treatment=treatment, current=current)
        for treatment in TREATMENTS
    ]


# "Configuring how CloudWatch alarms treat missing data", the table for 3 out of 3.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 - X - X", ["OK"] * 4),
        ("- - - - 0", ["OK"] * 4),
        ("- - - - -", ["INSUFFICIENT_DATA", "KEPT", "ALARM", "OK"]),
        ("0 X X - X", ["ALARM"] * 4),
        ("- - X - -", ["ALARM", "KEPT", "ALARM", "OK"]),
    ],
)
@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_three_out_of_three(text: str, expected: list[str], current: State) -> None:
    assert states(text, 3, current) == [current if state == "KEPT" else state for state in expected]


# The table for 2 out of 3.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 - X - X", ["ALARM"] * 4),
        ("0 0 X 0 X", ["ALARM"] * 4),
        ("0 - X - -", ["OK", "OK", "ALARM", "OK"]),
        ("- - - - 0", ["OK", "OK", "ALARM", "OK"]),
        ("- - - X -", ["ALARM", "KEPT", "ALARM", "OK"]),
    ],
)
@pytest.mark.parametrize("current", ["OK", "ALARM", "INSUFFICIENT_DATA"])
def test_two_out_of_three(text: str, expected: list[str], current: State) -> None:
    assert states(text, 2, current) == [current if state == "KEPT" else state for state in expected]


breaches = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=12)


@given(st.data())
def test_complete_data_alarms_exactly_when_enough_of_the_last_breach(data: st.DataObject) -> None:
    periods = data.draw(st.integers(1, 8))
    datapoints = data.draw(st.integers(1, periods))
    known = data.draw(st.lists(st.booleans(), min_size=periods, max_size=periods + 2))
    treatment = data.draw(st.sampled_from(TREATMENTS))
    state = next_state(known, periods=periods, datapoints=datapoints, treatment=treatment, current="OK")
    assert (state == "ALARM") == (sum(known[-periods:]) >= datapoints)


@given(breaches, st.integers(1, 10), st.sampled_from(TREATMENTS), st.data())
def test_one_more_breach_never_ends_an_alarm(
    known: list[bool | None], periods: int, treatment: Treatment, data: st.DataObject
) -> None:
    datapoints = data.draw(st.integers(1, periods))
    place = data.draw(st.integers(0, len(known) - 1))
    worse = [*known[:place], True, *known[place + 1 :]]
    if known[place] is not False:
        return

    def state(entries: list[bool | None]) -> State:
        return next_state(
            entries, periods=periods, datapoints=datapoints, treatment=treatment, current="ALARM"
        )

    assert not (state(known) == "ALARM" and state(worse) == "OK")


def test_the_reason_says_what_was_seen() -> None:
    text = reason(
        [None, 40.0, 95.5, 96.0, 97.0],
        before="OK",
        after="ALARM",
        comparison="GreaterThanThreshold",
        threshold=70.0,
        periods=3,
        datapoints=3,
        treatment="missing",
    )
    assert text == (
        "Threshold Crossed: 3 out of the last 3 datapoints [97, 96, 95.5] were greater than the threshold (70) "
        "(minimum 3 datapoints for OK -> ALARM transition)."
    )


def test_the_reason_says_that_there_was_nothing() -> None:
    for treatment, after, expected in (
        ("notBreaching", "OK", "treated as [NonBreaching]"),
        ("missing", "INSUFFICIENT_DATA", "Insufficient Data: 2 datapoints were unknown."),
    ):
        text = reason(
            [None, None, None, None],
            before="ALARM",
            after=after,  # type: ignore[arg-type]  # one of the states
            comparison="LessThanThreshold",
            threshold=1.0,
            periods=2,
            datapoints=2,
            treatment=treatment,  # type: ignore[arg-type]  # one of the treatments
        )
        assert expected in text
