"""When an alarm changes its state: M out of N datapoints, and what missing ones count for.

Rules: Amazon CloudWatch User Guide, "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data";
the tables there are our tests.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Treatment = Literal["missing", "ignore", "breaching", "notBreaching"]
# How many more periods than the alarm's own CloudWatch looks at when some are missing; AWS shows it by examples only.
EXTRA_PERIODS = 2

COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than the threshold"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to the threshold"),
    "LessThanThreshold": (operator.lt, "less than the threshold"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to the threshold"),
}


def next_state(
    breaching: Sequence[bool | None], *, periods: int, datapoints: int, treatment: Treatment, current: State
) -> State:
    """The state after looking at the evaluation range.

    Args:
        breaching: One entry per period of the range, oldest first; None where there is no data.
        periods: N, the periods an alarm evaluates.
        datapoints: M, the breaching ones it takes to alarm.
        treatment: What a missing datapoint counts for.
        current: The state before.
    """
    real = [entry for entry in breaching if entry is not None]
    if len(real) >= periods:
        return "ALARM" if sum(real[-periods:]) >= datapoints else "OK"
    if not real:
        return _without_data(treatment, current)
    if sum(real) >= datapoints:
        return "ALARM"
    if treatment in {"breaching", "notBreaching"}:
        filled = periods - len(real) if treatment == "breaching" else 0
        return "ALARM" if sum(real) + filled >= datapoints else "OK"
    if not all(real):
        return "OK"
    oldest = len(breaching) - next(place for place, entry in enumerate(breaching) if entry is not None)
    # Nothing but breaches, the oldest as old as it takes: the missing ones are not waited for.
    return "ALARM" if treatment == "missing" and oldest >= datapoints else current


def _without_data(treatment: Treatment, current: State) -> State:
    states: Mapping[Treatment, State] = {
        "missing": "INSUFFICIENT_DATA",
        "ignore": current,
        "breaching": "ALARM",
        "notBreaching": "OK",
    }
    return states[treatment]


def reason(
    values: Sequence[float | None],
    *,
    before: State,
    after: State,
    comparison: str,
    threshold: float,
    periods: int,
    datapoints: int,
    treatment: Treatment,
) -> str:
    """The state's reason, in CloudWatch's words.

    Args:
        values: The evaluation range, oldest first.
        before: The state before.
        after: The state after.
        comparison: ComparisonOperator.
        threshold: What is compared with.
        periods: N.
        datapoints: M.
        treatment: What a missing datapoint counts for.
    """
    if after == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_count(periods)} {'was' if periods == 1 else 'were'} unknown."
    exceeds, words = COMPARISONS[comparison]
    real = [value for value in values if value is not None][-periods:]
    if not real:
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(treatment, treatment)
        return (
            f"Threshold Crossed: no datapoints were received for {periods} period{_s(periods)} and {periods} "
            f"missing datapoint{_s(periods)} {'was' if periods == 1 else 'were'} treated as [{treated}]."
        )
    wanted = [value for value in real if exceeds(value, threshold) == (after == "ALARM")]
    shown = ", ".join(f"{value:g}" for value in reversed(wanted))
    verb = ("was" if len(wanted) == 1 else "were") + ("" if after == "ALARM" else " not")
    minimum = datapoints if after == "ALARM" else periods - datapoints + 1
    return (
        f"Threshold Crossed: {len(wanted)} out of the last {len(real)} datapoint{_s(len(real))} [{shown}] {verb} "
        f"{words} ({threshold:g}) (minimum {_count(minimum)} for {before} -> {after} transition)."
    )


def _s(number: int) -> str:
    return "" if number == 1 else "s"


def _count(number: int) -> str:
    return f"{number} datapoint{_s(number)}"
