"""Scaling by hand: what is waited for, and what is said meanwhile."""

from typing import Any, cast

import pytest

from automation import scaling
from automation.target import Target
from localcloud.errors import LocalCloudError

FULL = "(service web) (task 1) stopped: ResourceInitializationError: [Errno 28] No space left on device."


class Cloud:
    """An ECS whose service never gets its second task."""

    def __init__(self) -> None:
        self._events = [{"id": "old", "message": "(service web) (task 0) stopped: long ago."}]

    def describe_services(self, **_: Any) -> Any:
        service = {"status": "ACTIVE", "desiredCount": 1, "runningCount": 1, "pendingCount": 0}
        return {"services": [{**service, "events": list(self._events)}]}

    def update_service(self, **_: Any) -> None:
        self._events.insert(0, {"id": "started", "message": "(service web) has started 1 tasks: (task 1)."})
        self._events.insert(0, {"id": "full", "message": FULL})


class OneTask:
    """A target with that ECS."""

    ecs = Cloud()

    def verb(self, name: str) -> str:
        return f"{name} local"


def test_why_tasks_do_not_start_is_said_while_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "_POLL_SECONDS", 0.01)
    said: list[str] = []

    with pytest.raises(LocalCloudError, match="runs 1 of 2 tasks"):
        scaling.scale_service(cast("Target", OneTask()), "shop", "web", 2, report=said.append, timeout=0.1)

    assert said == ["web: 1 → 2 tasks", "web: 1 of 2 running", f"web: {FULL}"]
