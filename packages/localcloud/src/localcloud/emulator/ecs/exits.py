"""How a container ended, in the words of ECS."""

import logging
import os
import select
import time
from dataclasses import dataclass

import requests
from docker.errors import APIError, NotFound
from docker.models.containers import Container

from localcloud.emulator.ecs import engine

logger = logging.getLogger(__name__)
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


@dataclass(frozen=True)
class Exit:
    """A container's end: its exit code, None when nobody knows it, and ECS's reason where it has one."""

    code: int | None
    reason: str = ""


def await_process(container: Container) -> bool:
    """Wait for a container's process to end, which the engine tells a tenth of a second later.

    Returns:
        False where this machine does not show the process: then the engine is the one to ask.
    """
    pid = int((container.attrs.get("State") or {}).get("Pid") or 0)
    try:
        process = os.pidfd_open(pid) if pid else -1
    except OSError:
        return False
    if process < 0:
        return False
    try:
        ended = select.poll()
        ended.register(process, select.POLLIN)
        ended.poll()
    finally:
        os.close(process)
    return True


def inspect_exit(container: Container) -> Exit:
    """Wait for a container to end and say how it did.

    A Docker engine that restarts is not a container that ended: it is asked again until it answers.
    """
    while True:
        try:
            code = int(engine.client().api.wait(str(container.id), timeout=None)["StatusCode"])
            container.reload()
        except NotFound:
            return Exit(code=None, reason="CannotInspectContainerError: the container was removed")
        except (APIError, requests.exceptions.RequestException, OSError) as error:
            logger.info("waiting for %s again: %s", container.name, error)
            time.sleep(0.5)
        else:
            return _exit(code, dict(container.attrs["State"]))


def _exit(code: int, ended: dict[str, object]) -> Exit:
    if ended.get("OOMKilled") and code == 137:
        return Exit(code=code, reason=OUT_OF_MEMORY)
    if ended.get("Error"):
        return Exit(code=code, reason=f"CannotStartContainerError: {ended['Error']}")
    return Exit(code=code)
