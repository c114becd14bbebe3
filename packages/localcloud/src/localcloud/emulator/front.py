"""One port for everything: the first request's host decides whether a connection is a load balancer's or the API's."""

import asyncio
import logging
import re
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localcloud.emulator.alb.balancing import Balancing
from localcloud.emulator.alb.client_connection import ClientConnection
from localcloud.emulator.guard import refusal_body
from localcloud.emulator.peers import Peers
from localcloud.loopback import is_loopback

MAX_HEAD_BYTES = 64 * 1024
# How long a client may take to say whom it wants: a load balancer's idle timeout.
PATIENCE_SECONDS = 60.0
logger = logging.getLogger(__name__)
_BRIDGE_BODY = refusal_body("at the Docker bridge a local cloud answers the containers of its own tasks only")
REFUSED_AT_BRIDGE = (
    b"HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b"
    % (len(_BRIDGE_BODY), _BRIDGE_BODY)
)
_HEAD_END = re.compile(rb"\n\r?\n")


class Front(asyncio.Protocol):
    """Reads until the host is known, then hands the connection over for good.

    A connection belongs to one host: clients open another one for another name.
    """

    balancing: Balancing
    peers: Peers

    def __init__(self, config: Any, server_state: Any, app_state: Any, _loop: Any = None) -> None:
        self._made = (config, server_state, app_state, _loop)
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._patience: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected; at the Docker bridge it is asked first who."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._close)
        if not is_loopback(_address(transport, "sockname")):
            self._asking = asyncio.get_running_loop().create_task(self._ask_who(self._transport))

    async def _ask_who(self, transport: asyncio.Transport) -> None:
        peer = _address(transport, "peername")
        if await self.peers.knows(peer):
            self._asking = None
            transport.resume_reading()
            if self._received:
                self.data_received(b"")
            return
        logger.info("%s asked at the Docker bridge, and is no container of this local cloud", peer)
        transport.write(REFUSED_AT_BRIDGE)
        transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """They left before they said whom they want."""
        if self._patience is not None:
            self._patience.cancel()

    def data_received(self, data: bytes) -> None:
        """Part of the first request."""
        self._received += data
        if self._asking is not None:
            # uvloop reads on from the start: what comes meanwhile is kept, and no more of it than a head.
            if self._transport is not None and len(self._received) > MAX_HEAD_BYTES:
                self._transport.pause_reading()
            return
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


def front_protocol(balancing: Balancing, peers: Peers) -> type[asyncio.Protocol]:
    """The protocol class uvicorn makes for every connection.

    Args:
        balancing: What load balancers answer with.
        peers: Who is answered at the Docker bridge.
    """
    return type("BoundFront", (Front,), {"balancing": balancing, "peers": peers})


def _address(transport: asyncio.BaseTransport, end: str) -> str:
    """The address of one end of a connection; of a Unix socket, which has none, this machine's."""
    found = transport.get_extra_info(end)
    return str(found[0]) if isinstance(found, tuple) and found else "127.0.0.1"


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
