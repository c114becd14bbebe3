"""When a scheduled action is due: `cron(...)`, `rate(...)` and `at(...)` in a time zone.

Rules: Application Auto Scaling User Guide, "Schedule recurring scaling actions using cron expressions" and
"Schedule a one-time action". A wall-clock time that a change to summer time skips does not happen; one that the
change back repeats happens once, the first time.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}
_RATE = re.compile(r"^(\d+)\s+(minute|hour|day)(s?)$")
_AT = "%Y-%m-%dT%H:%M:%S"
# The longest a day rule can stay silent: 29 February over a century that has none, and a day of the week on top.
_SEARCHED_YEARS = 40
DayTest = Callable[[date], bool]


class InvalidScheduleError(ValueError):
    """The expression is none that Application Auto Scaling takes."""


@dataclass(frozen=True)
class Cron:
    """A parsed `cron(minutes hours day-of-month month day-of-week year)`."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    years: frozenset[int]
    is_day: DayTest

    def next(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """The first time later than `after`, in UTC; None when there is none left."""
        start = after.astimezone(zone).date()
        for day in self._days(start):
            for hour in self.hours:
                for minute in self.minutes:
                    found = _instant(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))
                    if found is not None and found > after:
                        return found
        return None

    def _days(self, start: date) -> Iterator[date]:
        for year in range(start.year, start.year + _SEARCHED_YEARS):
            if year not in self.years:
                continue
            for month in sorted(self.months):
                if (year, month) < (start.year, start.month):
                    continue
                for number in range(1, calendar.monthrange(year, month)[1] + 1):
                    day = date(year, month, number)
                    if day >= start and self.is_day(day):
                        yield day


