"""Connections from clients to a load balancer: requests in, one after the other, and responses out."""

import asyncio
import logging
from collections import deque
from typing import Any, cast

import httptools

from localcloud.emulator.alb.balancing import Balancing
from localcloud.emulator.alb.exchange import Exchange
from localcloud.emulator.alb.messages import RequestHead, error_page, own_response

logger = logging.getLogger(__name__)
KEEP_ALIVE_SECONDS = 60.0


class ClientConnection(asyncio.Protocol):
    """One client's connection; pipelined requests wait for their turn."""

    def __init__(self, balancing: Balancing, connections: set[Any]) -> None:
        self._balancing = balancing
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._head = RequestHead()
        self._receiving: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._driver: asyncio.Task[None] | None = None
        self._turn: asyncio.Future[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._closing = False
        self.client = ""

    # -- asyncio.Protocol -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self.client = str((transport.get_extra_info("peername") or ("127.0.0.1",))[0])
        self._connections.add(self)
        self._driver = asyncio.get_running_loop().create_task(self._drive())

    def data_received(self, data: bytes) -> None:
        """Part of a request, or of what follows an upgrade."""
        if self._current is not None and self._current.tunnel is not None:
            self._current.tunnel.write(data)
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._after_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client went away; whatever is in flight for it is given up."""
        self._connections.discard(self)
        self._closing = True
        if self._idle is not None:
            self._idle.cancel()
        if self._current is not None:
            self._current.client_left()
        if self._driver is not None:
            self._driver.cancel()

    def pause_writing(self) -> None:
        """The client reads slower than its target sends."""
        if self._current is not None:
            self._current.pause_target()

    def resume_writing(self) -> None:
        """It caught up."""
        if self._current is not None:
            self._current.resume_target()

    def shutdown(self) -> None:
        """The server ends: finish the request in flight, take no other."""
        self._closing = True
        if self._current is None and self._transport is not None:
            self._transport.close()

    # -- httptools --------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head = RequestHead()
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def on_url(self, url: bytes) -> None:
        """The request target, possibly in pieces."""
        self._head.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field."""
        self._head.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete: the request waits for its turn, its body follows."""
        head, parser = self._head, self._parser
        head.method = parser.get_method()
        head.keep_alive = parser.should_keep_alive()
        head.http_1_0 = parser.get_http_version() == "1.0"
        head.chunked = b"chunked" in (head.get(b"transfer-encoding") or b"").lower()
        head.websocket = parser.should_upgrade() and (head.get(b"upgrade") or b"").lower() == b"websocket"
        exchange = Exchange(self._balancing, self, head)
        self._receiving = exchange
        self._waiting.append(exchange)
        if (head.get(b"expect") or b"").lower() == b"100-continue" and self._current is None:
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._waiting) > 1:
            self.pause_client()
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._receiving is not None:
            self._receiving.body_data(data)

    def on_message_complete(self) -> None:
        """The request is complete."""
        if self._receiving is not None:
            self._receiving.body_ends()
            self._receiving = None

    # -- for the exchange -------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send to the client."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def pause_client(self) -> None:
        """Take no more from the client for now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_client(self) -> None:
        """Take more."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def abort(self) -> None:
        """Cut the connection: the only way to say that a response is incomplete."""
        if self._transport is not None:
            self._transport.abort()

    # -- one request after the other --------------------------------------------------------------------------

    async def _drive(self) -> None:
        while not self._closing:
            if not self._waiting:
                self._turn = asyncio.get_running_loop().create_future()
                await self._turn
            exchange = self._current = self._waiting.popleft()
            try:
                await exchange.serve()
            except Exception:
                logger.exception(
                    "%s %s", exchange.head.method.decode(), exchange.head.target.decode("latin-1")
                )
                self.abort()
                return
            finally:
                self._current = None
            if not exchange.keeps_connection or self._closing:
                break
            if not self._waiting:
                self.resume_client()
                self._idle = asyncio.get_running_loop().call_later(KEEP_ALIVE_SECONDS, self._close)
        self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _after_upgrade(self, rest: bytes) -> None:
        """The parser stops at an upgrade; what is not a WebSocket is an ordinary request (ALB ignores h2c)."""
        exchange = self._receiving
        self._receiving = None
        if exchange is None:
            return
        exchange.body_ends()
        if exchange.head.websocket:
            exchange.early_data = rest
            return
        self._parser = httptools.HttpRequestParser(self)
        if rest:
            self.data_received(rest)

    def _refuse(self, status: int) -> None:
        self.write(own_response(status, error_page(status), [], close=True, head_only=False))
        self._close()
