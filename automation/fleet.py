"""What runs right now: services, tasks, deployments and target health, read from the AWS APIs."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from automation.target import Target
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef, TaskTypeDef


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """One task of a service."""

    id: str
    status: str
    health: str
    revision: str
    address: str
    target_health: str
    started: datetime | None


@dataclass(frozen=True, kw_only=True)
class DeploymentView:
    """One deployment of a service, newest first in the API's own order."""

    id: str
    status: str
    rollout: str
    reason: str
    revision: str
    desired: int
    running: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class EventView:
    """One line of a service's event log."""

    at: datetime
    message: str


@dataclass(frozen=True, kw_only=True)
class ServiceView:
    """A service with everything that belongs to it."""

    name: str
    desired: int
    running: int
    pending: int
    deployments: tuple[DeploymentView, ...]
    tasks: tuple[TaskView, ...]
    events: tuple[EventView, ...]


def read_fleet(target: Target, cluster: str, *, events: int = 5) -> tuple[ServiceView, ...]:
    """Read every service of a cluster with its tasks, deployments, target health and newest events.

    Args:
        target: The cloud to ask.
        cluster: Name of the ECS cluster.
        events: How many of the newest service events to keep.

    Raises:
        LocalCloudError: The cluster does not exist.
    """
    try:
        pages = target.ecs.get_paginator("list_services").paginate(cluster=cluster)
        arns = [arn for page in pages for arn in page["serviceArns"]]
    except target.ecs.exceptions.ClusterNotFoundException as error:
        raise LocalCloudError(
            f"cluster {cluster!r} does not exist",
            fix=f"deploy it first: python -m automation up {target.selection}",
        ) from error
    views = []
    for start in range(0, len(arns), 10):  # DescribeServices takes ten at a time
        described = target.ecs.describe_services(cluster=cluster, services=arns[start : start + 10])[
            "services"
        ]
        views += [_service_view(target, cluster, service, events) for service in described]
    return tuple(sorted(views, key=lambda view: view.name))


def _service_view(target: Target, cluster: str, service: "ServiceTypeDef", events: int) -> ServiceView:
    health = _target_health(target, service)
    deployments = tuple(
        DeploymentView(
            id=deployment["id"],
            status=deployment["status"],
            rollout=deployment.get("rolloutState", ""),
            reason=deployment.get("rolloutStateReason", ""),
            revision=_last(deployment["taskDefinition"]),
            desired=deployment["desiredCount"],
            running=deployment["runningCount"],
            failed=deployment.get("failedTasks", 0),
        )
        for deployment in service["deployments"]
    )
    return ServiceView(
        name=service["serviceName"],
        desired=service["desiredCount"],
        running=service["runningCount"],
        pending=service["pendingCount"],
        deployments=deployments,
        tasks=tuple(_task_view(task, health) for task in _tasks(target, cluster, service["serviceName"])),
        events=tuple(
            EventView(at=event["createdAt"], message=event["message"]) for event in service["events"][:events]
        ),
    )


def _tasks(target: Target, cluster: str, service: str) -> list["TaskTypeDef"]:
    arns = [
        arn
        for page in target.ecs.get_paginator("list_tasks").paginate(cluster=cluster, serviceName=service)
        for arn in page["taskArns"]
    ]
    tasks: list[TaskTypeDef] = []
    for start in range(0, len(arns), 100):  # DescribeTasks takes a hundred at a time
        tasks += target.ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + 100])["tasks"]
    return tasks


def _task_view(task: "TaskTypeDef", health: dict[str, str]) -> TaskView:
    details = [
        detail for attachment in task.get("attachments", []) for detail in attachment.get("details", [])
    ]
    address = next((d["value"] for d in details if d.get("name") == "privateIPv4Address"), "")
    return TaskView(
        id=_last(task["taskArn"]),
        status=task["lastStatus"],
        health=task.get("healthStatus", "UNKNOWN"),
        revision=_last(task["taskDefinitionArn"]),
        address=address,
        target_health=health.get(address, "-"),
        started=task.get("startedAt"),
    )


def _target_health(target: Target, service: "ServiceTypeDef") -> dict[str, str]:
    groups = {
        balancer["targetGroupArn"]
        for balancer in service.get("loadBalancers", [])
        if "targetGroupArn" in balancer
    }
    return {
        description["Target"]["Id"]: description["TargetHealth"]["State"]
        for group in sorted(groups)
        for description in target.elbv2.describe_target_health(TargetGroupArn=group)[
            "TargetHealthDescriptions"
        ]
    }


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
