"""What runs right now: services, tasks, deployments and target health, read from the AWS APIs."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from automation.target import Target
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import DeploymentTypeDef, ServiceTypeDef, TaskTypeDef


@dataclass(frozen=True, kw_only=True)
class TaskView:
    """One task of a service.

    Args:
        id: Its id.
        status: Last status.
        health: By the containers' own health checks; UNKNOWN where they have none.
        revision: Family and revision of its task definition.
        address: Private IPv4 address.
        target_health: By the load balancer, with the reason where it is not healthy; `-` without one.
        started: When its containers ran; None before.
    """

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
    pending: int
    failed: int
    created: datetime


@dataclass(frozen=True, kw_only=True)
class ServiceDeploymentView:
    """The newest service deployment, which knows of rollbacks and of gradual shifts."""

    id: str
    status: str
    reason: str
    created: datetime
    finished: datetime | None


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
    service_deployment: ServiceDeploymentView | None
    tasks: tuple[TaskView, ...]
    events: tuple[EventView, ...]
    rollback_alarms: tuple[str, ...] = ()


def read_fleet(target: Target, cluster: str, *, events: int = 5) -> tuple[ServiceView, ...]:
    """Read every service of a cluster with its tasks, deployments, target health and newest events.

    Args:
        target: The cloud to ask.
        cluster: Name of the ECS cluster.
        events: How many of the newest service events to keep.

    Raises:
        LocalCloudError: The cluster does not exist.
    """
    services = read_services(target, cluster)
    tasks = _tasks_by_service(target, cluster) if services else {}
    views = (
        _service_view(target, service, tasks.get(service["serviceName"], []), events) for service in services
    )
    return tuple(sorted(views, key=lambda view: view.name))


def read_services(target: Target, cluster: str) -> list["ServiceTypeDef"]:
    """Describe every service of a cluster.

    Raises:
        LocalCloudError: The cluster does not exist.
    """
    try:
        pages = target.ecs.get_paginator("list_services").paginate(
            cluster=cluster, PaginationConfig={"PageSize": 100}
        )
        arns = [arn for page in pages for arn in page["serviceArns"]]
    except target.ecs.exceptions.ClusterNotFoundException as error:
        raise LocalCloudError(
            f"cluster {cluster!r} does not exist",
            fix=f"deploy it first: {target.verb('up')}",
        ) from error
    described: list[ServiceTypeDef] = []
    for start in range(0, len(arns), 10):  # DescribeServices takes ten at a time
        described += target.ecs.describe_services(cluster=cluster, services=arns[start : start + 10])[
            "services"
        ]
    return described


def _service_view(
    target: Target, service: "ServiceTypeDef", tasks: Iterable["TaskTypeDef"], events: int
) -> ServiceView:
    health = _target_health(target, service)
    alarms = service.get("deploymentConfiguration", {}).get("alarms")
    return ServiceView(
        name=service["serviceName"],
        desired=service["desiredCount"],
        running=service["runningCount"],
        pending=service["pendingCount"],
        deployments=tuple(_deployment_view(entry) for entry in service.get("deployments", [])),
        service_deployment=_service_deployment(target, service),
        tasks=tuple(sorted((_task_view(task, health) for task in tasks), key=_age_order)),
        events=tuple(
            EventView(at=event["createdAt"], message=event["message"])
            for event in service.get("events", [])[:events]
        ),
        rollback_alarms=tuple(alarms["alarmNames"]) if alarms and alarms["enable"] else (),
    )


def _deployment_view(deployment: "DeploymentTypeDef") -> DeploymentView:
    return DeploymentView(
        id=deployment["id"],
        status=deployment["status"],
        rollout=deployment.get("rolloutState", ""),
        reason=deployment.get("rolloutStateReason", ""),
        revision=_last(deployment["taskDefinition"]),
        desired=deployment["desiredCount"],
        running=deployment["runningCount"],
        pending=deployment["pendingCount"],
        failed=deployment.get("failedTasks", 0),
        created=deployment["createdAt"],
    )


def _service_deployment(target: Target, service: "ServiceTypeDef") -> ServiceDeploymentView | None:
    """The newest one; services whose deployments another controller makes have none."""
    if service.get("deploymentController", {}).get("type", "ECS") != "ECS":
        return None
    listed = target.ecs.list_service_deployments(
        cluster=service["clusterArn"], service=service["serviceArn"], maxResults=1
    )["serviceDeployments"]
    if not listed:
        return None
    newest = listed[0]
    return ServiceDeploymentView(
        id=_last(newest["serviceDeploymentArn"]),
        status=newest["status"],
        reason=newest.get("statusReason", ""),
        created=newest["createdAt"],
        finished=newest.get("finishedAt"),
    )


def _tasks_by_service(target: Target, cluster: str) -> Mapping[str, list["TaskTypeDef"]]:
    """The cluster's tasks by the service they belong to: one listing for all of them."""
    pages = target.ecs.get_paginator("list_tasks").paginate(
        cluster=cluster, PaginationConfig={"PageSize": 100}
    )
    arns = [arn for page in pages for arn in page["taskArns"]]
    found: dict[str, list[TaskTypeDef]] = defaultdict(list)
    for start in range(0, len(arns), 100):  # DescribeTasks takes a hundred at a time
        for task in target.ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + 100])["tasks"]:
            found[task.get("group", "").removeprefix("service:")].append(task)
    return found


def _task_view(task: "TaskTypeDef", health: Mapping[str, str]) -> TaskView:
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


def _age_order(task: TaskView) -> tuple[float, str]:
    """Oldest first, those that do not run yet last."""
    return (task.started.timestamp() if task.started else float("inf"), task.id)


def _target_health(target: Target, service: "ServiceTypeDef") -> dict[str, str]:
    """Health by address, in all target groups: during a gradual shift tasks are in either."""
    found: dict[str, str] = {}
    for group in sorted(_target_groups(service)):
        described = target.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        for description in described:
            health = description["TargetHealth"]
            reason = health.get("Reason")
            found[description["Target"]["Id"]] = (
                f"{health['State']} ({reason})" if reason else health["State"]
            )
    return found


def _target_groups(service: "ServiceTypeDef") -> set[str]:
    balancers: Sequence[Mapping[str, object]] = [
        *service.get("loadBalancers", []),
        *(balancer for item in service.get("taskSets", []) for balancer in item.get("loadBalancers", [])),
    ]
    groups: set[object] = {balancer.get("targetGroupArn") for balancer in balancers}
    for balancer in service.get("loadBalancers", []):
        groups.add(balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn"))
    return {str(group) for group in groups if group}


def _last(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
