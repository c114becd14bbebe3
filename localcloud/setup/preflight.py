"""Checks that cost nothing and save a long wait for a failure."""

import shutil
import socket
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
        probe = settings.home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise LocalCloudError(
            f"{settings.home} cannot be written: {error.strerror}",
            fix="make it writable, or set LOCALCLOUD_HOME to another folder",
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
            f"the disk of {folder} is nearly full: {free / 1024**3:.1f} of {needed / 1024**3:.1f} GiB free",
            fix="free some space, for example: docker system prune",
        )


def port_is_free(port: int) -> bool:
    """Whether a server can listen on this TCP port of localhost."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
