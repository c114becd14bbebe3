"""The words for why a deployment failed: stopped tasks with their exit codes, unhealthy targets, the last log lines."""

import json
from collections.abc import Iterable, Sequence

from infra.deployments.verdict import Described, short

_SHOWN_TASKS = 3
# Where JSON records have the traceback: the app of this project, and what other loggers call it.
_TRACES = ("traceback", "exception", "exc_info", "stack_trace")


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
    told: list[str] = []
    shown: set[str] = set()
    for message in messages:
        text, trace = _readable(message)
        told += text.splitlines()
        if trace not in shown:  # a service that fails at every request fails with the same one
            shown.add(trace)
            told += trace.splitlines()
    return [
        f"last log lines of {container} ({short(task)[:12]}):",
        *(f"  {line}" for line in told),
    ]


def plain_lines(messages: Iterable[str]) -> list[str]:
    """What a container wrote as people read it, a line each; of a JSON record its message and its traceback."""
    return [line for message in messages for part in _readable(message) for line in part.splitlines()]


def _readable(line: str) -> tuple[str, str]:
    """A log line as people read it: message and traceback of a JSON record, anything else as it is."""
    try:
        record = json.loads(line)
    except ValueError:
        return line.rstrip(), ""
    if not isinstance(record, dict) or "message" not in record:
        return line.rstrip(), ""
    return str(record["message"]), next((str(record[key]) for key in _TRACES if record.get(key)), "")
