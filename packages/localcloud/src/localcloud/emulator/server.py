"""The background process: MiniStack's ASGI application and our modules behind one port."""

import asyncio
import contextlib
import functools
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import uvicorn
import uvloop

from localcloud.containment import containment_of
from localcloud.emulator import upstream
from localcloud.emulator.ecs import engine
from localcloud.emulator.front import front_protocol
from localcloud.emulator.guard import guarded
from localcloud.emulator.identity import instance_of
from localcloud.emulator.install import install
from localcloud.emulator.leftovers import remove_leftovers
from localcloud.emulator.machine import bound, scratch
from localcloud.emulator.metrics.publisher import Publisher
from localcloud.emulator.observing import install as observing
from localcloud.emulator.peers import Peers
from localcloud.emulator.ports import bind_address, bind_loopback
from localcloud.emulator.resetting import with_reset
from localcloud.emulator.world import Application, Life, World, with_world
from localcloud.gate import gate_of
from localcloud.settings import CloudSettings

logger = logging.getLogger("localcloud")


def main() -> None:
    """Serve until SIGTERM or SIGINT; settings come from LOCALCLOUD_HOME, _PORT, _REGION and _ACCOUNT_ID."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s [%(name)s] %(message)s"
    )
    settings = settings_of_process()
    sockets = bind_loopback(settings.port)
    # Holding the port proves that the previous owner of these containers is gone.
    removed = remove_leftovers(settings)
    prepare(settings)
    if removed:
        logger.info("removed %d container(s) of an earlier process", removed)
    application = load_emulator(settings)
    try:
        uvloop.run(serve(settings, application, sockets))
    finally:
        settings.process_file.unlink(missing_ok=True)
        remove_leftovers(settings)


async def serve(settings: CloudSettings, application: Application, sockets: list[socket.socket]) -> None:
    """Serve the application and the load balancers on the given sockets until a signal ends the process."""
    loop = asyncio.get_running_loop()
    life = Life(str(settings.home.resolve()))
    remember = functools.partial(_remember, settings, life)
    upstream.app._MAIN_LOOP = loop
    balancing = install(settings.port, settings.containment)
    balancing.registry.serve_on(loop)
    server = Server(
        uvicorn.Config(
            guarded(with_world(with_reset(application, life, remember), life), settings.gate),
            http=front_protocol(balancing, Peers(engine.own_addresses)),
            # A client's own word on its address is worth nothing here.
            proxy_headers=False,
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=1,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.leave)
    sockets += bridge_socket(settings.port)
    serving = asyncio.create_task(server.serve(sockets=sockets))
    publishing = asyncio.create_task(Publisher(balancing.registry, balancing.traffic, observing()).run())
    while not server.started and not serving.done():
        await asyncio.sleep(0.005)
    remember()
    logger.info("world %s on port %d", life.world.id, settings.port)
    await serving
    publishing.cancel()


def _remember(settings: CloudSettings, life: Life) -> None:
    write_process_file(settings, life.world)


class Server(uvicorn.Server):
    """Uvicorn without its own signal handling, which would end the process before we have cleaned up."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us."""
        yield

    def leave(self) -> None:
        """End serving."""
        self.should_exit = True


def bridge_socket(port: int) -> list[socket.socket]:
    """The port on the Docker bridge, so that tasks reach the emulated AWS; nothing outside this machine does.

    Where the bridge is not this machine's (Docker Desktop), the engine leads `host.docker.internal` to the loopback.
    """
    gateway = engine.bridge_gateway()
    try:
        return [bind_address(gateway, port)] if gateway else []
    except OSError as error:
        logger.info("tasks reach the emulator through the engine, not at %s: %s", gateway, error)
        return []


def settings_of_process() -> CloudSettings:
    """The settings the starting command handed over in the environment."""
    return CloudSettings(
        home=Path(os.environ["LOCALCLOUD_HOME"]),
        port=int(os.environ["LOCALCLOUD_PORT"]),
        region=os.environ.get("LOCALCLOUD_REGION", "us-east-1"),
        account_id=os.environ.get("LOCALCLOUD_ACCOUNT_ID", "000000000000"),
        gate=gate_of(os.environ),
        containment=containment_of(os.environ),
    )


def prepare(settings: CloudSettings) -> None:
    """Bound what this process makes on the machine; its own files are below the home, and end with it."""
    folder = scratch(settings.home)
    folder.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = str(folder)
    bound(settings, instance_of(settings))


def load_emulator(settings: CloudSettings) -> Application:
    """Import MiniStack, which reads its configuration from the environment at import."""
    os.environ.update(
        GATEWAY_PORT=str(settings.port),
        MINISTACK_HOSTNAME=instance_of(settings),
        MINISTACK_REGION=settings.region,
        MINISTACK_ACCOUNT_ID=settings.account_id,
        LOG_LEVEL="INFO",
        PERSIST_STATE="0",
        # Functions run in containers, or not at all.
        LAMBDA_STRICT="1",
        STATE_DIR=str(scratch(settings.home) / "state"),
        S3_DATA_DIR=str(scratch(settings.home) / "s3"),
    )
    application: Application = upstream.app.app
    return application


def write_process_file(settings: CloudSettings, world: World) -> None:
    """Record the process; a reader sees the whole document or none."""
    document = {
        "pid": world.pid,
        "port": settings.port,
        "world": world.id,
        "started": time.time(),
        "process_started": psutil.Process().create_time(),
    }
    temporary = settings.process_file.with_suffix(".tmp")
    temporary.write_text(json.dumps(document))
    temporary.replace(settings.process_file)
