"""The order of a gradual deployment's phases, and how its traffic moves."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator.shifting.phases import phases, shift_steps

percents = st.integers(min_value=30, max_value=1000).map(lambda tenths: tenths / 10)
minutes = st.integers(min_value=0, max_value=1440)
configurations = st.one_of(
    st.fixed_dictionaries({"strategy": st.just("BLUE_GREEN")}),
    st.builds(
        lambda percent, bake: {
            "strategy": "CANARY",
            "canaryConfiguration": {"canaryPercent": percent, "canaryBakeTimeInMinutes": bake},
        },
        percents,
        minutes,
    ),
    st.builds(
        lambda percent, bake: {
            "strategy": "LINEAR",
            "linearConfiguration": {"stepPercent": percent, "stepBakeTimeInMinutes": bake},
        },
        percents,
        minutes,
    ),
)


@given(configurations)
def test_the_new_revision_gets_more_with_every_step_and_everything_with_the_last(configuration: Any) -> None:
    steps = [percent for percent, _ in shift_steps(configuration)]
    assert steps == sorted(set(steps))
    assert steps[-1] == 100
    assert steps[0] > 0


@given(configurations)
def test_no_step_bakes_after_all_traffic_has_moved(configuration: Any) -> None:
    assert shift_steps(configuration)[-1][1] == 0


@given(configurations, st.booleans())
def test_production_traffic_moves_only_when_the_new_tasks_are_up_and_tested(
    configuration: Any, interrupts: bool
) -> None:
    listed = phases(configuration, replaces=True, interrupts=interrupts)
    stages = [phase.stage for phase in listed]
    first = next(index for index, phase in enumerate(listed) if phase.production)
    assert stages.index("SCALE_UP") < stages.index("POST_TEST_TRAFFIC_SHIFT") < first
    assert stages[-2:] == ["BAKE_TIME", "CLEAN_UP"]
    assert (stages[0] == "RECONCILE_SERVICE") is interrupts


def test_a_canary_is_two_steps() -> None:
    canary = {"canaryPercent": 10, "canaryBakeTimeInMinutes": 3}
    assert shift_steps({"strategy": "CANARY", "canaryConfiguration": canary}) == [(10, 3), (100, 0)]


def test_linear_steps_are_equal_and_end_at_all() -> None:
    linear = {"stepPercent": 30, "stepBakeTimeInMinutes": 2}
    steps = shift_steps({"strategy": "LINEAR", "linearConfiguration": linear})
    assert steps == [(30, 2), (60, 2), (90, 2), (100, 0)]


def test_a_bake_time_of_zero_is_not_the_default() -> None:
    canary = {"canaryPercent": 10, "canaryBakeTimeInMinutes": 0}
    assert shift_steps({"strategy": "CANARY", "canaryConfiguration": canary})[0] == (10, 0)
    assert shift_steps({"strategy": "CANARY"})[0] == (5, 10)


def test_a_first_deployment_compares_with_nothing_and_does_not_bake() -> None:
    configuration = {"strategy": "CANARY", "bakeTimeInMinutes": 30}
    listed = phases(configuration, replaces=False, interrupts=False)
    assert [phase.production for phase in listed if phase.production] == [100]
    assert sum(phase.minutes for phase in listed) == 0
