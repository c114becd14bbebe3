"""Deployments that alarms stop.

Rules: Amazon ECS Developer Guide, "How CloudWatch alarms detect Amazon ECS deployment failures". An alarm that is in
ALARM when a deployment starts is not watched by it.
"""

import math
from collections.abc import Sequence

from localcloud.emulator.alarms import records
from localcloud.emulator.ecs import rollback, state
from localcloud.emulator.ecs.service_deployments import RUNNING
from localcloud.emulator.ecs.state import Record


def stop_alarming() -> None:
    """Fail the deployments in progress whose alarms went off since they began."""
    for key, service in state.services():
        newest = next(iter(service.get("_service_deployments") or []), None)
        configuration = newest["deploymentConfiguration"].get("alarms") or {} if newest else {}
        if not configuration.get("enable") or not configuration.get("alarmNames"):
            continue
        with key.scope(), state.LOCK:
            _watch(service, list(configuration["alarmNames"]), roll_back=bool(configuration.get("rollback")))


def _watch(service: Record, names: Sequence[str], *, roll_back: bool) -> None:
    primary = state.primary_of(service)
    if primary is None:
        return
    current = service["_service_deployments"][0]
    # While the old tasks of a gradual deployment are cleaned up there is nothing left to go back to.
    cleans_up = current.get("lifecycleStage") == "CLEAN_UP"
    in_progress = primary["rolloutState"] == "IN_PROGRESS" and current["status"] in RUNNING and not cleans_up
    alarming = [name for name in names if records.in_alarm_since(name) is not None]
    if not in_progress:
        if current.get("alarms", {}).get("status") == "MONITORING":
            current["alarms"]["status"] = "MONITORING_COMPLETE"
        return
    if "_alarming_before" not in primary:
        # Whole seconds: a state that is set by hand has no more of them.
        began = math.floor(primary["createdAt"])
        primary["_alarming_before"] = [
            name for name in alarming if (records.in_alarm_since(name) or began) < began
        ]
        current["alarms"] = {"status": "MONITORING", "alarmNames": list(names), "triggeredAlarmNames": []}
    triggered = [name for name in alarming if name not in primary["_alarming_before"]]
    # A rollback goes on whatever the alarms say: they still see what is being rolled back.
    if not triggered or current["status"] == "ROLLBACK_IN_PROGRESS":
        return
    current["alarms"].update(status="TRIGGERED", triggeredAlarmNames=triggered)
    listed = ", ".join(triggered)
    rollback.fail(
        service,
        primary,
        reason=f"ECS deployment failed: alarm detected: {listed}.",
        event=f"deployment failed: alarm detected: {listed}.",
        rolled_back=f"Service deployment rolled back because the alarm was detected: {listed}.",
        stopped=f"Service deployment stopped because the alarm was detected: {listed}.",
        roll_back=roll_back,
    )
