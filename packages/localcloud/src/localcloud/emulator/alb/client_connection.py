"""Connections from clients to a load balancer: requests in, one after the other, and responses out."""

import asyncio
import logging
from collections import deque
from typing import Any, cast

from localcloud.emulator.alb.balancer_settings import DEFAULT, BalancerSettings
from localcloud.emulator.alb.balancing import Balancing
from localcloud.emulator.alb.exchange import Exchange
from localcloud.emulator.alb.messages import RequestHead, error_page, own_response
from localcloud.emulator.alb.request_reader import RequestReader, RequestRefused
from localcloud.emulator.alb.routing import Listener

logger = logging.getLogger(__name__)
# The idle timeout may be changed while a connection idles; no change waits longer than this.
LONGEST_LOOK_SECONDS = 30.0


class ClientConnection(asyncio.Protocol):
    """One client's connection; pipelined requests wait for their turn.

    Args:
        balancing: What every request needs.
        connections: The server's open connections.
        host: The first request's Host field: whose load balancer's attributes hold for the connection.
    """

    def __init__(self, balancing: Balancing, connections: set[Any], host: str) -> None:
        self._balancing = balancing
        self._connections = connections
        self._host = host
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader(self, self.settings)
        self._receiving: Exchange | None = None
        self._waiting: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._driver: asyncio.Task[None] | None = None
        self._turn: asyncio.Future[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._began = self._active = self._loop.time()
        self._refusal = 0
        self._closing = False
        self.client = ""
        self.client_port = 0

    # -- asyncio.Protocol -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        address, port = (transport.get_extra_info("peername") or ("127.0.0.1", 0))[:2]
        self.client, self.client_port = str(address), int(port)
        self._connections.add(self)
        self._driver = self._loop.create_task(self._drive())
        self._look()

    def data_received(self, data: bytes) -> None:
        """Part of a request, or of what follows an upgrade."""
        self._active = self._loop.time()
        if self._current is not None and self._current.upgrading:
            self._current.client_data(data)
            return
        if self._refusal:
            return
        try:
            self._reader.feed(data)
        except RequestRefused as refused:
            self._refuse(refused.status)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client went away; whatever is in flight for it is given up."""
        self._connections.discard(self)
        self._closing = True
        if self._watch is not None:
            self._watch.cancel()
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

    # -- the reader's sink ------------------------------------------------------------------------------------

    def request_begins(self, head: RequestHead) -> None:
        """The request waits for its turn, its body follows."""
        if self._active - self._began > self.settings().client_keep_alive:
            # "HTTP client keepalive duration": one more request, whose response closes the connection.
            head.keep_alive = False
        exchange = Exchange(self._balancing, self, head)
        self._receiving = exchange
        self._waiting.append(exchange)
        if self._current is None and (head.get(b"expect") or b"").lower() == b"100-continue":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._waiting) > 1:
            self.pause_client()
        self._wake()

    def request_data(self, data: bytes) -> None:
        """A piece of the body."""
        if self._receiving is not None:
            self._receiving.body_data(data)

    def request_ends(self) -> None:
        """The request is complete."""
        if self._receiving is not None:
            self._receiving.body_ends()
            self._receiving = None

    def request_upgrades(self, rest: bytes) -> None:
        """What follows is the target's business once it agrees."""
        self._waiting[-1].client_data(rest)

    # -- for the exchange -------------------------------------------------------------------------------------

    def settings(self) -> BalancerSettings:
        """The load balancer's attributes as they are now."""
        listener = self._listener()
        return DEFAULT if listener is None else listener.settings

    def write(self, data: bytes) -> None:
        """Send to the client."""
        self._active = self._loop.time()
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
                if self._refusal:
                    self._answer_refusal()
                    break
                self._turn = self._loop.create_future()
                await self._turn
                continue
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
        self._close()

    def _wake(self) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _refuse(self, status: int) -> None:
        """Answer with an error when the requests before it have been answered, and read no more."""
        self._refusal = status
        if self._receiving is not None:
            # Its head was fine, its body is not.
            self._receiving.client_breaks(status)
            self._receiving = None
        self._wake()

    def _answer_refusal(self) -> None:
        status = self._refusal
        listener = self._listener()
        if listener is not None:
            self._balancing.traffic.own_response(listener.balancer, None, status)
        self.write(own_response(status, error_page(status), [], close=True, head_only=False))

    def _listener(self) -> Listener | None:
        destination = self._balancing.routes.destination(self._host)
        return None if destination is None else destination.listener

    # -- idle timeout -----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Act on the idle timeout; one timer per connection, not one per byte."""
        left = self._active + self.settings().idle_timeout - self._loop.time()
        if left > 0.001:
            self._watch = self._loop.call_later(min(left, LONGEST_LOOK_SECONDS), self._look)
            return
        if self._current is not None:
            self._current.idles()
        elif self._reader.head_begun:
            # Troubleshooting guide, 408: "The client did not send data before the idle timeout period expired."
            self._refuse(408)
        else:
            self._close()
        self._watch = self._loop.call_later(1.0, self._look)
