"""Task records: what is counted, and what is forgotten."""

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.emulator import upstream
from localcloud.emulator.ecs import state


@pytest.fixture
def tasks() -> Iterator[dict[Any, Any]]:
    stored: dict[Any, Any] = upstream.ecs._tasks._data
    yield stored
    stored.clear()


@pytest.mark.parametrize(
    ("status", "stopped", "kept"),
    [
        ("STOPPED", 3599.0, True),
        ("STOPPED", 3601.0, False),
        ("RUNNING", None, True),
        ("STOPPING", None, True),
    ],
)
def test_a_stopped_task_is_forgotten_after_an_hour(
    tasks: dict[Any, Any], status: str, stopped: float | None, kept: bool
) -> None:
    now = 10_000.0
    key = ("000000000000", "us-east-1", "arn")
    tasks[key] = {"lastStatus": status, "stoppedAt": None if stopped is None else now - stopped}

    state.forget_stopped(now)

    assert (key in tasks) is kept
