"""Task and service records in MiniStack's stores, and the one lock that guards them.

The lock is held for record changes only, never across a call to Docker or a wait.
"""

import threading
import time
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any

from localcloud.emulator import upstream

Record = MutableMapping[str, Any]
LOCK = threading.RLock()

# Amazon ECS Developer Guide, "Task lifecycle": the states before a task is on its way down.
BEFORE_STOP = ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING")
STOPPED_KEPT_SECONDS = 3600.0
# Counted by clients through `version`: a task polled through DescribeTasks counts these changes.
_COUNTED = {"PENDING", "RUNNING", "DEPROVISIONING", "STOPPED"}


@dataclass(frozen=True)
class ServiceKey:
    """Where a service lives: MiniStack keeps one store for every account and region."""

    account: str
    region: str
    key: str

    @property
    def cluster(self) -> str:
        """Name of the cluster."""
        return self.key.partition("/")[0]

    def record(self) -> Record | None:
        """The service, or None after it is gone."""
        record: Record | None = upstream.ecs._services.get_scoped(self.account, self.region, self.key)
        return record

    def scope(self) -> Any:
        """MiniStack's request scope of this service's account and region, as a context manager."""
        return upstream.responses.request_scope(self.account, self.region)


def services() -> Iterator[tuple[ServiceKey, Record]]:
    """Every service of every account and region."""
    for (account, region, key), record in upstream.ecs._services.all_items():
        yield ServiceKey(account, region, key), record


def service_of_task(task: Record) -> ServiceKey | None:
    """The service a task belongs to; None for a task of its own."""
    group = str(task.get("group") or "")
    if not group.startswith("service:"):
        return None
    _, _, _, region, account, _ = str(task["clusterArn"]).split(":", 5)
    cluster = str(task["clusterArn"]).rpartition("/")[2]
    return ServiceKey(account, region, f"{cluster}/{group.removeprefix('service:')}")


def tasks_of(key: ServiceKey, service: Record) -> list[Record]:
    """All tasks of a service that are still on record, in the order they were made."""
    group = f"service:{service['serviceName']}"
    stored = upstream.ecs._tasks.values_scoped(key.account, key.region)
    return [
        task for task in stored if task.get("group") == group and task["clusterArn"] == service["clusterArn"]
    ]


def is_live(task: Record) -> bool:
    """Whether a task counts towards its service's desired count."""
    return task["desiredStatus"] == "RUNNING" and task["lastStatus"] in BEFORE_STOP


def advance(task: Record, status: str) -> None:
    """Move a task to a state of the task lifecycle, with the timestamps that state sets."""
    now = time.time()
    with LOCK:
        if status in _COUNTED:
            task["version"] = int(task["version"]) + 1
        task["lastStatus"] = status
        if status == "ACTIVATING":
            task["pullStoppedAt"] = task.get("pullStoppedAt") or now
        if status == "RUNNING":
            task["startedAt"] = task.get("startedAt") or now
        if status == "DEPROVISIONING":
            task["executionStoppedAt"] = now
        if status == "STOPPED":
            task["stoppedAt"] = now
    upstream.ecs_metadata.set_task_status(task["taskArn"], known_status=status)
    recount(task)


def want_stopped(task: Record, *, reason: str, code: str) -> bool:
    """Set a task's desired status to STOPPED; False when that had happened before."""
    with LOCK:
        if task["desiredStatus"] == "STOPPED":
            return False
        task["version"] = int(task["version"]) + 1
        task["desiredStatus"] = "STOPPED"
        task["stoppingAt"] = time.time()
        task["stoppedReason"] = reason
        task["stopCode"] = code
    upstream.ecs_metadata.set_task_status(task["taskArn"], desired_status="STOPPED")
    return True


def recount(task: Record) -> None:
    """Refresh the running and pending counts of the task's service, its deployments and its cluster."""
    key = service_of_task(task)
    _, _, _, region, account, _ = str(task["clusterArn"]).split(":", 5)
    with LOCK, upstream.responses.request_scope(account, region):
        service = key.record() if key else None
        if key and service:
            recount_service(key, service)
        upstream.ecs._recount_cluster(str(task["clusterArn"]).rpartition("/")[2])


def recount_service(key: ServiceKey, service: Record) -> None:
    """Refresh the counts of a service and its deployments from its tasks."""
    with LOCK:
        tasks = tasks_of(key, service)
        for holder, members in (
            (service, tasks),
            *((deployment, deployment_tasks(deployment, tasks)) for deployment in service["deployments"]),
        ):
            holder["runningCount"] = sum(task["lastStatus"] == "RUNNING" for task in members)
            holder["pendingCount"] = sum(
                task["lastStatus"] in BEFORE_STOP and task["lastStatus"] != "RUNNING" for task in members
            )


def deployment_tasks(deployment: Record, tasks: list[Record]) -> list[Record]:
    """The tasks a deployment started."""
    return [task for task in tasks if task.get("_deployment_id") == deployment["id"]]


def forget_stopped(now: float) -> None:
    """Drop the records of tasks that stopped an hour ago, as ECS does: a crash loop would fill the memory."""
    stored = upstream.ecs._tasks._data
    with LOCK:
        for key, task in list(stored.items()):
            if (
                task["lastStatus"] == "STOPPED"
                and now - float(task.get("stoppedAt") or now) > STOPPED_KEPT_SECONDS
            ):
                del stored[key]


def primary_of(service: Record) -> Record | None:
    """The deployment the service is to run."""
    return next((entry for entry in service["deployments"] if entry["status"] == "PRIMARY"), None)


def task_id(task: Record) -> str:
    """The last part of a task's ARN."""
    return str(task["taskArn"]).rpartition("/")[2]
