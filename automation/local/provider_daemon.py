"""Serve the local providers in the background for the plain pulumi CLI, until the local cloud's world ends.

python -m automation.local.provider_daemon
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from automation.repository import REPOSITORY_ROOT
from localcloud import emulator
from localcloud.errors import LocalCloudError
from localcloud.providers import local_providers
from localcloud.providers.serve import serve
from localcloud.settings import CloudSettings

_START_SECONDS = 60.0
_LOOK_SECONDS = 2.0


def _record(settings: CloudSettings) -> Path:
    return settings.home / "pulumi" / "providers.json"


def background_providers(settings: CloudSettings, world: str, folder: Path) -> str:
    """Find the providers that are served for this world, or start serving them.

    Args:
        settings: The local cloud.
        world: Id of the running world.
        folder: The project's folder.

    Returns:
        The value of PULUMI_DEBUG_PROVIDERS.

    Raises:
        LocalCloudError: They did not start.
    """
    found = _served(settings, world, folder)
    if found:
        return found
    log = settings.home / "pulumi" / "providers-background.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "LOCALCLOUD_HOME": str(settings.home),
        "LOCALCLOUD_PORT": str(settings.port),
        "PYTHONPATH": str(REPOSITORY_ROOT),
    }
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "automation.local.provider_daemon"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        found = _served(settings, world, folder)
        if found:
            return found
        time.sleep(0.1)
    raise LocalCloudError("the local providers did not start in the background", fix=f"look into {log}")


def _served(settings: CloudSettings, world: str, folder: Path) -> str | None:
    try:
        record = json.loads(_record(settings).read_text(encoding="utf-8"))
        process = psutil.Process(record["pid"])
        ours = abs(process.create_time() - record["started"]) < 1
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return None
    same = record["world"] == world and record["folder"] == str(folder)
    return str(record["providers"]) if ours and same else None


async def _serve(settings: CloudSettings) -> None:
    cloud = emulator.running(settings)
    if cloud is None:
        raise LocalCloudError("the local cloud does not run", fix="make start")
    servers, addresses = await serve(local_providers(settings))
    me = psutil.Process()
    record = {
        "pid": me.pid,
        "started": me.create_time(),
        "world": cloud.world,
        "folder": str(Path.cwd()),
        "providers": addresses,
    }
    temporary = _record(settings).with_suffix(f".{me.pid}.tmp")
    temporary.write_text(json.dumps(record) + "\n", encoding="utf-8")
    temporary.replace(_record(settings))
    while (
        now := await asyncio.to_thread(emulator.running, settings)
    ) is not None and now.world == cloud.world:
        await asyncio.sleep(_LOOK_SECONDS)
    for server in servers:
        await server.stop(grace=1)


if __name__ == "__main__":
    asyncio.run(_serve(CloudSettings.from_environment()))
