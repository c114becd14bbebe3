"""Who a local cloud is: the label on its containers, its world id, the version of its code."""

import hashlib
import importlib.metadata
from pathlib import Path

from localcloud.settings import CloudSettings

WORLD_PATH = "/_localcloud/world"
INSTANCE_LABEL = "localcloud.instance"


def instance_of(settings: CloudSettings) -> str:
    """Name one home's containers carry, the same for every process that serves this home.

    Ports are reused by other checkouts after a crash; a home belongs to one local cloud only.
    """
    digest = hashlib.sha256(str(settings.home.resolve()).encode()).hexdigest()
    return f"localcloud-{digest[:12]}"


def code_version() -> str:
    """Identify the emulator's code, so that a process left running by an older checkout is recognised."""
    digest = hashlib.sha256(importlib.metadata.version("ministack").encode())
    folder = Path(__file__).parent
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.relative_to(folder).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]
