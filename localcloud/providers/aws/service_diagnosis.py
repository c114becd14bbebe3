"""What people need to see after a failed ECS deployment: stopped tasks, exit codes, unhealthy targets, log lines."""

import json
from typing import Any

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import AwsCallError
from localcloud.providers.aws.context import Context
from localcloud.providers.values import Values

LOG_LINES = 20


def same_definition(arn: str, wanted: str) -> bool:
    """Whether an ARN is the wanted task definition, which may be an ARN, `family:revision` or a family."""
    return arn == wanted or arn.endswith(f"/{wanted}") or arn.rpartition(":")[0].endswith(f"/{wanted}")


def short(arn: str) -> str:
    """The last part of an ARN, by which people know the object."""
    return arn.rpartition("/")[2]


def diagnose(context: Context, key: Values, wanted: Values, since: float) -> list[str]:
    """What people need to see after a failed deployment: stopped tasks, exit codes, unhealthy targets, log lines.

    It never raises: the deployment's failure is the message, and a missing detail must not hide it.
    """
    try:
        tasks = _failed_tasks(context, key, str(wanted.get("taskDefinition", "")), since)
        reasons = _task_texts(tasks) + _unhealthy_targets(context, wanted)
        return reasons + (_log_text(context, tasks[0]) if tasks else [])
    except LocalCloudError as error:
        return [f"details are not available: {error.message}"]


def _failed_tasks(context: Context, key: Values, task_definition: str, since: float) -> list[Values]:
    """Tasks of the failed version, those that stopped first; newest first."""
    found: list[Values] = []
    for status in ("STOPPED", "RUNNING"):
        request = {"cluster": key["cluster"], "serviceName": short(key["service"]), "desiredStatus": status}
        arns = context.aws.pages("ecs", "ListTasks", request, "taskArns")
        if arns:
            found += context.call("DescribeTasks", {"cluster": key["cluster"], "tasks": arns[:100]})["tasks"]
    mine = [task for task in found if same_definition(task["taskDefinitionArn"], task_definition)]

    def order(task: Values) -> tuple[bool, float]:
        stopped = task.get("stoppedAt") or task.get("startedAt") or task.get("createdAt")
        return task.get("lastStatus") == "STOPPED", stopped.timestamp() if stopped is not None else since

    return sorted(mine, key=order, reverse=True)


def _task_texts(tasks: list[Values]) -> list[str]:
    """Why tasks stopped, each reason once with the task it was last seen on."""
    seen: dict[str, str] = {}
    for task in tasks:
        text = "; ".join(_stop_reasons(task))
        if text and text not in seen:
            seen[text] = f"task {short(task['taskArn'])} stopped: {text}"
    return list(seen.values())[:3]


def _stop_reasons(task: Values) -> list[str]:
    lines = [task["stoppedReason"]] if task.get("stoppedReason") else []
    for container in task.get("containers", []):
        exit_code, reason = container.get("exitCode"), container.get("reason")
        if exit_code is not None or (reason and reason not in lines):
            code = f" exited with code {exit_code}" if exit_code is not None else ""
            lines.append(f"container {container['name']}{code}{f': {reason}' if reason else ''}")
    return lines


def _unhealthy_targets(context: Context, wanted: Values) -> list[str]:
    lines = []
    for balancer in wanted.get("loadBalancers") or []:
        arn = balancer.get("targetGroupArn")
        if not arn:
            continue
        request = {"TargetGroupArn": arn}
        for target in context.find_call("DescribeTargetHealth", request, "elbv2").get(
            "TargetHealthDescriptions", []
        ):
            health = target["TargetHealth"]
            if health["State"] not in ("healthy", "draining", "initial"):
                detail = health.get("Description") or health.get("Reason") or "no reason given"
                lines.append(
                    f"target {target['Target']['Id']}:{target['Target'].get('Port', '')} is {health['State']}: {detail}"
                )
    return lines


def _log_text(context: Context, task: Values) -> list[str]:
    """The last lines that the failed task's containers wrote to their awslogs streams."""
    described = context.find_call("DescribeTaskDefinition", {"taskDefinition": task["taskDefinitionArn"]})
    texts = []
    for container in described.get("taskDefinition", {}).get("containerDefinitions", []):
        options = (container.get("logConfiguration") or {}).get("options") or {}
        if "awslogs-group" not in options:
            continue
        stream = (
            f"{options.get('awslogs-stream-prefix', '')}/{container['name']}/{short(task['taskArn'])}".lstrip(
                "/"
            )
        )
        lines = _last_lines(context, options["awslogs-group"], stream)
        if lines:
            texts.append(
                "\n".join(
                    [f"last log lines of container {container['name']}:", *(f"  {line}" for line in lines)]
                )
            )
    return texts


def _last_lines(context: Context, group: str, stream: str) -> list[str]:
    request: Values = {
        "logGroupName": group,
        "logStreamName": stream,
        "limit": LOG_LINES,
        "startFromHead": False,
    }
    try:
        events: list[Any] = context.call("GetLogEvents", request, "logs").get("events", [])
    except AwsCallError:
        return []
    return [_readable(str(event["message"])) for event in events]


def _readable(line: str) -> str:
    """A log line as people read it: the message of a JSON record, anything else as it is."""
    try:
        record = json.loads(line)
    except ValueError:
        return line.rstrip()
    if not isinstance(record, dict) or "message" not in record:
        return line.rstrip()
    extra = record.get("exception") or record.get("exc_info")
    return f"{record['message']}\n  {extra}" if extra else str(record["message"])
