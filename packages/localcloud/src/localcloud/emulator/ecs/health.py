"""Whether a service's task is healthy: its containers' own health checks and those of its target groups."""

import time

from localcloud.emulator.alb.registry import Registry
from localcloud.emulator.ecs.state import Record

# A container can be RUNNING and end a moment later; a task without any health check counts as healthy only then.
STABLE_SECONDS = 1.0


class TaskHealth:
    """Judges tasks.

    Args:
        registry: The load balancer's targets.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def passes(self, service: Record, task: Record) -> bool:
        """Whether a task runs and passes its containers' and its target groups' health checks."""
        if task["lastStatus"] != "RUNNING" or task["desiredStatus"] != "RUNNING":
            return False
        if task.get("_has_health_check") and task["healthStatus"] != "HEALTHY":
            return False
        groups = targets_of(service, task)
        for group, address, port in groups:
            target = self._registry.find(group, address, port)
            if target is None or target.state != "healthy":
                return False
        if groups or task.get("_has_health_check"):
            return True
        return time.time() - float(task["startedAt"]) >= STABLE_SECONDS

    def fault(self, service: Record, task: Record) -> tuple[str, str] | None:
        """Why a running task must be replaced: `stoppedReason` and the text of the service event."""
        if task["lastStatus"] != "RUNNING":
            return None
        if task["healthStatus"] == "UNHEALTHY":
            return "Task failed container health checks", "failed container health checks."
        grace = float(service.get("healthCheckGracePeriodSeconds") or 0)
        if time.time() - float(task["startedAt"]) < grace:
            return None
        for group, address, port in targets_of(service, task):
            target = self._registry.find(group, address, port)
            if target is not None and target.state == "unhealthy":
                text = f"(port {port}) is unhealthy in (target-group {group}) due to (reason {target.description})"
                return f"Task failed ELB health checks in (target-group {group})", text
        return None


def deployment_of(service: Record, task: Record) -> Record | None:
    """The deployment that started a task, as long as the service lists it."""
    return next(
        (entry for entry in service["deployments"] if entry["id"] == task.get("_deployment_id")), None
    )


def targets_of(service: Record, task: Record) -> list[tuple[str, str, int]]:
    """The target groups a task belongs in with its address and port there, as its deployment was asked for."""
    deployment = deployment_of(service, task)
    addresses = task.get("_addresses") or {}
    balancers = deployment["_load_balancers"] if deployment else service.get("loadBalancers") or []
    return [
        (entry["targetGroupArn"], str(addresses.get(entry["containerName"], "")), int(entry["containerPort"]))
        for entry in balancers
        if entry.get("targetGroupArn")
    ]
