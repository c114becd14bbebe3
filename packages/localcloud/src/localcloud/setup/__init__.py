"""What a fresh machine needs before a stack can run on it; every step is idempotent."""

from dataclasses import dataclass
from pathlib import Path

from localcloud.settings import CloudSettings
from localcloud.setup.base_image import can_be_had, ensure_base_image
from localcloud.setup.docker_client import find_client
from localcloud.setup.docker_engine import Engine, ensure_engine, stop_engine
from localcloud.setup.preflight import check_machine, check_space

# Where an engine of this machine keeps its images, often on a disk of its own.
ENGINE_FOLDER = Path("/var/lib/docker")
DEFAULT_BASE_IMAGE = "python:3.13-slim-trixie"

__all__ = [
    "DEFAULT_BASE_IMAGE",
    "Engine",
    "Machine",
    "can_be_had",
    "ensure_base_image",
    "prepare",
    "stop_engine",
]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the set-up found or made.

    Args:
        engine: The Docker engine.
        client: The docker command that can build with BuildKit.
        base_image: What Dockerfiles ask for.
        stand_in: What to build on in its place; None where the base image itself is there.
    """

    engine: Engine
    client: Path
    base_image: str | None = None
    stand_in: str | None = None


def prepare(settings: CloudSettings, *, base_image: str | None = DEFAULT_BASE_IMAGE) -> Machine:
    """Make this machine ready to build and run containers; prints a line per step.

    Args:
        settings: The local cloud's folder and port.
        base_image: The image that Dockerfiles start from; None leaves it to the first build.

    Raises:
        LocalCloudError: Something is missing that cannot be installed from here; the message says what.
    """
    check_machine(settings)
    engine = ensure_engine(settings)
    if ENGINE_FOLDER.is_dir() and engine.host.startswith("unix://"):
        check_space(ENGINE_FOLDER)
    client = find_client()
    found = ensure_base_image(settings, engine.host, base_image) if base_image else None
    return Machine(
        engine=engine, client=client, base_image=base_image, stand_in=found if found != base_image else None
    )