@dataclass(frozen=True)
class Rate:
    """A parsed `rate(value unit)`, counted from the action's start."""

    every: timedelta

    def next(self, after: datetime, anchor: datetime) -> datetime:
        """The first time later than `after` at a whole number of intervals from `anchor`."""
        if after < anchor:
            return anchor
        return anchor + self.every * ((after - anchor) // self.every + 1)


@dataclass(frozen=True)
class At:
    """A parsed `at(yyyy-mm-ddThh:mm:ss)`: once."""

    wall_clock: datetime

    def next(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """The one time, or None when it is not later than `after`."""
        found = self.wall_clock.replace(tzinfo=zone).astimezone(UTC)
        return found if found > after else None


Expression = Cron | Rate | At


def parse(text: str) -> Expression:
    """Parse a schedule.

    Raises:
        InvalidScheduleError: It is not valid; the message says which part.
    """
    match = re.match(r"^(cron|rate|at)\((.*)\)$", text.strip())
    if match is None:
        raise InvalidScheduleError(f"{text!r} is none of cron(...), rate(...), at(...)")
    kind, inside = match.groups()
    if kind == "cron":
        return _cron(inside)
    return _rate(inside) if kind == "rate" else _at(inside)


def next_occurrence(
    expression: Expression,
    *,
    after: datetime,
    zone: ZoneInfo,
    anchor: datetime,
    end: datetime | None = None,
) -> datetime | None:
    """The next time an action is due, in UTC.

    Args:
        expression: Its schedule.
        after: Only later times count.
        zone: Time zone of cron and at expressions.
        anchor: Start of the action; nothing is due before it, and rates are counted from it.
        end: End of the action; nothing is due later.
    """
    if isinstance(expression, Rate):
        found: datetime | None = expression.next(after, anchor)
    else:
        found = expression.next(max(after, anchor - timedelta(microseconds=1)), zone)
    return None if found is None or (end is not None and found > end) else found


def _instant(local: datetime) -> datetime | None:
    """The moment a wall clock shows a time; None where the clock skips it."""
    moment = local.astimezone(UTC)
    shown = moment.astimezone(local.tzinfo)
    return moment if shown.replace(tzinfo=None) == local.replace(tzinfo=None) else None


def _rate(text: str) -> Rate:
    match = _RATE.match(text.strip())
    if match is None:
        raise InvalidScheduleError(f"rate({text}): a number and minutes, hours or days, like rate(5 minutes)")
    value, unit, plural = int(match[1]), match[2], bool(match[3])
    if value < 1 or (value > 1) != plural:
        raise InvalidScheduleError(f"rate({text}): a positive number, singular for 1 and plural above")
    return Rate(timedelta(seconds=value * _UNITS[unit]))


def _at(text: str) -> At:
    try:
        return At(datetime.strptime(text.strip(), _AT))  # noqa: DTZ007  the zone is a parameter of its own
    except ValueError:
        raise InvalidScheduleError(f"at({text}): a time like 2030-01-31T08:00:00") from None


def _cron(text: str) -> Cron:
    fields = text.split()
    if len(fields) != 6:
        raise InvalidScheduleError(
            f"cron({text}): six fields: minutes hours day-of-month month day-of-week year"
        )
    minutes, hours, day_of_month, months, day_of_week, years = fields
    if (day_of_month == "?") == (day_of_week == "?"):
        raise InvalidScheduleError(f"cron({text}): exactly one of day-of-month and day-of-week is '?'")
    return Cron(
        minutes=tuple(sorted(_values(minutes, 0, 59))),
        hours=tuple(sorted(_values(hours, 0, 23))),
        months=frozenset(_values(months, 1, 12, _MONTHS)),
        years=frozenset(_values(years, 1970, 2199)),
        is_day=_weekday(day_of_week) if day_of_month == "?" else _monthday(day_of_month),
    )


def _values(field: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    """The numbers a field of `,`, `-`, `*` and `/` stands for."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step_text = part.partition("/")
        begin_text, dash, end_text = span.partition("-")
        if span == "*":
            begin, end = low, high
        else:
            begin = _number(begin_text, low, high, names)
            end = _number(end_text, low, high, names) if dash else (high if slash else begin)
        step = _number(step_text, 1, high, None) if slash else 1
        if begin > end:
            if names is not _DAYS:
                raise InvalidScheduleError(f"{part!r}: {begin} is after {end}")
            end += 7
        found.update((value - low) % (high - low + 1) + low for value in range(begin, end + 1, step))
    return found


def _number(text: str, low: int, high: int, names: dict[str, int] | None) -> int:
    value = (names or {}).get(text.upper()) or (int(text) if text.isdecimal() else None)
    if value is None or not low <= value <= high:
        raise InvalidScheduleError(f"{text!r}: a number from {low} to {high}")
    return value


def _monthday(field: str) -> DayTest:
    """`L` is the last day, `LW` the last weekday, `15W` the weekday nearest to the 15th in the same month."""
    if field == "L":
        return lambda day: day.day == _last(day)
    if field == "LW":
        return lambda day: day.day == _nearest_weekday(day, _last(day))
    if field.endswith("W"):
        number = _number(field[:-1], 1, 31, None)
        return lambda day: number <= _last(day) and day.day == _nearest_weekday(day, number)
    days = _values(field, 1, 31)
    return lambda day: day.day in days


def _weekday(field: str) -> DayTest:
    """`6L` is the month's last Friday, `6#3` its third."""
    if field == "L":
        return lambda day: day.isoweekday() == 6
    name, hash_sign, turn_text = field.partition("#")
    if hash_sign:
        wanted, turn = _number(name, 1, 7, _DAYS), _number(turn_text, 1, 5, None)
        return lambda day: _aws_weekday(day) == wanted and (day.day - 1) // 7 + 1 == turn
    if field.endswith("L") and field.upper() not in _DAYS:
        wanted = _number(field[:-1], 1, 7, _DAYS)
        return lambda day: _aws_weekday(day) == wanted and day.day > _last(day) - 7
    days = _values(field, 1, 7, _DAYS)
    return lambda day: _aws_weekday(day) in days


def _aws_weekday(day: date) -> int:
    return day.isoweekday() % 7 + 1


def _last(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, number: int) -> int:
    weekday = day.replace(day=number).isoweekday()
    if weekday == 6:
        return number - 1 if number > 1 else number + 2
    if weekday == 7:
        return number + 1 if number < _last(day) else number - 2
    return number
