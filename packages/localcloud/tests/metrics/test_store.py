"""The metric store keeps what statistics need, and no more."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator import upstream
from localcloud.emulator.metrics import store

START = 1_800_000_000.0
observed = st.lists(
    st.tuples(st.integers(0, 179), st.sampled_from([0.1, 0.2, 3.0]), st.integers(1, 50)), min_size=1
)


@pytest.fixture(autouse=True)
def _no_metrics() -> Iterator[None]:
    upstream.cloudwatch._metrics.clear()
    yield
    upstream.cloudwatch._metrics.clear()


def point(after: float, value: float, count: float) -> dict[str, Any]:
    return {
        "Timestamp": START + after,
        "Value": value,
        "Count": float(count),
        "Unit": "Seconds",
        "Dimensions": {},
    }


def by_minute(points: list[dict[str, Any]]) -> dict[float, list[dict[str, Any]]]:
    minutes: dict[float, list[dict[str, Any]]] = {}
    for one in points:
        minutes.setdefault(one["Timestamp"] // 60, []).append(one)
    return minutes


@given(observed)
def test_putting_points_together_changes_no_statistic_of_a_minute(
    observations: list[tuple[int, float, int]],
) -> None:
    points = [point(after, value, count) for after, value, count in sorted(observations)]
    fewer = store.condensed(points, START + 180)
    assert by_minute(points).keys() == by_minute(fewer).keys()
    for minute, some in by_minute(fewer).items():
        assert len(some) <= 3
        for stat in ("Sum", "SampleCount", "Average", "Minimum", "Maximum", "p50", "p99"):
            assert store.statistic(some, stat) == pytest.approx(
                store.statistic(by_minute(points)[minute], stat)
            )


def test_recent_points_and_those_of_users_stay_as_they_are() -> None:
    recent, own = point(100, 0.1, 1), {"Timestamp": START, "Value": 1.0, "Unit": "None", "Dimensions": {}}
    assert store.condensed([own, own, recent, recent], START + 60) == [own, own, recent, recent]


def test_what_is_older_than_three_hours_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(store, "_evicted", 0.0)
    store.put("N", "old", {}, {1.0: 1}, unit="None", when=now - store.KEPT_SECONDS - 1)
    store.put("N", "new", {}, {1.0: 1}, unit="None", when=now)
    store.evict()
    assert store.points("N", "old", []) == []
    assert len(store.points("N", "new", [])) == 1
