"""Removal of the images that builds left in the Docker engine; the emulated registry has what runs."""

import docker
import requests
from docker.errors import APIError, DockerException

from localcloud.settings import CloudSettings


def remove_images(settings: CloudSettings) -> int:
    """Remove every image name of this local cloud's registry; returns how many there were.

    Names, not images: another local cloud may hold the same image under its own. An image that a container still
    uses stays, and so does BuildKit's cache: the next build of the same source takes no longer. Without a Docker
    engine there is nothing to remove.
    """
    prefix = f"{settings.registry}/"
    removed = 0
    try:
        client = docker.from_env()
        for image in client.images.list():
            names = [*image.tags, *(image.attrs.get("RepoDigests") or [])]
            for name in (name for name in names if name.startswith(prefix)):
                try:
                    client.images.remove(name)
                except APIError:
                    continue  # in use, or gone with its last other name
                removed += 1
        client.close()
    except (DockerException, requests.exceptions.RequestException):
        return removed
    return removed
