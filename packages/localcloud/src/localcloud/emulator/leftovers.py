"""Removal of what a local cloud made on this machine, whether or not its process still lives."""

import concurrent.futures
import contextlib
import logging
import shutil
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container
from docker.models.networks import Network
from docker.models.volumes import Volume

from localcloud.emulator.ecs import task_cgroup
from localcloud.emulator.identity import INSTANCE_LABEL, instance_of
from localcloud.emulator.machine import scratch
from localcloud.emulator.naming import hosts_file
from localcloud.settings import CloudSettings

logger = logging.getLogger(__name__)
ENGINE_SECONDS = 60


def remove_leftovers(settings: CloudSettings) -> int:
    """Remove the local cloud's containers, and the files that they mounted; returns how many containers there were."""
    removed = remove_containers(instance_of(settings))
    hosts_file.remove_all(settings.home)
    shutil.rmtree(scratch(settings.home), ignore_errors=True)
    return removed


def engine_problem() -> str:
    """Why no Docker engine answers; empty when one does. Without one nobody knows what is left."""
    try:
        with contextlib.closing(docker.from_env(timeout=ENGINE_SECONDS)) as client:
            client.ping()
    except (DockerException, requests.exceptions.RequestException) as error:
        return str(error)
    return ""


def remove_containers(instance: str) -> int:
    """Remove every container, volume and network that carries the instance's label, and its tasks' control groups.

    Returns how many containers there were.

    Without a Docker engine nothing runs: that is zero, and what is left goes at the next start.
    """
    try:
        client = docker.from_env(timeout=ENGINE_SECONDS)
        label: dict[str, Any] = {"label": f"{INSTANCE_LABEL}={instance}"}
        found = client.containers.list(all=True, sparse=True, filters=label)
        if found:
            with concurrent.futures.ThreadPoolExecutor(max_workers=min(8, len(found))) as pool:
                list(pool.map(_remove, found))
        volumes: list[Volume] = client.volumes.list(filters=label)
        networks: list[Network] = client.networks.list(filters=label)
        kept: list[Volume | Network] = [*volumes, *networks]
        for entry in kept:
            _remove_kept(entry)
    except (DockerException, requests.exceptions.RequestException) as error:
        logger.info("no Docker engine answers, so nothing is removed: %s", error)
        return 0
    client.close()
    task_cgroup.remove_all(instance)
    return len(found)


def _remove_kept(kept: Volume | Network) -> None:
    """Remove what outlives the containers that used it."""
    try:
        kept.remove()
    except NotFound:
        return
    except APIError as error:
        logger.warning("%s %s could not be removed: %s", type(kept).__name__.lower(), kept.name, error)


def _remove(container: Container) -> None:
    try:
        container.remove(force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        # The engine may be removing it already ("removal of container … is already in progress").
        if error.status_code != 409:
            logger.warning("container %s could not be removed: %s", container.id, error)
