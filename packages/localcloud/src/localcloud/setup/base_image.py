"""Make sure a public image is there: local, pulled, or a stand-in made here."""

from contextlib import closing

import requests
from docker import DockerClient
from docker.errors import APIError, ImageNotFound
from filelock import FileLock

from localcloud.console import Step, step
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup.catalogue import Missing, stand_in_for
from localcloud.setup.stand_in import Recipe, make_stand_in, recipe_of

REGISTRY_SECONDS = 10
MISSING_SIGNS = ("manifest unknown", "not found", "does not exist", "denied", "unauthorized", "no basic auth")
# Registries that did not answer this process: ten seconds are waited once, not for every image.
_silent: dict[str, str] = {}


def ensure_base_image(settings: CloudSettings, docker_host: str, image: str) -> str:
    """Return the image to use: `image` itself when it is local or can be pulled, else its stand-in.

    Args:
        settings: Where to work; half-made files stay inside its home.
        docker_host: Address of the Docker engine.
        image: What a Dockerfile or a task definition asks for, for example `python:3.13-slim-trixie`.

    Raises:
        LocalCloudError: The image does not exist, or no registry is reachable and no stand-in can be made.
    """
    with closing(DockerClient(base_url=docker_host, version="auto", timeout=60)) as engine:
        if _exists(engine, image):
            return image
        found = stand_in_for(image)
        recipe = None if isinstance(found, Missing) else Recipe.of_this_machine(found)
        if recipe and recipe_of(engine, recipe.stand_in) == recipe.digest():
            return recipe.stand_in.reference
        with step(f"image {image}") as progress:
            unreachable = _unreachable(docker_host, image)
            if unreachable is None:
                _pull(engine, image, progress)
                progress.done("pulled")
                return image
            progress.done(f"its registry cannot be reached ({unreachable})")
        if isinstance(found, Missing) or recipe is None:
            fix = found.fix if isinstance(found, Missing) else ""
            raise LocalCloudError(
                f"the image {image} is not on this machine, no registry is reachable ({unreachable}), and it has no "
                "stand-in",
                fix=fix,
            )
        settings.home.mkdir(parents=True, exist_ok=True)
        with FileLock(settings.home / "base-image.lock"):
            if recipe_of(engine, recipe.stand_in) != recipe.digest():  # unless another run made it meanwhile
                with step(f"stand-in for {image} from Debian packages") as progress:
                    make_stand_in(settings.home / "base-image", engine, recipe, progress)
        return recipe.stand_in.reference


def can_be_had(docker_host: str, image: str) -> bool:
    """Whether an image is on this machine or its registry answers."""
    with closing(DockerClient(base_url=docker_host, version="auto", timeout=60)) as engine:
        return _exists(engine, image) or _unreachable(docker_host, image) is None


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
    first = image.partition("/")[0]
    registry = first if "/" in image and ("." in first or ":" in first) else ""
    if registry not in _silent:
        reason = _ask(docker_host, image)
        if reason is None:
            return None
        _silent[registry] = reason
    return _silent[registry]


def _ask(docker_host: str, image: str) -> str | None:
    try:
        with closing(DockerClient(base_url=docker_host, version="auto", timeout=REGISTRY_SECONDS)) as engine:
            engine.images.get_registry_data(image)
    except APIError as error:
        reason = str(error.explanation or error)
        if any(sign in reason.lower() for sign in MISSING_SIGNS) and "no such host" not in reason:
            raise LocalCloudError(
                f"the image {image} does not exist in its registry, or not for this user: {reason}",
                fix="correct the image's name (FROM in the Dockerfile, image in the stack file), or run `docker login` "
                "for that registry",
            ) from None
        return reason.rsplit(": ", 1)[-1].strip('")\n')
    except requests.exceptions.RequestException:
        return f"no answer within {REGISTRY_SECONDS} s"
    return None


def _pull(engine: DockerClient, image: str, progress: Step) -> None:
    name, _, tag = image.partition("@") if "@" in image else image.rpartition(":")
    if (
        "/" in tag or not name
    ):  # no tag: what follows the last colon is a port and a path, or there is no colon
        name, tag = image, "latest"
    try:
        for event in engine.api.pull(name, tag=tag, stream=True, decode=True):
            if "error" in event:
                raise LocalCloudError(
                    f"pulling {image} failed: {event['error']}", fix="run the command again"
                )
            progress.update(str(event.get("status", "")))
    except (APIError, requests.exceptions.RequestException) as error:
        raise LocalCloudError(f"pulling {image} failed: {error}", fix="run the command again") from None
