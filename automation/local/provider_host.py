"""Serve the local providers in a process of their own, for Pulumi's engine to attach to."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings

_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


def _environment(settings: CloudSettings) -> dict[str, str]:
    return os.environ | {
        "LOCALCLOUD_HOME": str(settings.home),
        "LOCALCLOUD_PORT": str(settings.port),
    }


def _spawn(settings: CloudSettings, log: Path, folder: Path) -> subprocess.Popen[str]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", "localcloud.providers.serve"],
            cwd=folder,  # relative paths in the program, such as build contexts, are relative to it
            env=_environment(settings),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C is for the engine, which still needs its providers to end in order
        )


def _addresses(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None  # noqa: S101  it was asked for
    watchdog = threading.Timer(_START_SECONDS, process.kill)
    watchdog.start()
    try:
        line = process.stdout.readline().strip()
    finally:
        watchdog.cancel()
    if not line:
        process.wait()
        raise LocalCloudError(
            f"the local providers did not start (exit code {process.returncode}):\n"
            f"{log.read_text(encoding='utf-8', errors='replace')[-2000:]}",
            fix=f"look into {log}",
        )
    return line


@contextmanager
def served_providers(settings: CloudSettings, folder: Path) -> Iterator[str]:
    """Serve the local providers while the block runs.

    Args:
        settings: The local cloud.
        folder: The project's folder.

    Yields:
        The value of PULUMI_DEBUG_PROVIDERS.

    Raises:
        LocalCloudError: They did not start.
    """
    log = settings.home / "pulumi" / "providers.log"
    process = _spawn(settings, log, folder)
    try:
        yield _addresses(process, log)
    finally:
        if process.stdin is not None:
            process.stdin.close()  # the sign to end
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
