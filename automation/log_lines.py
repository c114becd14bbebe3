"""Read a stack's log groups: the newest lines, or follow them."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from automation.target import Target

_POLL_SECONDS = 1.0
# CloudWatch Logs may show an event late: look back a little and drop what was already printed.
_OVERLAP_MS = 10_000


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One log event and where it came from."""

    at: datetime
    stream: str
    message: str


def read_logs(target: Target, groups: Sequence[str], *, since: timedelta, limit: int = 200) -> list[LogLine]:
    """Read the newest lines of some log groups, oldest first.

    Args:
        target: The cloud to ask.
        groups: Names of the log groups.
        since: How far to look back.
        limit: How many lines to return at most; the newest are kept.
    """
    start = int((datetime.now(UTC) - since).timestamp() * 1000)
    return [line for _, line in _events(target, groups, start)][-limit:]


def follow_logs(
    target: Target, groups: Sequence[str], *, since: timedelta, limit: int = 200
) -> Iterator[LogLine]:
    """Yield the newest lines and then those that arrive, for ever.

    Args:
        target: The cloud to ask.
        groups: Names of the log groups.
        since: How far to look back.
        limit: How many of the lines that are there already to begin with at most.
    """
    start = int((datetime.now(UTC) - since).timestamp() * 1000)
    found = _events(target, groups, start)
    seen = {identity for identity, _ in found[:-limit]}
    while True:
        for identity, line in found:
            if identity not in seen:
                seen.add(identity)
                start = max(start, int(line.at.timestamp() * 1000) - _OVERLAP_MS)
                yield line
        time.sleep(_POLL_SECONDS)
        found = _events(target, groups, start)


def _events(target: Target, groups: Sequence[str], start: int) -> list[tuple[str, LogLine]]:
    found = []
    for group in groups:
        pages = target.logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=start)
        for page in pages:
            for event in page["events"]:
                line = LogLine(
                    at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
                    stream=event["logStreamName"],
                    message=event["message"],
                )
                found.append((f"{group}/{event['logStreamName']}/{event.get('eventId')}", line))
    return sorted(found, key=lambda item: item[1].at)
