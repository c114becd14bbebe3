"""Why a deployment failed: the stopped tasks with their exit codes, unhealthy targets, and the last log lines."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from automation.target import Target

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef, TaskTypeDef

LOG_LINES = 20
_SHOWN_TASKS = 3


def diagnose(target: Target, service: "ServiceTypeDef", task_definition: str, *, since: float) -> list[str]:
    """Collect what people need to see after a failed deployment.

    It never raises: the failure is the message, and a detail that cannot be read must not hide it.

    Args:
        target: The cloud to ask.
        service: The service as ECS describes it.
        task_definition: ARN of the version that failed.
        since: Unix time; tasks that stopped before it explain another deployment.
    """
    try:
        tasks = _stopped_tasks(target, service, task_definition, since)
        lines = list(dict.fromkeys(text for task in tasks[:_SHOWN_TASKS] for text in _task_lines(task)))
        lines += _unhealthy_targets(target, service)
        return lines + (_log_lines(target, tasks[0]) if tasks else [])
    except (BotoCoreError, ClientError) as error:
        return [f"details are not available: {error}"]


def _stopped_tasks(
    target: Target, service: "ServiceTypeDef", task_definition: str, since: float
) -> "list[TaskTypeDef]":
    """Newest first. ECS forgets stopped tasks after about an hour."""
    arns = target.ecs.list_tasks(
        cluster=service["clusterArn"], serviceName=service["serviceName"], desiredStatus="STOPPED"
    )["taskArns"]
    if not arns:
        return []
    tasks = target.ecs.describe_tasks(cluster=service["clusterArn"], tasks=arns[:100])["tasks"]
    mine = [
        task
        for task in tasks
        if task["taskDefinitionArn"] == task_definition
        and ("stoppedAt" not in task or task["stoppedAt"].timestamp() >= since)
    ]
    return sorted(mine, key=lambda task: task["createdAt"], reverse=True)


def _task_lines(task: "TaskTypeDef") -> list[str]:
    reason = task.get("stoppedReason", "no reason given")
    parts = []
    for container in task.get("containers", []):
        if "exitCode" in container:
            parts.append(f"container {container['name']} exit code {container['exitCode']}")
        if container.get("reason"):
            parts.append(f"container {container['name']}: {container['reason']}")
    return [f"task stopped: {reason}" + (f" ({'; '.join(parts)})" if parts else "")]


def _unhealthy_targets(target: Target, service: "ServiceTypeDef") -> list[str]:
    lines = []
    for balancer in service.get("loadBalancers", []):
        group = balancer.get("targetGroupArn")
        if not group:
            continue
        described = target.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        for item in described:
            health: Any = item["TargetHealth"]
            if health["State"] == "unhealthy":
                why = health.get("Description") or health.get("Reason", "")
                lines.append(f"target {item['Target']['Id']} is unhealthy: {why}")
    return lines


def _log_lines(target: Target, task: "TaskTypeDef") -> list[str]:
    definition = target.ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])[
        "taskDefinition"
    ]
    failed = [item["name"] for item in task.get("containers", []) if item.get("exitCode")]
    task_id = task["taskArn"].rsplit("/", 1)[-1]
    for container in definition["containerDefinitions"]:
        options = container.get("logConfiguration", {}).get("options", {})
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if not group or not prefix or (failed and container["name"] not in failed):
            continue
        stream = f"{prefix}/{container['name']}/{task_id}"
        try:
            events = target.logs.get_log_events(logGroupName=group, logStreamName=stream, limit=LOG_LINES)[
                "events"
            ]
        except target.logs.exceptions.ResourceNotFoundException:
            continue
        if events:
            return [f"last log lines of {container['name']} ({task_id[:12]}):"] + [
                f"  {event['message'].rstrip()}" for event in events
            ]
    return []
