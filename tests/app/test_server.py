"""The real server process: what it logs, how it stops, how it fails."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.app.conftest import ServerProcess

Start = Callable[..., ServerProcess]

SLOW_APPLICATION = """
import time
from service import logs
from service.application import create_app
from service.config import Config
from service.requests import DrainFlag
from service.server import serve

config, draining = Config.from_environment(), DrainFlag()
logs.configure(config.log_level)
app = create_app(config, draining)
app.add_url_rule("/slow", view_func=lambda: time.sleep(1.5) or "done")
serve(app, config, draining)
"""


def test_sigterm_goes_on_answering_during_the_drain_and_then_exits_0(start: Start) -> None:
    server = start(SHUTDOWN_DRAIN_SECONDS="1")
    terminated = time.monotonic()
    server.terminate()
    time.sleep(0.2)

    answered = 0
    with httpx.Client() as client:
        while time.monotonic() < terminated + 0.8:
            response = client.get(f"{server.url}/healthz")
            assert response.status_code == 200
            assert response.json()["status"] == "draining"
            assert response.headers["Connection"] == "close"
            answered += 1
    code, log = server.finish()

    assert answered > 0
    assert code == 0
    assert 1 <= time.monotonic() - terminated < 5
    assert sum(line["logger"] == "access" for line in log) >= answered
    assert log[-1]["message"] == "stopped"


def test_a_request_in_flight_when_the_drain_ends_is_answered(start: Start) -> None:
    server = start(script=SLOW_APPLICATION, SHUTDOWN_DRAIN_SECONDS="0.3")
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(httpx.get, f"{server.url}/slow", timeout=10)
        time.sleep(0.3)
        server.terminate()

        assert slow.result().text == "done"
    code, log = server.finish()

    assert code == 0
    assert [line["path"] for line in log if line["logger"] == "access"][-1] == "/slow"


def test_a_request_that_never_ends_does_not_keep_the_server_beyond_its_time(start: Start) -> None:
    stuck = SLOW_APPLICATION.replace("1.5", "60")
    server = start(script=stuck, SHUTDOWN_DRAIN_SECONDS="0", SHUTDOWN_TIMEOUT_SECONDS="1")
    with ThreadPoolExecutor() as pool:
        slow = pool.submit(httpx.get, f"{server.url}/slow", timeout=30)
        time.sleep(0.3)
        terminated = time.monotonic()
        server.terminate()
        code, log = server.finish()

        assert isinstance(slow.exception(), httpx.TransportError)
    assert code == 0
    assert time.monotonic() - terminated < 5
    assert any("refused to gracefully stop" in line["message"] for line in log if "message" in line)


def test_constant_requests_lose_none_while_the_server_drains(start: Start) -> None:
    server = start(SHUTDOWN_DRAIN_SECONDS="4")
    stopping = threading.Event()

    def load() -> int:
        count = 0
        with httpx.Client() as client:
            while not stopping.is_set():
                assert client.get(server.url).text == "Hello from ECS!"
                count += 1
        return count

    with ThreadPoolExecutor() as pool:
        clients = [pool.submit(load) for _ in range(3)]
        time.sleep(0.3)
        server.terminate()
        time.sleep(0.7)
        stopping.set()
        sent = sum(client.result() for client in clients)
    code, log = server.finish()

    assert code == 0
    assert sum(line["logger"] == "access" and line["path"] == "/" for line in log) == sent > 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_the_drain(start: Start, stop: signal.Signals) -> None:
    server = start(SHUTDOWN_DRAIN_SECONDS="15")
    server.terminate()
    time.sleep(0.2)
    server.process.send_signal(stop)

    code, _ = server.finish(timeout=5)

    assert code == 0


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4])
def test_sigterm_during_the_start_is_not_lost(start: Start, delay: float) -> None:
    server = start(up=False, SHUTDOWN_DRAIN_SECONDS="0")
    ready = _handler_installed(server)
    time.sleep(delay)
    server.terminate()

    code, _ = server.finish(timeout=10)

    assert ready
    assert code == 0


def test_a_signal_to_the_whole_process_group_does_not_cut_the_drain(start: Start) -> None:
    server = start()
    worker = server.workers()[0]

    assert os.getpgid(worker) != os.getpgid(server.process.pid)


def test_a_dead_worker_ends_the_service_so_that_ecs_replaces_the_task(start: Start) -> None:
    server = start()
    os.kill(server.workers()[0], signal.SIGKILL)

    code, _ = server.finish()

    assert code == 1


def test_the_request_id_makes_a_round_trip(start: Start) -> None:
    server = start(SHUTDOWN_DRAIN_SECONDS="0", APP_VERSION="1.2.3")
    kept = httpx.get(server.url, headers={"X-Request-Id": "abc-1", "X-Amzn-Trace-Id": "Root=1-2"})
    made = httpx.get(f"{server.url}/?token=hunter2")
    server.terminate()
    code, log = server.finish()

    access = [line for line in log if line["logger"] == "access" and line["path"] == "/"]
    assert code == 0
    assert kept.headers["X-Request-Id"] == "abc-1"
    assert [line["request_id"] for line in access] == ["abc-1", made.headers["X-Request-Id"]]
    assert access[0]["trace_id"] == "Root=1-2"
    assert log[0]["message"] == f"version 1.2.3 listens on port {server.port}"
    assert "hunter2" not in str(log)


def test_a_wrong_environment_ends_with_one_line_that_says_so(start: Start) -> None:
    server = start(up=False, LOG_LEVEL="loud", SHUTDOWN_DRAIN_SECONDS="x")

    code, log = server.finish()

    assert code == 2
    assert len(log) == 1
    assert log[0]["level"] == "critical"
    assert "LOG_LEVEL='loud'" in log[0]["message"]
    assert "SHUTDOWN_DRAIN_SECONDS='x'" in log[0]["message"]


def test_a_port_in_use_ends_with_one_line_that_names_it(start: Start) -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))  # noqa: S104 - the address the service wants
        other.listen()
        port = other.getsockname()[1]
        server = start(up=False, PORT=str(port))
        code, log = server.finish()

    assert code == 1
    assert [line["level"] for line in log] == ["critical"]
    assert log[0]["message"].startswith(f"cannot listen on port {port}: ")
    assert "Address already in use" in log[0]["message"]


def _handler_installed(server: ServerProcess) -> bool:
    """Wait until the process catches SIGTERM, which Python itself does not from its first moment."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))
        if caught >> (signal.SIGTERM - 1) & 1:
            return True
        time.sleep(0.001)
    return False
