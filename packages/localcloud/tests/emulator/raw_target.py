"""A target that answers with given bytes and keeps what it was sent, byte for byte."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from packages.localcloud.tests.emulator.balancer import Balancer
from packages.localcloud.tests.emulator.stage import eventually

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Answer = bytes | Callable[[socket.socket], None]


class RawTarget:
    """Serves connections until its socket is closed.

    Args:
        answer: What to send when something has arrived and nothing more does for a moment, or what to do then.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.received: list[bytes] = []
        self.connections: list[int] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while data := self._read(connection):
                if data.startswith(b"GET /health "):
                    connection.sendall(OK)
                    continue
                self.connections.append(connection.getpeername()[1])
                self.received.append(data)
                if callable(self.answer):
                    self.answer(connection)
                    return
                connection.sendall(self.answer)

    @staticmethod
    def _read(connection: socket.socket) -> bytes:
        """A request: its head, and the rest of what arrives within 50 ms."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        connection.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            while piece := connection.recv(65536):
                data += piece
        connection.settimeout(None)
        return data


@contextmanager
def raw_target(web: Balancer, answer: Answer = OK) -> Iterator[RawTarget]:
    """Register one, healthy, until the test is over."""
    target = RawTarget(answer)
    entry = [{"Id": "127.0.0.1", "Port": target.port}]
    web.elb.register_targets(TargetGroupArn=web.group, Targets=entry)

    def healthy() -> bool:
        described = web.elb.describe_target_health(TargetGroupArn=web.group)["TargetHealthDescriptions"]
        return [item["TargetHealth"]["State"] for item in described] == ["healthy"]

    eventually(healthy, pause=0.02)
    try:
        yield target
    finally:
        target.close()


def hold(connection: socket.socket) -> None:
    """Say nothing."""
    time.sleep(10)
    connection.close()
