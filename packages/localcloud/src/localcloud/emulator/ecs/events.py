"""Service events: what the scheduler did, in AWS's words, newest first; AWS keeps the last hundred."""

import time

from localcloud.emulator import upstream
from localcloud.emulator.ecs import state
from localcloud.emulator.ecs.state import Record

KEPT = 100
LOG_LINES = 10


def add(service: Record, text: str) -> None:
    """Add an event; the service's name is put in front as AWS does."""
    with state.LOCK:
        service["events"].insert(
            0,
            {
                "id": upstream.responses.new_uuid(),
                "createdAt": time.time(),
                "message": f"(service {service['serviceName']}) {text}",
            },
        )
        del service["events"][KEPT:]


def task_failed(service: Record, task: Record) -> None:
    """Say why a task ended, with exit codes and the last lines of the containers that failed.

    AWS leaves the log lines to the log group; here they are what a person looks for next.
    """
    parts = [f"(task {state.task_id(task)}) stopped: {task['stoppedReason']}."]
    for container in task["containers"]:
        code = container.get("exitCode")
        if code in (None, 0) and not container.get("reason"):
            continue
        ended = f"Container {container['name']} exited with code {code}"
        parts.append(f"{ended}: {container['reason']}." if container.get("reason") else f"{ended}.")
        lines = (task.get("_last_lines") or {}).get(container["name"]) or []
        if lines:
            parts.append("Last log lines:\n" + "\n".join(lines[-LOG_LINES:]))
    add(service, " ".join(parts))
