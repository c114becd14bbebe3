"""The default cooldown of scaling out: tasks that start are not taken for tasks that do not suffice."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings.scaling import Scaling
from localcloud.emulator.scaling.cooldown import Cooldowns
from localcloud.emulator.scaling.tracking import PERIOD_SECONDS, wanted_capacity

FIRST = 2


def most_tasks(*, demand: int, target: int, start: int, cooldown: int, lag: int = PERIOD_SECONDS) -> int:
    """Most tasks that are asked for while a constant load comes, a new task serving `start` seconds after it was asked.

    The policy acts once a minute, on the average of the last minute that has been published.

    Args:
        demand: Percent of one task's CPU that the load takes.
        target: Percent that the policy keeps.
        start: Seconds until a task that was asked for serves.
        cooldown: Seconds of the scale-out cooldown.
        lag: Seconds after which a minute's average is published.
    """
    cooldowns, capacity, serving = Cooldowns(), FIRST, [0] * FIRST
    samples: list[float] = []
    for now in range(20 * PERIOD_SECONDS):
        ready = sum(begin <= now for begin in serving)
        samples.append(min(100.0, demand / ready))
        seen = samples[: max(0, (now - lag) // PERIOD_SECONDS) * PERIOD_SECONDS]
        if now % PERIOD_SECONDS or not seen:
            continue
        average = sum(seen[-PERIOD_SECONDS:]) / PERIOD_SECONDS
        base = cooldowns.base(capacity, now, cooldown)
        wanted = max(capacity, wanted_capacity(base, [average], target, scale_in=False))
        if average > target and wanted > capacity:
            cooldowns.scaled(now, base, wanted)
            serving += [now + start] * (wanted - capacity)
            capacity = wanted
    return capacity


@given(demand=st.integers(50, 200), target=st.integers(30, 80), start=st.integers(1, 55))
def test_constant_load_gets_the_tasks_it_needs_and_no_more(demand: int, target: int, start: int) -> None:
    cooldown = Scaling(cpu=None).scale_out_cooldown
    needed = max(FIRST, math.ceil(demand / target))
    assert most_tasks(demand=demand, target=target, start=start, cooldown=cooldown) <= needed


@pytest.mark.parametrize(("cooldown", "tasks"), [(60, 10), (180, 5)])
def test_a_minute_of_cooldown_doubles_what_five_tasks_would_have_served(cooldown: int, tasks: int) -> None:
    """Two saturated tasks, 40 % wanted: five serve. A minute later the average still tells of the two."""
    assert most_tasks(demand=200, target=40, start=40, cooldown=cooldown, lag=0) == tasks
