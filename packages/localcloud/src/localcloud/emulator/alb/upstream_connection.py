"""Connections from the load balancer to targets, kept open and used again."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, cast

import httptools

from localcloud.emulator.alb.addresses import reach
from localcloud.emulator.alb.messages import Headers
from localcloud.emulator.alb.registry import Target

# Troubleshooting guide, 504: "the connection timeout expired (10 seconds)"; 502: "The target response header exceeded
# 32 K for the entire response header".
CONNECT_SECONDS = 10.0
MAX_HEAD_BYTES = 32 * 1024
MAX_IDLE_PER_TARGET = 64


class Sink(Protocol):
    """Who gets a target's response."""

    def response_begins(self, status: int, reason: bytes, headers: Headers, *, length_known: bool) -> None:
        """Status and fields are complete."""

    def response_data(self, data: bytes) -> None:
        """A piece of the body."""

    def response_ends(self) -> None:
        """The body is complete."""

    def response_breaks(self) -> None:
        """The target closed the connection too early, or what it sent is no response."""

    def flush(self) -> None:
        """Everything that arrived together has been handed over."""

    def raw_data(self, data: bytes) -> None:
        """A piece of a protocol the connection was upgraded to."""

    def pause(self) -> None:
        """The target is slower than the client: send no more for now."""

    def resume(self) -> None:
        """Go on."""


