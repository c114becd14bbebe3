"""Metrics of the emulated CloudWatch as series of periods, passing as fast as the local cloud's clock."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.emulator.metrics import expressions, store
from localcloud.emulator.metrics.expressions import Series, UnsupportedExpressionError

# Points are in the order they were published; one that came this much later than its own time is not looked for.
LATEST_SECONDS = 600.0
_EXTENSIVE = {"Sum", "SampleCount"}
# Ids begin with a small letter, functions and keywords do not.
_ID = re.compile(r"(?<![\w\"'])[a-z]\w*")


@dataclass(frozen=True, kw_only=True)
class Window:
    """Consecutive periods.

    Args:
        start: When the first begins, in seconds since 1970.
        length: Length of one here, in seconds.
        count: How many there are.
        seconds: The length that the alarm, or the query, states.
    """

    start: float
    length: float
    count: int
    seconds: float

    @classmethod
    def ending(cls, now: float, *, length: float, count: int, seconds: float) -> "Window":
        """The last `count` periods that were over at `now`."""
        # A hair's breadth: the clock's ticks and the periods' ends are computed differently.
        end = math.floor(now / length + 1e-6)
        return cls(start=(end - count) * length, length=length, count=count, seconds=seconds)

    @property
    def end(self) -> float:
        """When the last one ends."""
        return self.start + self.count * self.length

    @property
    def pace(self) -> float:
        """How many of these periods make one stated period."""
        return self.seconds / self.length

    def place(self, timestamp: float) -> int:
        """The number of the period a time falls into."""
        return math.floor((timestamp - self.start) / self.length + 1e-6)


def ids_in(expression: str) -> set[str]:
    """The ids of other queries that an expression refers to."""
    return set(_ID.findall(expression))


def values(queries: Sequence[Mapping[str, Any]], window: Window) -> dict[str, Series]:
    """The series of metric data queries by id, expressions after what they refer to.

    Raises:
        UnsupportedExpressionError: An expression cannot be evaluated.
    """
    known: dict[str, Series] = {
        str(query["Id"]): of_metric(query["MetricStat"]["Metric"], query["MetricStat"], window)
        for query in queries
        if query.get("MetricStat")
    }
    waiting = [query for query in queries if query.get("Expression")]
    while waiting:
        ready = [query for query in waiting if ids_in(str(query["Expression"])) <= known.keys()]
        if not ready:
            raise UnsupportedExpressionError(f"{waiting[0]['Expression']!r} refers to itself or to nothing")
        for query in ready:
            # Its own length, also where it refers to no metric.
            found = expressions.evaluate(
                str(query["Expression"]), {**known, "": [None] * window.count}, period=window.seconds
            )
            known[str(query["Id"])] = [
                entry if entry is not None and math.isfinite(entry) else None for entry in found
            ]
        waiting = [query for query in waiting if query["Id"] not in known]
    return known


def of_alarm(alarm: Mapping[str, Any], window: Window) -> Series:
    """The series an alarm watches.

    Raises:
        UnsupportedExpressionError: Its metric math cannot be evaluated.
    """
    queries = alarm.get("Metrics")
    if queries:
        watched = next(query for query in queries if query.get("ReturnData", True))
        return values(queries, window)[str(watched["Id"])]
    stat = {
        "Stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average",
        "Unit": alarm.get("Unit"),
    }
    return of_metric(alarm, stat, window)


def of_metric(metric: Mapping[str, Any], stat: Mapping[str, Any], window: Window) -> Series:
    """The series of one metric of this account and region, None for a period without data.

    A sum, or a count of samples, is as large as it would be had it gone on for the whole stated period.
    """
    unit, name = stat.get("Unit"), str(stat["Stat"])
    found = store.points(metric["Namespace"], metric["MetricName"], metric.get("Dimensions") or [])
    periods: dict[int, list[Mapping[str, Any]]] = {}
    for point in _since(found, window.start):
        place = window.place(point["Timestamp"])
        if 0 <= place < window.count and unit in {None, point["Unit"]}:
            periods.setdefault(place, []).append(point)
    factor = window.pace if name in _EXTENSIVE else 1.0
    statistics = [store.statistic(periods.get(place, ()), name) for place in range(window.count)]
    return [None if value is None else value * factor for value in statistics]


def _since(points: Sequence[Mapping[str, Any]], start: float) -> Iterable[Mapping[str, Any]]:
    for point in reversed(points):
        if point["Timestamp"] < start - LATEST_SECONDS:
            return
        if point["Timestamp"] >= start - 1e-3:
            yield point
