"""One port for everything: the first request's host decides whether a connection is a load balancer's or the API's."""

import asyncio
import re
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localcloud.emulator.alb.balancing import Balancing
from localcloud.emulator.alb.client_connection import ClientConnection

MAX_HEAD_BYTES = 64 * 1024
# How long a client may take to say whom it wants: a load balancer's idle timeout.
PATIENCE_SECONDS = 60.0
_HEAD_END = re.compile(rb"\n\r?\n")


class Front(asyncio.Protocol):
    """Reads until the host is known, then hands the connection over for good.

    A connection belongs to one host: clients open another one for another name.
    """

    balancing: Balancing

    def __init__(self, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> None:
        self._made = (config, server_state, app_state, _loop)
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._close)

    def connection_lost(self, _exc: Exception | None) -> None:
        """They left before they said whom they want."""
        if self._patience is not None:
            self._patience.cancel()

    def data_received(self, data: bytes) -> None:
        """Part of the first request."""
        self._received += data
        if not self._received[:1].isalpha():
            # A TLS handshake: Docker tries that first and asks in plain HTTP once it is refused.
            self._close()
            return
        head, complete = head_of(self._received)
        host = host_of(head)
        # Once the host is known the load balancer waits for the rest, with its limits and its idle timeout.
        if host or complete or len(self._received) >= MAX_HEAD_BYTES:
            self._hand_over(host)

    def _hand_over(self, host: str) -> None:
        if self._patience is not None:
            self._patience.cancel()
        destination = self.balancing.routes.destination(host) if host else None
        config, server_state, app_state, loop = self._made
        chosen: asyncio.Protocol
        if destination is None:
            chosen = HttpToolsProtocol(config, server_state, app_state, loop)
        else:
            chosen = ClientConnection(self.balancing, server_state.connections, host)
        if self._transport is not None:
            self._transport.set_protocol(chosen)
            chosen.connection_made(self._transport)
            chosen.data_received(bytes(self._received))

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def front_protocol(balancing: Balancing) -> type[asyncio.Protocol]:
    """The protocol class uvicorn makes for every connection."""
    return type("BoundFront", (Front,), {"balancing": balancing})


def head_of(received: bytes | bytearray) -> tuple[bytes, bool]:
    """The complete lines of a request head, and whether they are all."""
    end = _HEAD_END.search(received)
    if end is not None:
        return bytes(received[: end.start() + 1]), True
    return bytes(received[: received.rfind(b"\n") + 1]), False


def host_of(head: bytes) -> str:
    """The Host field of a request head, or an empty string."""
    for line in head.split(b"\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"host":
            return value.strip().decode("latin-1")
    return ""
