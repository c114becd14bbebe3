"""One port for everything: the first request's host decides whether a connection is a load balancer's or the API's."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localcloud.emulator.alb.balancing import Balancing
from localcloud.emulator.alb.client_connection import ClientConnection

MAX_HEAD_BYTES = 64 * 1024


def front_protocol(balancing: Balancing) -> type[asyncio.Protocol]:
    """The protocol class uvicorn makes for every connection."""

    class Front(asyncio.Protocol):
        """Reads until the host is known, then hands the connection over for good.

        A connection belongs to one host: clients open another one for another name.
        """

        def __init__(self, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> None:
            self._made = (config, server_state, app_state, _loop)
            self._transport: asyncio.Transport | None = None
            self._received = bytearray()

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

        def data_received(self, data: bytes) -> None:
            self._received += data
            if not self._received[:1].isalpha():
                # A TLS handshake: Docker tries that first and asks in plain HTTP once it is refused.
                self._close()
                return
            end = self._received.find(b"\r\n\r\n")
            if end < 0 and len(self._received) < MAX_HEAD_BYTES:
                return
            host = host_of(bytes(self._received[: end if end >= 0 else MAX_HEAD_BYTES]))
            destination = balancing.routes.destination(host) if host else None
            config, server_state, app_state, loop = self._made
            chosen: asyncio.Protocol
            if destination is None:
                chosen = HttpToolsProtocol(config, server_state, app_state, loop)
            else:
                chosen = ClientConnection(balancing, server_state.connections)
            transport = self._transport
            if transport is not None:
                transport.set_protocol(chosen)
                chosen.connection_made(transport)
                chosen.data_received(bytes(self._received))

        def _close(self) -> None:
            if self._transport is not None:
                self._transport.close()

    return Front


def host_of(head: bytes) -> str:
    """The Host field of a request head, or an empty string."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"host":
            return value.strip().decode("latin-1")
    return ""
