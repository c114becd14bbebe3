"""When scheduled actions are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator.scaling.schedule import Cron, InvalidScheduleError, next_occurrence, parse

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
moments = st.integers(0, 6 * 365 * 86_400).map(
    lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def due(text: str, after: datetime, zone: str = "UTC", **limits: datetime) -> datetime | None:
    limits.setdefault("anchor", datetime(2000, 1, 1, tzinfo=UTC))
    return next_occurrence(parse(text), after=after, zone=ZoneInfo(zone), **limits)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day and so on


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("cron(0 8 ? * MON-FRI *)", utc(2026, 1, 2, 8, 0), utc(2026, 1, 5, 8, 0)),
        ("cron(0 8 ? * 2-6 *)", utc(2026, 1, 2, 7, 59), utc(2026, 1, 2, 8, 0)),
        ("cron(15/20 * * * ? *)", utc(2026, 1, 1, 0, 36), utc(2026, 1, 1, 0, 55)),
        ("cron(0 0 L * ? *)", utc(2028, 2, 1), utc(2028, 2, 29)),
        ("cron(0 0 LW * ? *)", utc(2026, 1, 1), utc(2026, 1, 30)),
        ("cron(0 0 1W 8 ? *)", utc(2026, 1, 1), utc(2026, 8, 3)),
        ("cron(0 0 15W 8 ? *)", utc(2026, 1, 1), utc(2026, 8, 14)),
        ("cron(0 0 ? * 6L *)", utc(2026, 1, 1), utc(2026, 1, 30)),
        ("cron(0 0 ? * FRI#3 *)", utc(2026, 1, 1), utc(2026, 1, 16)),
        ("cron(0 0 ? * SAT-SUN *)", utc(2026, 1, 1), utc(2026, 1, 3)),
        ("cron(0 12 29 FEB ? *)", utc(2026, 1, 1), utc(2028, 2, 29, 12)),
        ("cron(0 12 1 1 ? 2025)", utc(2026, 1, 1), None),
        ("cron(0 12 31 FEB ? *)", utc(2026, 1, 1), None),
        ("at(2026-05-01T08:00:00)", utc(2026, 1, 1), utc(2026, 5, 1, 8)),
        ("at(2026-05-01T08:00:00)", utc(2026, 5, 1, 8), None),
    ],
)
def test_the_next_time(text: str, after: datetime, expected: datetime | None) -> None:
    assert due(text, after) == expected


def test_a_wall_clock_is_the_time_zones() -> None:
    assert due("cron(0 8 * * ? *)", utc(2026, 7, 1, 7), "Europe/Berlin") == utc(2026, 7, 2, 6)
    assert due("cron(0 8 * * ? *)", utc(2026, 1, 1, 6), "Europe/Berlin") == utc(2026, 1, 1, 7)
    assert due("at(2026-07-01T08:00:00)", utc(2026, 1, 1), "Asia/Tokyo") == utc(2026, 6, 30, 23)


def test_a_time_that_summer_time_skips_does_not_happen() -> None:
    assert due("cron(30 2 * * ? *)", utc(2026, 3, 29), "Europe/Berlin") == utc(2026, 3, 30, 0, 30)


def test_a_time_that_the_change_back_repeats_happens_once() -> None:
    first = due("cron(30 2 * * ? *)", utc(2026, 10, 25), "Europe/Berlin")
    assert first == utc(2026, 10, 25, 0, 30)
    assert due("cron(30 2 * * ? *)", first, "Europe/Berlin") == utc(2026, 10, 26, 1, 30)


def test_nothing_happens_before_the_start_or_after_the_end() -> None:
    daily = "cron(0 8 * * ? *)"
    assert due(daily, utc(2026, 1, 1), anchor=utc(2026, 2, 1, 8)) == utc(2026, 2, 1, 8)
    assert due(daily, utc(2026, 1, 1), end=utc(2026, 1, 1, 7)) is None


@pytest.mark.parametrize(
    "text",
    [
        "8 * * * *",
        "cron(0 8 * * *)",
        "cron(0 8 * * * *)",
        "cron(0 8 ? * ? *)",
        "cron(60 8 * * ? *)",
        "cron(0 8 32 * ? *)",
        "cron(0 20-8 * * ? *)",
        "cron(0 8 ? * FOO *)",
        "cron(0/0 8 * * ? *)",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 weeks)",
        "at(2026-13-01T00:00:00)",
        "at(tomorrow)",
        "",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(InvalidScheduleError):
        parse(text)


@given(
    minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
    days=st.sets(st.integers(1, 28), min_size=1, max_size=3),
    after=moments,
)
def test_a_cron_is_due_at_the_first_minute_that_matches(
    minutes: set[int], hours: set[int], days: set[int], after: datetime
) -> None:
    text = "cron({} {} {} * ? *)".format(
        *(",".join(map(str, sorted(each))) for each in (minutes, hours, days))
    )
    found = due(text, after)
    assert found is not None
    assert found > after
    assert (found.minute in minutes, found.hour in hours, found.day in days) == (True, True, True)
    assert (found.second, found.microsecond) == (0, 0)
    # No earlier one: of the matching moments of the same and the previous matching day none lies between.
    between = found - timedelta(minutes=1)
    while between > max(after, found - timedelta(days=1)):
        matches = between.minute in minutes and between.hour in hours and between.day in days
        assert not matches
        between -= timedelta(minutes=1)


@given(every=st.integers(2, 500), after=moments)
def test_a_rate_keeps_step_with_its_start(every: int, after: datetime) -> None:
    found = due(f"rate({every} minutes)", after, anchor=BEGIN)
    assert found is not None
    assert found >= BEGIN
    assert (found - BEGIN) % timedelta(minutes=every) == timedelta(0)
    assert found > after or found == BEGIN
    assert found - after <= timedelta(minutes=every) or after < BEGIN


@given(after=moments, zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_one_time_after_the_other_is_always_later(after: datetime, zone: str) -> None:
    expression = parse("cron(0/7 0-23 ? * MON,WED *)")
    assert isinstance(expression, Cron)
    first = expression.next(after, ZoneInfo(zone))
    assert first is not None
    second = expression.next(first, ZoneInfo(zone))
    assert second is not None
    assert after < first < second
