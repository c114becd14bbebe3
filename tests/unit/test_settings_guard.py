"""A gradual deployment and the alarms that guard it fit together, or the stack file is refused."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from infra.settings.validation import validate


def complaints(web: dict[str, Any], *, alarms: bool = True) -> list[str]:
    data = {"services": {"web": web}, "observability": {"alarms": alarms}}
    return [problem.render() for problem in validate(data, frozenset())[1]]


def test_a_canary_that_is_over_before_its_alarms_can_judge_it_is_refused() -> None:
    [text] = complaints({"deployment": {"strategy": "canary", "canary": {"bakeMinutes": 2}}})
    assert "services.web.deployment.canary.bakeMinutes is 2: ends before the alarms can judge" in text
    assert text.endswith("pulumi config set --path services.web.deployment.canary.bakeMinutes 4")


def test_a_canary_too_small_to_set_an_alarm_off_is_refused() -> None:
    [text] = complaints({"deployment": {"strategy": "canary", "canary": {"percent": 5}}})
    assert "services.web.deployment.canary.percent is 5" in text
    assert text.endswith("canary.percent 10")


def test_where_no_alarm_rolls_back_any_bake_time_is_allowed() -> None:
    web = {"deployment": {"strategy": "blueGreen", "bakeMinutes": 0}}
    assert len(complaints(web)) == 1
    assert not complaints(web, alarms=False)
    assert not complaints({"deployment": {**web["deployment"], "rollbackOnAlarm": False}})
    assert not complaints({"deployment": {"strategy": "rolling"}})


def test_linear_steps_count_with_the_bake_that_follows() -> None:
    linear = {"strategy": "linear", "linear": {"percent": 50, "bakeMinutes": 2}}
    assert not complaints({"deployment": {**linear, "bakeMinutes": 2}})
    [text] = complaints({"deployment": {**linear, "bakeMinutes": 1}})
    assert text.endswith("services.web.deployment.bakeMinutes 2")


@given(st.integers(1, 60), st.integers(0, 70))
def test_the_fix_is_accepted(minutes: int, bake: int) -> None:
    web: dict[str, Any] = {
        "alarms": {"minutes": minutes},
        "deployment": {"strategy": "blueGreen", "bakeMinutes": bake},
    }
    found = complaints(web)
    assert bool(found) is (bake < minutes + 1)
    if found:
        web["deployment"]["bakeMinutes"] = int(found[0].rsplit(" ", 1)[1])
        assert not complaints(web)
