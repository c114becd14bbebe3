"""How a container ended, in the words of ECS."""

import logging
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
