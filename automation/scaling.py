"""Manual scaling: set a service's desired count and see it happen."""

import time
from collections.abc import Callable

from automation.target import Target
from localcloud.errors import LocalCloudError

_POLL_SECONDS = 0.5
# How ECS begins or ends the messages of what keeps tasks from running (Amazon ECS Developer Guide, "Service event
# messages"); the local cloud writes the stopped task's reason into its events.
_TROUBLE = ("unable to", "stopped: ", "is unhealthy", "failed")


def scale_service(
    target: Target,
    cluster: str,
    service: str,
    count: int,
    *,
    report: Callable[[str], object],
    timeout: float = 300.0,
) -> None:
    """Set the desired count and wait until that many tasks run.

    The program does not know of it: the count stays until `desiredCount` changes in the stack file, or a refresh
    finds the difference and the next `up` puts the file's number back.

    Args:
        target: The cloud to act on.
        cluster: Name of the ECS cluster.
        service: Name of the ECS service.
        count: Tasks to run.
        report: Called with one line whenever the number of running tasks changes.
        timeout: Seconds to wait.

    Raises:
        LocalCloudError: The service does not exist, or the tasks did not run in time.
    """
    found = target.ecs.describe_services(cluster=cluster, services=[service])["services"]
    if not found or found[0]["status"] != "ACTIVE":
        raise LocalCloudError(
            f"service {service!r} does not run in cluster {cluster!r}", fix="deploy the stack first"
        )
    report(f"{service}: {found[0]['desiredCount']} → {count} tasks")
    seen = {event["id"] for event in found[0]["events"]}
    target.ecs.update_service(cluster=cluster, service=service, desiredCount=count)
    deadline = time.monotonic() + timeout
    last = None
    while time.monotonic() < deadline:
        state = target.ecs.describe_services(cluster=cluster, services=[service])["services"][0]
        running = state["runningCount"]
        if running != last:
            report(f"{service}: {running} of {count} running")
            last = running
        if running == count and state["pendingCount"] == 0:
            return
        for event in reversed(state["events"]):
            # A task that cannot start is tried again for as long as it is wanted: the reason must not wait for the end.
            new = event["id"] not in seen and running < count
            if new and any(word in event["message"] for word in _TROUBLE):
                report(f"{service}: {event['message']}")
            seen.add(event["id"])
        time.sleep(_POLL_SECONDS)
    raise LocalCloudError(
        f"service {service!r} runs {last} of {count} tasks after {timeout:.0f} s",
        fix=f"read its events: {target.verb('status')}",
    )
