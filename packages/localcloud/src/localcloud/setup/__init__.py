"""What a fresh machine needs before a stack can run on it; every step is idempotent."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localcloud.settings import CloudSettings
from localcloud.setup.base_image import can_be_had, ensure_base_image
from localcloud.setup.docker_client import find_client
from localcloud.setup.docker_engine import Engine, ensure_engine, stop_engine
from localcloud.setup.preflight import check_machine, check_space

# Where an engine of this machine keeps its images, often on a disk of its own.
ENGINE_FOLDER = Path("/var/lib/docker")

__all__ = [
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
    """

    engine: Engine
    client: Path


def prepare(settings: CloudSettings, images: Iterable[str] = ()) -> Machine:
    """Make this machine ready to build and run containers; prints a line per step.

    Args:
        settings: The local cloud's folder and port.
        images: Images to have here already; others are brought when a build or a task first needs them.

    Raises:
        LocalCloudError: Something is missing that cannot be installed from here; the message says what.
    """
    check_machine(settings)
    engine = ensure_engine(settings)
    if ENGINE_FOLDER.is_dir() and engine.host.startswith("unix://"):
        check_space(ENGINE_FOLDER)
    client = find_client()
    for image in images:
        ensure_base_image(settings, engine.host, image)
    return Machine(engine=engine, client=client)
