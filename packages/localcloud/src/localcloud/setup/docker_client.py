"""Find a docker command that can build with BuildKit."""

import functools
import os
import re
import subprocess
from pathlib import Path

from localcloud.errors import LocalCloudError

# Up to 22 the client speaks BuildKit's protocol itself (DOCKER_BUILDKIT=1); later it needs the buildx plugin.
LAST_VERSION_WITHOUT_PLUGIN = 22
FIRST_VERSION_WITH_BUILDKIT = 19


@functools.cache
def find_client(path: str | None = None) -> Path:
    """Return the first docker on PATH that can build with BuildKit; asked once per process.

    Args:
        path: Search path in place of PATH.

    Raises:
        LocalCloudError: There is no docker command, or none of them can.
    """
    found = _clients(path if path is not None else os.environ.get("PATH", os.defpath))
    for client in found:
        if _can_build(client):
            return client
    fix = "install Docker's buildx plugin (docker-buildx or docker-buildx-plugin), or Debian's docker.io"
    if not found:
        raise LocalCloudError("there is no docker command on PATH", fix=fix)
    names = ", ".join(map(str, found))
    raise LocalCloudError(f"the docker command on PATH cannot build with BuildKit: {names}", fix=fix)


def _clients(path: str) -> list[Path]:
    found: dict[Path, Path] = {}
    for folder in path.split(os.pathsep):
        candidate = Path(folder) / "docker"
        if candidate.is_file() and os.access(candidate, os.X_OK):
            found.setdefault(candidate.resolve(), candidate)
    return list(found.values())


def _can_build(client: Path) -> bool:
    if _output([str(client), "buildx", "version"]) is not None:
        return True
    version = re.search(r"version (\d+)\.", _output([str(client), "--version"]) or "")
    return (
        version is not None and FIRST_VERSION_WITH_BUILDKIT <= int(version[1]) <= LAST_VERSION_WITHOUT_PLUGIN
    )


def _output(command: list[str]) -> str | None:
    try:
        result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout if result.returncode == 0 else None
