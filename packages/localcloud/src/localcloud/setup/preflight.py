"""Checks that cost nothing and save a long wait for a failure."""

import shutil
import tempfile
from pathlib import Path

from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings

# The stand-in base image, the service's image and the engine's build cache take about half of it.
NEEDED_BYTES = 2 * 1024**3


def check_machine(settings: CloudSettings) -> None:
    """Check that the local cloud's folder can be written and that there is room for images.

    Raises:
        LocalCloudError: The folder cannot be written, or less than 2 GiB are free.
    """
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        # A name of its own: the builds of many services check at the same time.
        with tempfile.TemporaryFile(dir=settings.home):
            pass
    except OSError as error:
        raise LocalCloudError(
            f"{settings.home} cannot be written: {error.strerror}",
            fix="let this user write to it, or set LOCALCLOUD_HOME to another folder",
        ) from None
    check_space(settings.home)


def check_space(folder: Path, needed: int = NEEDED_BYTES) -> None:
    """Check that a folder's file system has room.

    Raises:
        LocalCloudError: Fewer than `needed` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LocalCloudError(
            f"the disk of {folder} is nearly full: {free / 2**30:.1f} GiB free, {needed / 2**30:.1f} GiB needed",
            fix="free some space; what Docker takes: docker system df",
        )
