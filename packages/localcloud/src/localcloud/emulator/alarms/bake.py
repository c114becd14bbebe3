"""How long a rolling deployment stays in progress after its tasks are up, so that its alarms can judge it.

Rules: Amazon ECS Developer Guide, "How CloudWatch alarms detect Amazon ECS deployment failures": ECS computes the time
from the alarms' periods. A service's first deployment does not wait here, there is nothing it could go back to.
"""

import time
from collections.abc import MutableMapping
from typing import Any

from localcloud.emulator import clock
from localcloud.emulator.alarms import records
from localcloud.emulator.metrics.store import PUBLISH_SECONDS

Record = MutableMapping[str, Any]


def bakes(service: Record, deployment: Record) -> bool:
    """Whether a deployment whose tasks are all up has to wait longer; in the service's request scope."""
    configuration = service["deploymentConfiguration"].get("alarms") or {}
    names = configuration.get("alarmNames") or []
    current = service["_service_deployments"][0]
    # A gradual deployment has a bake time of its own; a rollback is not judged.
    elsewhere = "_phases" in current or current["status"] == "ROLLBACK_IN_PROGRESS"
    if not configuration.get("enable") or not names or elsewhere or not service.get("_completed"):
        return False
    began = float(deployment.setdefault("_baking_since", time.time()))
    return time.time() - began < max(_seconds(name) for name in names)


def _seconds(name: str) -> float:
    """As long as an alarm looks back; a period more, for the one that has begun; and until that is published."""
    alarm = records.find(name)
    if alarm is None:
        return 0.0
    period = max(PUBLISH_SECONDS, clock.shortened(records.period_of(alarm)))
    return (int(alarm["EvaluationPeriods"]) + 1) * period + PUBLISH_SECONDS
