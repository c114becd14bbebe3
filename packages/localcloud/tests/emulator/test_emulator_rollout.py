"""The arithmetic of deployments: limits hold at every step, and every deployment ends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.emulator.ecs.rollout import Fleet, Plan, backoff_seconds, failure_threshold, plan

counts = st.integers(min_value=0, max_value=12)


@st.composite
def fleets(draw: st.DrawFn) -> Fleet:
    new, old = draw(counts), draw(counts)
    return Fleet(
        new=new,
        new_healthy=draw(st.integers(0, new)),
        old=old,
        old_healthy=draw(st.integers(0, old)),
    )


@given(fleets(), st.integers(1, 10), st.integers(0, 100), st.integers(100, 300))
def test_a_step_keeps_the_minimum_and_the_maximum(
    fleet: Fleet, desired: int, minimum: int, maximum: int
) -> None:
    step = plan(fleet, desired=desired, minimum_percent=minimum, maximum_percent=maximum, may_start=True)

    most, least = max(1, desired * maximum // 100), math.ceil(desired * minimum / 100)
    if step.start:
        assert fleet.new + fleet.old + step.start <= most
    if step.stop_old_healthy:
        assert fleet.new_healthy + fleet.old_healthy - step.stop_old_healthy >= least
    assert step.stop_old_healthy <= fleet.old_healthy
    assert step.stop_old_unhealthy <= fleet.old - fleet.old_healthy
    assert step.stop_new <= fleet.new
    assert fleet.new + step.start - step.stop_new <= max(desired, fleet.new)


@given(st.integers(1, 10), st.integers(0, 99), st.integers(101, 300), st.booleans())
def test_every_deployment_with_room_to_move_ends(
    desired: int, minimum: int, maximum: int, at_once: bool
) -> None:
    room = max(1, desired * maximum // 100) > desired or math.ceil(desired * minimum / 100) < desired
    if not room:
        return
    new = new_healthy = 0
    old = desired
    for _ in range(10 * desired):
        fleet = Fleet(new=new, new_healthy=new_healthy, old=old, old_healthy=old)
        step = plan(fleet, desired=desired, minimum_percent=minimum, maximum_percent=maximum, may_start=True)
        new += step.start - step.stop_new
        old -= step.stop_old_healthy + step.stop_old_unhealthy
        if (new, old) == (desired, 0) and new_healthy == desired:
            return
        new_healthy = min(new, new_healthy + (new if at_once else 1))
    raise AssertionError((new, new_healthy, old))


@given(fleets(), st.integers(0, 10))
def test_a_failed_deployment_starts_nothing(fleet: Fleet, desired: int) -> None:
    assert plan(fleet, desired=desired, minimum_percent=100, maximum_percent=200, may_start=False).start == 0


@given(fleets())
def test_nothing_is_left_of_a_service_scaled_to_zero(fleet: Fleet) -> None:
    step = plan(fleet, desired=0, minimum_percent=100, maximum_percent=200, may_start=True)

    assert step.start == 0
    assert step.stop_new == fleet.new
    assert step.stop_old_healthy + step.stop_old_unhealthy == fleet.old


def test_a_steady_service_is_left_alone() -> None:
    fleet = Fleet(new=3, new_healthy=3, old=0, old_healthy=0)
    assert plan(fleet, desired=3, minimum_percent=100, maximum_percent=200, may_start=True) == Plan()


@pytest.mark.parametrize(("desired", "threshold"), [(1, 3), (6, 3), (7, 4), (25, 13), (400, 200), (800, 200)])
def test_the_circuit_breaker_opens_at_half_the_desired_count_within_bounds(
    desired: int, threshold: int
) -> None:
    assert failure_threshold({}, desired) == threshold


@pytest.mark.parametrize(
    ("custom", "threshold"),
    [
        ({"type": "COUNT", "value": 1}, 1),
        ({"type": "BOUNDED_PERCENT", "value": 10}, 3),
        ({"type": "UNBOUNDED_PERCENT", "value": 10}, 1),
    ],
)
def test_a_threshold_configuration_replaces_the_rule(custom: dict[str, object], threshold: int) -> None:
    configuration = {"deploymentCircuitBreaker": {"enable": True, "thresholdConfiguration": custom}}
    assert failure_threshold(configuration, 10) == threshold


def test_the_first_replacement_is_immediate_and_pauses_grow_to_a_minute() -> None:
    pauses = [backoff_seconds(failures) for failures in range(1, 12)]

    assert pauses[:4] == [0, 1, 2, 4]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 60
