"""How a deployment ends: completed, failed, or rolled back to the last one that completed."""

import time

from localcloud.emulator.ecs import events, service_deployments, telling
from localcloud.emulator.ecs.rollout import breaker_enabled, failure_threshold, rollback_enabled
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.shifting import placement

EXCEEDED = "because the circuit breaker threshold was exceeded."


def complete(service: Record, deployment: Record) -> None:
    """Record that a deployment's tasks are all healthy and nothing else runs any more."""
    now = time.time()
    deployment.update(
        rolloutState="COMPLETED",
        rolloutStateReason=f"ECS deployment {deployment['id']} completed.",
        updatedAt=now,
    )
    service["_completed"] = dict(deployment)
    # After a shift the live target group may be the other one.
    service["loadBalancers"] = placement.shown(service, deployment["_load_balancers"])
    events.add(service, f"(deployment {deployment['id']}) deployment completed.")
    telling.completed(service, deployment)
    current = service["_service_deployments"][0]
    if current["status"] == "ROLLBACK_IN_PROGRESS":
        reason = current["rollback"]["reason"]
        service_deployments.finish(current, "ROLLBACK_SUCCESSFUL", reason)
    elif current["status"] in service_deployments.RUNNING:
        service_deployments.finish(current, "SUCCESSFUL", "Service deployment completed.")


def consider(service: Record, deployment: Record) -> None:
    """Open the circuit breaker when a deployment in progress has failed often enough."""
    configuration = service["_service_deployments"][0]["deploymentConfiguration"]
    threshold = failure_threshold(configuration, int(service["desiredCount"]))
    watched = (
        breaker_enabled(configuration)
        and deployment["status"] == "PRIMARY"
        and deployment["rolloutState"] == "IN_PROGRESS"
    )
    if not watched or deployment["_failures_in_a_row"] < threshold:
        return
    current = service["_service_deployments"][0]
    current["deploymentCircuitBreaker"].update(
        status="TRIGGERED", failureCount=deployment["_failures_in_a_row"], threshold=threshold
    )
    fail(
        service,
        deployment,
        reason="ECS deployment circuit breaker: tasks failed to start.",
        event="deployment failed: tasks failed to start.",
        rolled_back=f"Service deployment rolled back {EXCEEDED}",
        stopped=f"Service deployment stopped {EXCEEDED}",
        roll_back=rollback_enabled(configuration),
    )


def fail(
    service: Record,
    deployment: Record,
    *,
    reason: str,
    event: str,
    rolled_back: str,
    stopped: str,
    roll_back: bool,
) -> None:
    """Fail the primary deployment, and go back to the last completed one where there is one.

    Without one (a service's first deployment) the failed deployment stays primary and starts no more tasks.
    """
    now = time.time()
    current = service["_service_deployments"][0]
    deployment.update(rolloutState="FAILED", rolloutStateReason=reason, updatedAt=now)
    events.add(service, f"(deployment {deployment['id']}) {event}")
    telling.failed(service, deployment, reason)
    rolling_back = current["status"] == "ROLLBACK_IN_PROGRESS"
    target = service.get("_completed")
    if not roll_back or rolling_back or target is None:
        service_deployments.finish(current, "ROLLBACK_FAILED" if rolling_back else "STOPPED", stopped)
        return
    deployment.update(status="ACTIVE", desiredCount=0)
    prior = _reinstated(service, target, now)
    current.update(
        status="ROLLBACK_IN_PROGRESS",
        statusReason=rolled_back,
        updatedAt=now,
        rollback={"reason": rolled_back, "startedAt": now, "serviceRevisionArn": prior["_revision"]},
    )
    events.add(service, f"rolling back to deployment {prior['id']}.")


def _reinstated(service: Record, target: Record, now: float) -> Record:
    """Make the last completed deployment the primary one again, whether or not tasks of it still run."""
    present = next((entry for entry in service["deployments"] if entry["id"] == target["id"]), None)
    prior = present if present is not None else dict(target)
    if present is not None:
        service["deployments"].remove(present)
    prior.update(
        status="PRIMARY",
        desiredCount=service["desiredCount"],
        rolloutState="IN_PROGRESS",
        rolloutStateReason=f"ECS deployment circuit breaker: rolling back to deploymentId {prior['id']}.",
        updatedAt=now,
        _failures_in_a_row=0,
        _start_after=0.0,
    )
    service["deployments"].insert(0, prior)
    service["taskDefinition"] = prior["taskDefinition"]
    revision = next(
        entry for entry in service["_service_revisions"] if entry["serviceRevisionArn"] == prior["_revision"]
    )
    for name in service_deployments.REVISION_PROPERTIES:
        if name in revision:
            service[name] = revision[name]
    service["loadBalancers"] = placement.shown(service, prior["_load_balancers"])
    return prior
