"""Say what ECS is doing while an engine waits for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from automation.target import Target
from automation.verification import traffic_shift
from infra.deployments.verdict import progress_line

_POLL_SECONDS = 2.0


@contextmanager
def watched(
    target: Target, cluster: Callable[[], str | None], report: Callable[[str], object]
) -> Iterator[None]:
    """Report the services of a cluster whose deployment goes on, until the block ends.

    Args:
        target: The cloud to ask.
        cluster: Name or ARN of the cluster; None as long as there is none.
        report: Called with a line whenever the numbers or the newest event change.
    """
    ended = threading.Event()
    watcher = threading.Thread(
        target=_watch, args=(target, cluster, report, ended), daemon=True, name="watcher"
    )
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join(5.0)


def _watch(
    target: Target, cluster: Callable[[], str | None], report: Callable[[str], object], ended: threading.Event
) -> None:
    began = time.time()
    said: dict[str, str] = {}
    while not ended.wait(_POLL_SECONDS):
        try:
            name = cluster()
            for service, line in _lines(target, name, began) if name else ():
                if said.get(service) != line and not ended.is_set():
                    said[service] = line
                    report(line)
        except (BotoCoreError, ClientError):
            continue  # not there yet, or no answer this time: the engine's own errors are the ones that count


def _lines(target: Target, cluster: str, began: float) -> Iterator[tuple[str, str]]:
    pages = target.ecs.get_paginator("list_services").paginate(cluster=cluster)
    arns = [arn for page in pages for arn in page["serviceArns"]]
    for start in range(0, len(arns), 10):  # DescribeServices takes ten at a time
        for service in target.ecs.describe_services(cluster=cluster, services=arns[start : start + 10])[
            "services"
        ]:
            moving = [item for item in service["deployments"] if item.get("rolloutState") == "IN_PROGRESS"]
            if moving and max(item["createdAt"].timestamp() for item in moving) >= began - 60:
                yield service["serviceName"], progress_line(service, traffic_shift(target, service))
