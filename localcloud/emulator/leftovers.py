"""Removal of what a local cloud made on this machine, whether or not its process still lives."""

import concurrent.futures
import contextlib
import logging
import shutil

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.models.containers import Container

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


def remove_containers(instance: str) -> int:
    """Remove every container that carries the instance's label, and their tasks' control groups.

    Returns how many containers there were.

    Without a Docker engine nothing runs: that is zero, and what is left goes at the next start.
    """
    try:
        client = docker.from_env(timeout=ENGINE_SECONDS)
        found = client.containers.list(
            all=True, sparse=True, filters={"label": f"{INSTANCE_LABEL}={instance}"}
        )
    except (DockerException, requests.exceptions.RequestException) as error:
        logger.info("no Docker engine answers, so no container is removed: %s", error)
        return 0
    if found:
        with concurrent.futures.ThreadPoolExecutor(max_workers=min(8, len(found))) as pool:
            list(pool.map(_remove, found))
    _remove_volumes(client, instance)
    client.close()
    task_cgroup.remove_all(instance)
    return len(found)


def _remove_volumes(client: docker.DockerClient, instance: str) -> None:
    """The volumes of its tasks, which an engine that is asked to may still hold for a container that is going."""
    with contextlib.suppress(APIError, requests.exceptions.RequestException):
        for volume in client.volumes.list(filters={"label": f"{INSTANCE_LABEL}={instance}"}):
            with contextlib.suppress(APIError):
                volume.remove(force=True)


def _remove(container: Container) -> None:
    try:
        container.remove(force=True, v=True)
    except NotFound:
        return
    except APIError as error:
        # The engine may be removing it already ("removal of container … is already in progress").
        if error.status_code != 409:
            logger.warning("container %s could not be removed: %s", container.id, error)
