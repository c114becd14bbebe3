"""A target for load balancers: a small HTTP server in the test's own process, which says what it was asked."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers by path; every answer to an unknown path describes the request."""

    protocol_version = "HTTP/1.1"
    server: "Target"

    def log_message(self, *_arguments: Any) -> None:
        """Be quiet."""

    def handle_one_request(self) -> None:
        super().handle_one_request()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _serve(self) -> None:
        body = self._body()
        path = self.path.partition("?")[0]
        if path == "/health":
            self._send(self.server.health, b"")
            return
        self.server.requests.append(self.path)
        special = getattr(self, f"answer_{path.strip('/')}", None)
        if special is not None:
            special(body)
            return
        described = {
            "target": self.server.name,
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": len(body),
            "connection": self.client_address[1],
        }
        self._send(200, json.dumps(described).encode(), Content_Type="application/json")

    # The names http.server calls.
    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def answer_slow(self, _body: bytes) -> None:
        time.sleep(1.0)
        self._send(200, b"slow")

    def answer_large(self, _body: bytes) -> None:
        self._send(200, b"x" * 5_000_000)

    def answer_echo(self, body: bytes) -> None:
        self._send(200, body)

    def answer_chunks(self, _body: bytes) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"one,", b"two,", b"three"):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def answer_untilclose(self, _body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"until the connection closes")
        self.close_connection = True

    def answer_cut(self, _body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only a part")
        self.close_connection = True

    def answer_drop(self, _body: bytes) -> None:
        self.close_connection = True

    def answer_cookies(self, _body: bytes) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Content-Length", "0")
        self.end_headers()


class Target(ThreadingHTTPServer):
    """One target; `health` is the status code of its health check."""

    daemon_threads = True

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name = name
        self.health = 200
        self.requests: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


@contextmanager
def target(name: str = "one") -> Iterator[Target]:
    """Serve until the test is over."""
    server = Target(name)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
