"""Step scaling: which step an alarm's breach falls into, and what becomes of the capacity.

Rules: Application Auto Scaling API Reference, "StepAdjustment", and User Guide, "Step scaling policies".
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

AdjustmentType = Literal["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step.

    Args:
        lower: Lower bound of the interval, as distance from the alarm's threshold; None for minus infinity.
        upper: Upper bound; None for infinity.
        adjustment: What to do there, in the policy's adjustment type.
    """

    lower: float | None
    upper: float | None
    adjustment: int

    def holds(self, breach: float) -> bool:
        """Whether a distance from the threshold falls into this step.

        Above the threshold the lower bound belongs to the step and the upper one does not; below it is the other
        way round.
        """
        low = -math.inf if self.lower is None else self.lower
        high = math.inf if self.upper is None else self.upper
        above = breach >= 0 and low <= breach < high
        below = breach <= 0 and low < breach <= high
        return above or below


def parse(adjustments: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a policy's StepAdjustments."""
    return [
        Step(
            lower=step.get("MetricIntervalLowerBound"),
            upper=step.get("MetricIntervalUpperBound"),
            adjustment=int(step["ScalingAdjustment"]),
        )
        for step in adjustments
    ]


def problem(steps: Sequence[Step]) -> str | None:
    """Why AWS refuses a set of steps, or None."""
    ordered = sorted(steps, key=lambda step: -math.inf if step.lower is None else step.lower)
    return _bounds_problem(ordered) or _neighbours_problem(ordered) or _unbounded_problem(ordered)


def _bounds_problem(ordered: Sequence[Step]) -> str | None:
    for step in ordered:
        if step.lower is not None and step.upper is not None and step.lower >= step.upper:
            return "The upper and lower bound of a step adjustment must not be equal or reversed"
    for name, bounds in (
        ("lower", [step.lower for step in ordered]),
        ("upper", [step.upper for step in ordered]),
    ):
        if bounds.count(None) > 1:
            return f"At most one step adjustment may have an unspecified {name} bound"
    return None


def _neighbours_problem(ordered: Sequence[Step]) -> str | None:
    for one, other in itertools.pairwise(ordered):
        if one.upper is None or (other.lower is not None and one.upper > other.lower):
            return "Step adjustment intervals can't overlap"
        if one.upper != other.lower:
            return "Step adjustment intervals can't have a gap between them"
    return None


def _unbounded_problem(ordered: Sequence[Step]) -> str | None:
    if ordered and ordered[0].lower is not None and ordered[0].lower < 0:
        return "If one lower bound is negative, there must be a step adjustment with a null lower bound"
    if ordered and ordered[-1].upper is not None and ordered[-1].upper > 0:
        return "If one upper bound is positive, there must be a step adjustment with a null upper bound"
    return None


def chosen(steps: Sequence[Step], breach: float) -> Step | None:
    """The step for a distance from the threshold; None where no step covers it."""
    return next((step for step in steps if step.holds(breach)), None)


def adjusted(
    capacity: int, adjustment: int, kind: AdjustmentType, *, minimum_magnitude: int | None = None
) -> int:
    """The capacity after an adjustment, before the target's limits, never below zero.

    A percentage is rounded towards zero, but not to nothing: at least one task is added or removed, or as many as
    the policy's minimum magnitude.
    """
    if kind == "ExactCapacity":
        return max(0, adjustment)
    if kind == "ChangeInCapacity":
        return max(0, capacity + adjustment)
    change = capacity * adjustment / 100
    if change == 0:
        return capacity
    magnitude = max(1, math.floor(abs(change)), minimum_magnitude or 0)
    return max(0, capacity + (magnitude if change > 0 else -magnitude))
