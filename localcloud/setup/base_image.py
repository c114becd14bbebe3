"""Make sure the image a Dockerfile starts from is there: local, pulled, or a stand-in made here."""

import re
from contextlib import closing

import requests
from docker import DockerClient
from docker.errors import APIError, ImageNotFound
from filelock import FileLock

from localcloud.console import Step, step
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup.stand_in import STAND_IN, Recipe, make_stand_in, recipe_of

REGISTRY_SECONDS = 10
# What a stand-in can stand in for: the official Python 3.13 on Debian, from whichever registry.
REPLACEABLE = re.compile(r"(^|/)python:3\.13(\.\d+)?(-slim)?(-trixie)?(@.*)?$")
MISSING_SIGNS = ("manifest unknown", "not found", "does not exist", "denied", "unauthorized", "no basic auth")


def ensure_base_image(settings: CloudSettings, docker_host: str, image: str) -> str:
    """Return the image to build on: `image` itself when it is local or can be pulled, else the stand-in.

    Args:
        settings: Where to work; half-made files stay inside its home.
        docker_host: Address of the Docker engine.
        image: What the Dockerfile asks for, for example `python:3.13-slim-trixie`.

    Raises:
        LocalCloudError: The image does not exist, or no registry is reachable and no stand-in can be made.
    """
    with closing(DockerClient(base_url=docker_host, version="auto", timeout=60)) as engine:
        if _exists(engine, image):
            return image
        recipe = Recipe.of_this_machine() if REPLACEABLE.search(image) else None
        if recipe and recipe_of(engine) == recipe.digest():
            return STAND_IN
        with step(f"base image {image}") as progress:
            unreachable = _unreachable(docker_host, image)
            if unreachable is None:
                _pull(engine, image, progress)
                progress.done("pulled")
                return image
            progress.done(f"its registry cannot be reached ({unreachable})")
        if recipe is None:
            raise LocalCloudError(
                f"the base image {image} is not on this machine and no registry is reachable ({unreachable})",
                fix="connect to its registry or `docker load` it; only python:3.13-slim can have a stand-in",
            )
        settings.home.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.home / "base-image.lock"):
            if recipe_of(engine) != recipe.digest():  # unless another run made it meanwhile
                with step("stand-in base image from Debian packages") as progress:
                    make_stand_in(settings.home / "base-image", engine, recipe, progress)
        return STAND_IN


def _exists(engine: DockerClient, image: str) -> bool:
    try:
        engine.images.get(image)
    except ImageNotFound:
        return False
    return True


def _unreachable(docker_host: str, image: str) -> str | None:
    """Why the registry cannot be asked, or None when it has the image.

    Raises:
        LocalCloudError: The registry answered that it has no such image for this user.
    """
    try:
        with closing(DockerClient(base_url=docker_host, version="auto", timeout=REGISTRY_SECONDS)) as engine:
            engine.images.get_registry_data(image)
    except APIError as error:
        reason = str(error.explanation or error)
        if any(sign in reason.lower() for sign in MISSING_SIGNS) and "no such host" not in reason:
            raise LocalCloudError(
                f"the base image {image} does not exist in its registry, or not for this user: {reason}",
                fix="correct ARG BASE_IMAGE in the Dockerfile, or run `docker login` for that registry",
            ) from None
        return reason.rsplit(": ", 1)[-1].strip('")\n')
    except requests.exceptions.RequestException:
        return f"no answer within {REGISTRY_SECONDS} s"
    return None


def _pull(engine: DockerClient, image: str, progress: Step) -> None:
    name, _, tag = image.partition("@") if "@" in image else image.rpartition(":")
    try:
        for event in engine.api.pull(name, tag=tag, stream=True, decode=True):
            if "error" in event:
                raise LocalCloudError(
                    f"pulling {image} failed: {event['error']}", fix="run the command again"
                )
            progress.update(str(event.get("status", "")))
    except (APIError, requests.exceptions.RequestException) as error:
        raise LocalCloudError(f"pulling {image} failed: {error}", fix="run the command again") from None
