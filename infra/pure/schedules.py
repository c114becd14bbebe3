"""When a scaling schedule is one that Application Auto Scaling takes.

Sources: `Schedule` and `Timezone` of its API's PutScheduledAction; Application Auto Scaling User Guide, "Schedule
recurring scaling actions using cron expressions".
"""

import calendar
import functools
import re
import zoneinfo
from collections.abc import Mapping, Set
from datetime import datetime

MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
DAYS = {name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}


def check(expression: str) -> None:
    """Accept what the API accepts.

    Args:
        expression: `cron(…)`, `rate(…)` or `at(…)`.

    Raises:
        ValueError: It is none; the message says which part of it.
    """
    found = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression)
    if not found:
        raise ValueError("is none of cron(…), rate(…) and at(…)")
    {"cron": _cron, "rate": _rate, "at": _at}[found[1]](found[2])


@functools.cache
def zones() -> Set[str]:
    """Names of the IANA time zones that this machine knows; empty where it knows none."""
    return zoneinfo.available_timezones()


def check_zone(name: str) -> None:
    """Accept a time zone of the IANA's database.

    Raises:
        ValueError: There is none of that name; not raised on a machine without the database.
    """
    if zones() and name not in zones():
        raise ValueError("is no time zone of the IANA's database")


def _rate(text: str) -> None:
    found = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", text)
    if not found or (int(found[1]) > 1) != bool(found[3]):
        raise ValueError("the rate is not a positive number and minutes, hours or days (singular for 1)")


def _at(text: str) -> None:
    try:
        datetime.strptime(text, "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007  the zone is a key of its own
    except ValueError:
        raise ValueError("the time is none, such as 2030-01-31T08:00:00") from None
    if len(text) != len("2030-01-31T08:00:00"):
        raise ValueError("the time has not two digits for each part")


def _cron(text: str) -> None:
    fields = text.split()
    if len(fields) != 6:
        raise ValueError(
            f"cron has {len(fields)} fields, not six: minutes hours day-of-month month day-of-week year"
        )
    minutes, hours, day_of_month, months, day_of_week, years = fields
    _field("minutes", minutes, 0, 59)
    _field("hours", hours, 0, 23)
    _field("month", months, 1, 12, MONTHS)
    _field("year", years, 1970, 2199)
    if (day_of_month == "?") == (day_of_week == "?"):
        raise ValueError("exactly one of day-of-month and day-of-week has to be ?")
    if day_of_week == "?":
        _day_of_month(day_of_month)
    else:
        _day_of_week(day_of_week)


def _day_of_month(text: str) -> None:
    if text in {"L", "LW"}:
        return
    if text.endswith("W"):
        _number("day-of-month", text[:-1], 1, 31, {})
    else:
        _field("day-of-month", text, 1, 31)


def _day_of_week(text: str) -> None:
    name, hash_sign, turn = text.partition("#")
    if hash_sign:
        _number("day-of-week", name, 1, 7, DAYS)
        _number("day-of-week", turn, 1, 5, {})
    elif text.endswith("L"):
        if text != "L":
            _number("day-of-week", text[:-1], 1, 7, DAYS)
    else:
        _field("day-of-week", text, 1, 7, DAYS)


def _field(what: str, text: str, low: int, high: int, names: Mapping[str, int] | None = None) -> None:
    for part in text.split(","):
        span, slash, step = part.partition("/")
        begin, dash, end = span.partition("-")
        if span != "*":
            first = _number(what, begin, low, high, names or {})
            last = _number(what, end, low, high, names or {}) if dash else high
            if first > last and names is not DAYS:
                raise ValueError(f"{what} {part}: {begin} comes after {end}")
        if slash:
            _number(what, step, 1, high, {})


def _number(what: str, text: str, low: int, high: int, names: Mapping[str, int]) -> int:
    value = names.get(text.upper()) or (int(text) if re.fullmatch(r"[0-9]{1,4}", text) else None)
    if value is None or not low <= value <= high:
        raise ValueError(f"{what} {text!r} is not from {low} to {high}")
    return value
