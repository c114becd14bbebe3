"""Load: only on this machine, bounded, and counted truly."""

import http.server
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.errors import LocalCloudError
from localcloud.load import Plan, percentile, run
from localcloud.loopback import is_loopback


class _Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hosts: list[str]

    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["Host"])  # type: ignore[attr-defined]  # set by the fixture
        self.send_response(503 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[http.server.ThreadingHTTPServer]:
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    made.hosts = []  # type: ignore[attr-defined]  # for the handler
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_exactly_so_many_requests_are_sent_to_this_machine(server: http.server.ThreadingHTTPServer) -> None:
    port = server.server_address[1]
    plan = Plan(url=f"http://web.alb.localhost:{port}/x", clients=3, seconds=20, requests=50)
    tally = run(plan, report=lambda _line: None)
    assert (tally.codes, tally.failed) == ({200: 50}, 0)
    hosts: list[str] = server.hosts  # type: ignore[attr-defined]  # set by the fixture
    assert hosts == [f"web.alb.localhost:{port}"] * 50
    assert tally.summary().startswith("50 responses in ")


def test_ended_by_hand_it_still_tells_what_came_back(server: http.server.ThreadingHTTPServer) -> None:
    url = f"http://localhost:{server.server_address[1]}/"
    command = [sys.executable, "-m", "localcloud", "load", url, "--seconds", "60", "--clients", "2"]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert running.stdout is not None
    said = running.stdout.readline()
    while not server.hosts:  # type: ignore[attr-defined]  # set by the fixture
        time.sleep(0.05)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=20)

    assert said.strip() == f"2 clients ask {url} for 60 s; Ctrl-C ends it"
    assert " times 200" in rest
    assert "Traceback" not in rest
    assert running.returncode == 0


def test_failures_are_counted(server: http.server.ThreadingHTTPServer) -> None:
    port = server.server_address[1]
    broken = run(Plan(url=f"http://localhost:{port}/broken", clients=1, requests=4), report=print)
    assert broken.failed == 4
    server.shutdown()
    server.server_close()
    refused = run(Plan(url=f"http://localhost:{port}/", clients=1, requests=3), report=print)
    assert refused.failures == {"ConnectError": 3}


def test_it_ends_in_time(server: http.server.ThreadingHTTPServer) -> None:
    lines: list[str] = []
    tally = run(Plan(url=f"http://127.0.0.1:{server.server_address[1]}/", seconds=2.5), report=lines.append)
    assert tally.seconds < 5
    assert len(lines) == 2, "the plan, and one line about two seconds"
    assert "0 failed" in lines[1]


@pytest.mark.parametrize(
    "plan",
    [
        Plan(url="http://example.com/"),
        Plan(url="http://localhost.example.com/"),
        Plan(url="http://192.0.2.1/"),
        Plan(url="nothing"),
        Plan(url="http://localhost/", clients=0),
        Plan(url="http://localhost/", seconds=0),
        Plan(url="http://localhost/", seconds=10_000),
    ],
)
def test_what_is_refused(plan: Plan) -> None:
    with pytest.raises(LocalCloudError):
        run(plan, report=print)


@pytest.mark.parametrize("host", ["localhost", "web.alb.localhost", "127.0.0.1", "127.8.0.1", "::1"])
def test_what_can_only_be_this_machine(host: str) -> None:
    assert is_loopback(host)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(1, 100))
def test_so_many_percent_of_the_values_are_not_above_a_percentile(values: list[float], part: float) -> None:
    found = percentile(values, part)
    assert found in values
    assert sum(value <= found for value in values) >= len(values) * part / 100 - 1e-9