class TargetConnection(asyncio.Protocol):
    """One connection to one target; serves one request at a time."""

    def __init__(self, closed: Callable[["TargetConnection"], None]) -> None:
        self._closed = closed
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._sink: Sink | None = None
        self._headers: Headers = []
        self._reason = b""
        self._head_only = False
        self._upgrade = False
        self._in_head = True
        self._head_bytes = 0
        self._until_close = False
        self._done = False
        self.tunnel = False
        self.reusable = False
        self.idle_since = 0.0

    # -- for the one who sends --------------------------------------------------------------------------------

    def exchange(self, sink: Sink, request: bytes, *, head_only: bool, upgrade: bool) -> None:
        """Send a request and hand its response to the sink.

        Args:
            sink: Gets the response.
            request: The head and what is there of the body.
            head_only: The response has no body whatever its fields say.
            upgrade: The target may answer 101.
        """
        self._sink, self._head_only, self._upgrade = sink, head_only, upgrade
        self._until_close = self._done = self.reusable = False
        self._in_head, self._head_bytes = True, 0
        self._parser = httptools.HttpResponseParser(self)
        self.write(request)

    def write(self, data: bytes) -> None:
        """Send more of the request."""
        if self._transport is not None:
            self._transport.write(data)

    @property
    def open(self) -> bool:
        """Whether the connection can still be used."""
        return self._transport is not None and not self._transport.is_closing()

    def pause_reading(self) -> None:
        """The client is slower than the target."""
        if self.open and self._transport is not None:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """The client takes data again."""
        if self.open and self._transport is not None:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close, whatever is in flight."""
        self._sink = None
        if self._transport is not None:
            self._transport.abort()

    def release(self) -> None:
        """The response was taken; the connection waits for the next request."""
        self._sink = None
        self.idle_since = time.monotonic()

    # -- asyncio.Protocol -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The target accepted."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        """Part of the response, or of what follows an upgrade."""
        sink = self._sink
        if sink is None:
            # A target that speaks without being asked is not one to ask again.
            self.abort()
            return
        if self.tunnel:
            sink.raw_data(data)
            return
        rest = self._parse(data)
        if self._sink is None:
            return
        sink.flush()
        if rest:
            sink.raw_data(rest)
        if self._done:
            sink.response_ends()

    def _parse(self, data: bytes) -> bytes:
        """Read part of the response; returns what follows it once the target has agreed to another protocol."""
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            if self._upgrade and not self._done:
                self.tunnel = True
                return data[upgrade.args[0] :]
            # Nobody asked for another protocol.
            self._fail()
        except httptools.HttpParserError:
            if not self._done:
                self._fail()
            # What stands behind a whole response is nobody's: it was not asked for.
            self.reusable = False
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._fail()
        return b""

    def connection_lost(self, exc: Exception | None) -> None:
        """The target closed, which ends a response without a length and breaks any other."""
        self._closed(self)
        sink, self._transport = self._sink, None
        if sink is None or self._done:
            return
        if self._until_close and exc is None:
            self._done = True
            sink.response_ends()
        else:
            self._fail()

    def pause_writing(self) -> None:
        """The target takes the request slower than the client sends it."""
        if self._sink is not None:
            self._sink.pause()

    def resume_writing(self) -> None:
        """It caught up."""
        if self._sink is not None:
            self._sink.resume()

    def _fail(self) -> None:
        sink, self._sink = self._sink, None
        if self._transport is not None:
            self._transport.abort()
        if sink is not None and not self._done:
            self._done = True
            sink.response_breaks()

    # -- httptools --------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A response begins; after an interim one the final one does. A second one was not asked for."""
        if self._done:
            self.reusable = False
            return
        self._headers = []
        self._reason = b""
        self._in_head = True

    def on_status(self, reason: bytes) -> None:
        """The reason phrase, possibly in pieces."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; those behind the body (trailers) are not passed on."""
        if self._in_head and not self._done:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Status and fields are complete."""
        status = self._parser.get_status_code()
        if self._sink is None or self._done or (100 <= status < 200 and status != 101):
            return
        self._in_head = False
        if status == 101 and not self._upgrade:
            return
        if sum(len(name) + len(value) + 4 for name, value in self._headers) > MAX_HEAD_BYTES:
            self._in_head, self._head_bytes = True, MAX_HEAD_BYTES + 1
            return
        names = {name.lower() for name, _ in self._headers}
        length_known = b"content-length" in names
        chunked = b"transfer-encoding" in names
        bodiless = self._head_only or status in {204, 304} or status == 101
        self._until_close = not (length_known or chunked or bodiless)
        self._sink.response_begins(status, self._reason, self._headers, length_known=length_known or bodiless)
        if self._head_only:
            # The parser does not know that a response to HEAD has no body; this connection is not used again.
            self._done = True
            self.reusable = False

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._sink is not None and not self._done:
            self._sink.response_data(data)

    def on_message_complete(self) -> None:
        """The body is complete."""
        if self._done or self._in_head or 100 <= self._parser.get_status_code() < 200:
            return
        self._done = True
        self.reusable = bool(self._parser.should_keep_alive()) and not self._until_close


class Pool:
    """Idle connections by target."""

    def __init__(self) -> None:
        self._idle: dict[Target, deque[TargetConnection]] = {}

    async def connect(self, target: Target, idle_timeout: float) -> TargetConnection:
        """An open connection to a target, used before or new.

        Args:
            target: Whom to reach.
            idle_timeout: Seconds after which the load balancer closes a connection that nobody uses.

        Raises:
            OSError: The target refuses.
            TimeoutError: The target does not answer within 10 s.
        """
        idle = self._idle.get(target)
        oldest = time.monotonic() - idle_timeout
        while idle:
            connection = idle.pop()
            if connection.open and connection.idle_since > oldest:
                return connection
            connection.abort()
        loop = asyncio.get_running_loop()
        address, port = reach(target.id, target.port)
        making = loop.create_connection(lambda: TargetConnection(self._forget), address, port)
        _, connection = await asyncio.wait_for(making, timeout=CONNECT_SECONDS)
        return connection

    def give_back(self, target: Target, connection: TargetConnection, idle_timeout: float) -> None:
        """Keep a connection for the next request, unless its target is leaving or there are enough."""
        if not connection.reusable or not connection.open or target.state == "draining":
            connection.abort()
            return
        connection.release()
        idle = self._idle.setdefault(target, deque())
        idle.append(connection)
        oldest = connection.idle_since - idle_timeout
        while len(idle) > MAX_IDLE_PER_TARGET or idle[0].idle_since < oldest:
            idle.popleft().abort()

    def drop(self, target: Target) -> None:
        """Close the idle connections to a target that leaves."""
        for connection in self._idle.pop(target, deque()):
            connection.abort()

    def _forget(self, connection: TargetConnection) -> None:
        for idle in self._idle.values():
            if connection in idle:
                idle.remove(connection)
                return
