"""Periods of metrics: which point belongs where, and how long a period counts for."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator import upstream
from localcloud.emulator.alarms import series
from localcloud.emulator.alarms.series import Window
from localcloud.emulator.metrics import store
from localcloud.emulator.metrics.expressions import UnsupportedExpressionError

START = 1_800_000_000.0


@pytest.fixture(autouse=True)
def _no_metrics() -> Iterator[None]:
    upstream.cloudwatch._metrics.clear()
    yield
    upstream.cloudwatch._metrics.clear()


def window(count: int = 3, length: float = 5.0, seconds: float = 60.0) -> Window:
    return Window(start=START, length=length, count=count, seconds=seconds)


def put(after: float, value: float, name: str = "M", unit: str = "None") -> None:
    store.put("N", name, {"D": "1"}, {value: 1}, unit=unit, when=START + after)


def of(stat: str, name: str = "M", unit: str | None = None) -> list[float | None]:
    metric = {"Namespace": "N", "MetricName": name, "Dimensions": [{"Name": "D", "Value": "1"}]}
    return series.of_metric(metric, {"Stat": stat, "Unit": unit}, window())


def test_points_fall_into_their_periods() -> None:
    for after, value in ((-0.1, 100.0), (0.0, 1.0), (4.9, 3.0), (10.0, 5.0), (15.0, 100.0)):
        put(after, value)
    assert of("Average") == [2.0, None, 5.0]
    assert of("Maximum") == [3.0, None, 5.0]


def test_a_short_period_sums_as_if_it_had_lasted_as_long_as_stated() -> None:
    put(0.0, 10.0)
    put(2.5, 20.0)
    assert of("Sum") == [360.0, None, None]
    assert of("SampleCount") == [24.0, None, None]


def test_percentiles_are_of_the_single_values() -> None:
    store.put("N", "M", {"D": "1"}, {0.1: 99, 2.0: 1}, unit="Seconds", when=START)
    found = of("p50")[0]
    assert found == pytest.approx(0.1)
    assert (of("p99.9")[0] or 0) > 1.5


def test_another_unit_is_another_metric() -> None:
    put(0.0, 1.0, unit="Percent")
    assert of("Average", unit="Percent") == [1.0, None, None]
    assert of("Average", unit="Seconds") == [None, None, None]


def test_expressions_may_refer_to_expressions() -> None:
    put(0.0, 4.0)
    metric = {"Namespace": "N", "MetricName": "M", "Dimensions": [{"Name": "D", "Value": "1"}]}
    queries: list[dict[str, Any]] = [
        {"Id": "c", "Expression": "b+1"},
        {"Id": "b", "Expression": "FILL(a,0)*2", "ReturnData": False},
        {"Id": "a", "MetricStat": {"Metric": metric, "Stat": "Average"}, "ReturnData": False},
    ]
    assert series.values(queries, window())["c"] == [9.0, 1.0, 1.0]
    assert series.of_alarm({"Metrics": queries}, window()) == [9.0, 1.0, 1.0]


def test_an_expression_that_refers_to_itself_is_refused() -> None:
    with pytest.raises(UnsupportedExpressionError):
        series.values([{"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}], window())


def test_a_division_by_zero_is_missing_data() -> None:
    put(0.0, 0.0)
    metric = {"Namespace": "N", "MetricName": "M", "Dimensions": [{"Name": "D", "Value": "1"}]}
    queries: list[dict[str, Any]] = [
        {"Id": "a", "MetricStat": {"Metric": metric, "Stat": "Average"}, "ReturnData": False},
        {"Id": "b", "Expression": "1/a"},
    ]
    assert series.of_alarm({"Metrics": queries}, window()) == [None, None, None]


@given(now=st.floats(1.7e9, 1.9e9), length=st.floats(2.5, 600), count=st.integers(1, 20))
def test_a_window_ends_with_the_last_period_that_is_over(now: float, length: float, count: int) -> None:
    found = Window.ending(now, length=length, count=count, seconds=60)
    assert found.end <= now + 1e-2
    assert found.end + length > now - 1e-2
    assert found.place(found.start) == 0
    assert found.place(found.end - length / 2) == count - 1


def test_old_points_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[float] = []
    for after in range(-2000, 0, 10):
        put(float(after), 1.0)

    def listed(*_arguments: object) -> list[dict[str, float]]:
        return [_Seen(seen, point) for point in found]

    found = store.points("N", "M", [{"Name": "D", "Value": "1"}])
    monkeypatch.setattr(store, "points", listed)
    began = time.monotonic()
    of("Average")
    assert time.monotonic() - began < 1
    assert min(seen) >= START - series.LATEST_SECONDS - 10


class _Seen(dict[str, float]):
    def __init__(self, seen: list[float], point: dict[str, float]) -> None:
        super().__init__(point)
        self._seen = seen

    def __getitem__(self, key: str) -> float:
        value = super().__getitem__(key)
        if key == "Timestamp":
            self._seen.append(value)
        return value
