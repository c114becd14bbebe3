"""The HTTP server: settings chosen by measurement (`python -m bench.app`), shutdown without lost requests."""

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import threading
from typing import Any

from flask import Flask
from granian.constants import HTTPModes, Interfaces, RuntimeModes
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from service.config import Config
from service.logs import logging_config
from service.requests import DrainFlag

_log = logging.getLogger("service")

BACKLOG = 1024
EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - the load balancer reaches a container from outside


class DrainingServer(MPServer):
    """Granian, which goes on serving for a while after SIGTERM and then finishes what is in flight.

    ECS sends SIGTERM when it has begun to take the task out of the load balancer. The balancer goes on
    sending requests until all of its nodes know, clients that use service discovery even longer. So SIGTERM
    only raises the drain flag; `drain_seconds` later the worker stops accepting, and has the rest of
    `shutdown_seconds` for requests in flight. SIGINT, or a second SIGTERM, ends the drain at once.
    https://aws.amazon.com/blogs/containers/graceful-shutdowns-with-ecs/
    """

    def __init__(self, config: Config, draining: DrainFlag, **options: Any) -> None:
        super().__init__(**options)
        self._config = config
        self._draining = draining
        self._main_process = os.getpid()

    def signal_handler_interrupt(self, *args: Any, **_: Any) -> None:
        """Begin to drain, or stop now when asked again, interactively, or without a drain time."""
        # A forked worker has this handler too until it puts its own in place.
        if os.getpid() != self._main_process:
            os._exit(0)
        if self._draining or signal.SIGINT in args or not self._config.drain_seconds:
            super().signal_handler_interrupt()  # type: ignore[no-untyped-call]  # granian has no types here
            return
        self._draining.set()
        timer = threading.Timer(self._config.drain_seconds, super().signal_handler_interrupt)
        timer.daemon = True
        timer.start()
        _log.info("SIGTERM: serving for %g s more, then stopping", self._config.drain_seconds)


def serve(app: Flask, config: Config, draining: DrainFlag) -> None:
    """Serve the application until SIGTERM or SIGINT; returns when everything in flight has been answered.

    Raises:
        OSError: The port cannot be listened on.
        SystemExit: With code 1 when the worker process died; ECS then replaces the task.
    """
    # Granian's own message would carry a stack trace of its machine code.
    with socket.create_server((EVERY_INTERFACE, config.port)):
        pass
    # The worker inherits the application and the drain flag; Python 3.14's default could pass neither.
    multiprocessing.set_start_method("fork", force=True)
    server = DrainingServer(
        config,
        draining,
        target="service",
        address=EVERY_INTERFACE,
        port=config.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=config.threads,
        runtime_mode=RuntimeModes.st,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        # Granian counts open connections here, and load balancer nodes keep many idle ones: a small number
        # would leave no room for health checks.
        backpressure=BACKLOG,
        # This is also how long an idle connection is kept.
        http1_settings=HTTP1Settings(header_read_timeout=int(config.keep_alive_seconds * 1000)),
        workers_kill_timeout=max(1, int(config.shutdown_seconds - config.drain_seconds)),
        # Its "I have started a worker" lines are of use only to who asks for every detail.
        log_level=LogLevels.info if config.log_level < logging.INFO else LogLevels.warning,
        log_dictconfig=logging_config(config.log_level),
    )
    server.on_startup(lambda: _log.info("version %s listens on port %d", config.version, config.port))
    server.serve(target_loader=lambda: _prepare_worker(app), wrap_loader=False)
    _log.info("stopped")


def _prepare_worker(app: Flask) -> Flask:
    """Arrange the worker process before its threads start, and hand the application over."""
    # Signals to the whole group (Ctrl-C, `timeout`, `tini -g`) must not reach the worker: the parent alone decides
    # when it stops; otherwise they would cut the drain short.
    os.setpgid(0, 0)
    # The thread that reads requests and the one that answers them wake each other all the time. Without
    # preemption on wake-up each does more per turn: a sixth less CPU time per request.
    with contextlib.suppress(OSError, AttributeError):  # forbidden by the container's host, or not Linux
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    return app
