"""CloudWatch's points in MiniStack's store: written and read on the event loop's thread, where its API is served."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator import upstream

# How often points are published, and so the shortest period that has data for certain.
PUBLISH_SECONDS = 2.5
# AWS keeps points of less than a minute for three hours.
KEPT_SECONDS = 3 * 3600
FINE_SECONDS = 15 * 60
EVICTION_SECONDS = 60.0
_evicted = 0.0


def put(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    values: Mapping[float, float],
    *,
    unit: str,
    when: float,
) -> None:
    """Store values with how often each was seen, in the account and region of the current request scope."""
    upstream.cloudwatch._store_datum(
        namespace, name, dict(dimensions), when, unit, None, list(values), list(values.values()), None
    )


def points(namespace: str, name: str, dimensions: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The points of exactly one metric, oldest first."""
    key = upstream.cloudwatch._dims_key({entry["Name"]: entry["Value"] for entry in dimensions})
    found: list[dict[str, Any]] = upstream.cloudwatch._metrics.get((namespace, name, key)) or []
    return found


def statistic(found: Sequence[Mapping[str, Any]], stat: str) -> float | None:
    """One statistic over points: Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99."""
    cloudwatch = upstream.cloudwatch
    if not found:
        return None
    value = cloudwatch._stat_value(cloudwatch._calc_stats(found), stat, found)
    return None if value is None else float(value)


def evict() -> None:
    """Forget old points, at most once a minute: MiniStack would go through all of them at every request."""
    global _evicted  # noqa: PLW0603  one store, one clock
    now = time.time()
    if now - _evicted < EVICTION_SECONDS:
        return
    _evicted = now
    stored = upstream.cloudwatch._metrics._data
    for key, found in list(stored.items()):
        kept = condensed(
            [point for point in found if point["Timestamp"] >= now - KEPT_SECONDS], now - FINE_SECONDS
        )
        if kept:
            stored[key] = kept
        else:
            del stored[key]


def condensed(found: Sequence[dict[str, Any]], before: float) -> list[dict[str, Any]]:
    """Points with older ones of the same minute and value put together; no statistic of a whole minute changes.

    Response times under load are hundreds of values every few seconds, and mostly the same ones.
    """
    together: dict[tuple[float, float, str], dict[str, Any]] = {}
    kept: list[dict[str, Any]] = []
    for point in found:
        if point["Timestamp"] >= before or "Count" not in point:
            kept.append(point)
            continue
        minute = point["Timestamp"] // 60 * 60
        key = (minute, point["Value"], point["Unit"])
        if key in together:
            together[key]["Count"] += point["Count"]
        else:
            together[key] = {**point, "Timestamp": minute}
            kept.append(together[key])
    return kept
