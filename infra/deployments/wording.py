"""The words for why a deployment failed: stopped tasks with their exit codes, unhealthy targets, the last log lines."""

import json
from collections.abc import Iterable, Sequence

from infra.deployments.verdict import Described, short

_SHOWN_TASKS = 3


def task_lines(tasks: Iterable[Described]) -> list[str]:
    """Why tasks stopped, each reason once, at most three.

    Args:
        tasks: Stopped tasks as DescribeTasks describes them, newest first.
    """
    return list(dict.fromkeys(_task_line(task) for task in tasks))[:_SHOWN_TASKS]


def _task_line(task: Described) -> str:
    reason = task.get("stoppedReason", "no reason given")
    parts = []
    for container in task.get("containers", []):
        if "exitCode" in container:
            parts.append(f"container {container['name']} exit code {container['exitCode']}")
        if container.get("reason") and container["reason"] != reason:
            parts.append(f"container {container['name']}: {container['reason']}")
    return f"task stopped: {reason}" + (f" ({'; '.join(parts)})" if parts else "")


def log_lines(container: str, task: str, messages: Sequence[str]) -> list[str]:
    """The last lines that a container wrote.

    Args:
        container: Its name.
        task: ARN of its task.
        messages: What it wrote, oldest first.
    """
    if not messages:
        return []
    told = "\n".join(_readable(message) for message in messages)
    return [
        f"last log lines of {container} ({short(task)[:12]}):",
        *(f"  {line}" for line in told.splitlines()),
    ]


def _readable(line: str) -> str:
    """A log line as people read it: the message of a JSON record, anything else as it is."""
    try:
        record = json.loads(line)
    except ValueError:
        return line.rstrip()
    if not isinstance(record, dict) or "message" not in record:
        return line.rstrip()
    extra = record.get("exception") or record.get("exc_info")
    return f"{record['message']}\n{extra}" if extra else str(record["message"])
