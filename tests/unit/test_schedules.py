"""Schedules are judged as the local cloud's parser judges them, and that as Application Auto Scaling does."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pure import schedules
from infra.settings.validation import validate
from localcloud.emulator.scaling import schedule as local

WORDS = (
    "* ? 0 1 5 7 8 12 13 31 32 59 60 1970 2200 1-5 5-1 1,2 1, /5 0/15 */10 */0 L LW 15W 32W 6L 6#3 6#6 MON mon-fri "
    "SAT-MON JAN dec-jan X"
)
FIELD = st.sampled_from([*WORDS.split(), ""])
EXPRESSIONS = st.one_of(
    st.lists(FIELD, min_size=5, max_size=7).map(lambda fields: f"cron({' '.join(fields)})"),
    st.tuples(*[FIELD] * 6).map(lambda fields: "cron({} {} {} {} ? {})".format(*fields[:4], fields[5])),
    st.tuples(st.integers(-1, 3), st.sampled_from(["minute", "hours", "days", "weeks", ""])).map(
        lambda rate: f"rate({rate[0]} {rate[1]})"
    ),
    st.sampled_from(
        ["at(2030-01-31T08:00:00)", "at(2030-02-30T08:00:00)", "at(2020-13-45)", "at()", "cron()", "rate(1)"]
    ),
    st.text(max_size=10),
)


def accepted(check: Any, expression: str) -> bool:
    try:
        check(expression)
    except ValueError:
        return False
    return True


@given(EXPRESSIONS)
def test_both_judge_alike(expression: str) -> None:
    assert accepted(schedules.check, expression) == accepted(local.parse, expression)


@pytest.mark.parametrize(
    "expression",
    ["cron(0 8 ? * MON-FRI *)", "cron(0/15 8-18 L * ? 2030)", "cron(0 0 ? * 6#3 *)", "rate(1 day)", "rate(5 minutes)",
     "at(2030-01-31T08:00:00)"],
)  # fmt: skip
def test_what_the_user_guide_shows_is_accepted(expression: str) -> None:
    schedules.check(expression)


def test_a_schedule_that_wakes_a_service_lets_it_sleep() -> None:
    night = {"cron": "cron(0 22 * * ? *)", "min": 0, "max": 0, "timezone": "Europe/Berlin"}
    morning = {"cron": "cron(0 6 * * ? *)", "min": 2, "max": 9, "timezone": "Europe/Berlin"}
    scaling = {"min": 0, "cpu": {}, "schedules": {"night": night, "morning": morning}}
    assert not validate({"services": {"web": {"scaling": scaling}}})[1]
