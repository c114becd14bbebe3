"""The service as tests see it: in process for behaviour, as a real server process for signals and logs."""

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from flask.testing import FlaskClient

from service import logs
from service.application import create_app
from service.config import Config

APP = Path(__file__).resolve().parents[2] / "app"


@pytest.fixture
def app() -> Flask:
    app = create_app(Config(version="1.2.3"))

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("the database password is hunter2")

    return app


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """Keep what one test logs out of the next one's sight, and off the pytest's own log handlers."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure(Config().log_level)
    yield
    logs.writer.flush()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


class ServerProcess:
    """`python -m service`, or a script that serves a changed application, on a free port."""

    def __init__(self, *, script: str | None = None, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-c", script] if script else [sys.executable, "-m", "service"]
        # A file takes everything at once; a pipe that nobody reads would stop a server that logs a lot.
        self.output = tempfile.TemporaryFile("w+")  # noqa: SIM115  open as long as the server runs
        self.process = subprocess.Popen(
            command,
            cwd=APP,
            env={"PATH": os.environ["PATH"], "PORT": str(self.port), **environment},
            stdout=self.output,
            stderr=subprocess.STDOUT,
        )

    def wait_until_up(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.printed()
            with contextlib.suppress(httpx.TransportError):
                httpx.get(f"{self.url}/healthz")
                return
            time.sleep(0.02)
        raise AssertionError("the server did not start within 20 s")

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def kill(self) -> None:
        """End it at once; the workers first, which would outlive it and hold its output open."""
        if self.process.poll() is None:
            for pid in [*self.workers(), self.process.pid]:
                os.kill(pid, signal.SIGKILL)
        self.process.wait(timeout=10)
        self.output.close()

    def printed(self) -> str:
        self.output.seek(0)
        return self.output.read()

    def finish(self, timeout: float = 20) -> tuple[int, list[dict[str, Any]]]:
        """Wait for the end; return the exit code and the log, of which every line must be a JSON object."""
        code = self.process.wait(timeout=timeout)
        return code, [json.loads(line) for line in self.printed().splitlines()]


@pytest.fixture
def start() -> Iterator[Any]:
    servers: list[ServerProcess] = []

    def start_server(*, script: str | None = None, up: bool = True, **environment: str) -> ServerProcess:
        server = ServerProcess(script=script, **environment)
        servers.append(server)
        if up:
            server.wait_until_up()
        return server

    yield start_server
    for server in servers:
        server.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
