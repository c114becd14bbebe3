"""One request through a load balancer: its rule's action, its target, its response."""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from localcloud.emulator.alb import wire
from localcloud.emulator.alb.balancing import Balancing, by_weight
from localcloud.emulator.alb.messages import (
    IDEMPOTENT,
    Headers,
    RequestHead,
    error_page,
    own_response,
    request_head,
    response_head,
)
from localcloud.emulator.alb.redirects import location
from localcloud.emulator.alb.registry import Target
from localcloud.emulator.alb.request_body import RequestBody
from localcloud.emulator.alb.routing import Listener, Request
from localcloud.emulator.alb.upstream_connection import TargetConnection

if TYPE_CHECKING:
    from localcloud.emulator.alb.client_connection import ClientConnection

RESPONSE_SECONDS = 60.0


class Exchange:
    """Serves one request; the sink of its target's response."""

    def __init__(self, balancing: Balancing, client: "ClientConnection", head: RequestHead) -> None:
        self.head = head
        self.keeps_connection = head.keep_alive
        self.tunnel: TargetConnection | None = None
        self.early_data = b""
        self._balancing = balancing
        self._client = client
        self._target: TargetConnection | None = None
        self._body = RequestBody(chunked=head.chunked)
        self._output: list[bytes] = []
        self._chunked = False
        self._responding = False
        self._sent = 0.0
        self._listener: Listener | None = None
        self._group = ""
        self._outcome: asyncio.Future[str] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    # -- the request's body, from the client ------------------------------------------------------------------

    def body_data(self, data: bytes) -> None:
        """A piece of the body."""
        if not self._body.add(data, self._target):
            self._client.pause_client()

    def body_ends(self) -> None:
        """The body is complete."""
        self._body.end(self._target)

    # -- the request's way ------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Find the rule and do what it says."""
        host = (self.head.get(b"host") or b"").decode("latin-1")
        destination = self._balancing.routes.destination(host)
        if destination is None or destination.listener is None:
            self._answer(503)
            return
        listener = self._listener = destination.listener
        path, _, query = self.head.target.decode("latin-1").partition("?")
        request = Request(
            method=self.head.method.decode(),
            host=destination.host,
            path=path,
            query=query,
            headers=self._fields(listener),
            client=self._client.client,
        )
        rule = listener.rule_for(request)
        if rule is None or not rule.actions:
            self._answer(502)
            return
        await self._act(rule.actions[-1], request, host)

    def _fields(self, listener: Listener) -> Mapping[str, str]:
        """Header fields as text; only rules on fields look at them."""
        if all(not rule.tests for rule in listener.rules):
            return {}
        fields: dict[str, str] = {}
        for name, value in self.head.headers:
            key, text = name.decode("latin-1"), value.decode("latin-1")
            fields[key] = f"{fields[key]}, {text}" if key in fields else text
        return fields

    async def _act(self, action: Mapping[str, Any], request: Request, host: str) -> None:
        listener = self._listener
        assert listener is not None  # noqa: S101  set by the only caller
        traffic = self._balancing.traffic
        if action["Type"] == "forward":
            self._group = by_weight(wire.target_groups_of(action))
            traffic.request(listener.balancer, self._group or None)
            # The client's own Host, port included: what the application makes links from.
            own = host.partition(":")[0].lower().rstrip(".")
            await self._forward(listener, host if own == request.host else request.host)
            return
        traffic.request(listener.balancer, None)
        if action["Type"] == "redirect":
            status, target = location(action["RedirectConfig"], request, listener, host, self._balancing)
            self._answer(status, body=b"", headers=[(b"Location", target.encode("latin-1"))])
        elif action["Type"] == "fixed-response":
            fixed = action["FixedResponseConfig"]
            self._answer(
                int(fixed["StatusCode"]),
                body=str(fixed.get("MessageBody") or "").encode(),
                content_type=str(fixed.get("ContentType") or "text/plain").encode(),
            )
        else:
            text = f"The local cloud does not emulate the listener action {action['Type']}.\n".encode()
            self._answer(501, body=text, content_type=b"text/plain")

    async def _forward(self, listener: Listener, host: str) -> None:
        balancing = self._balancing
        target = balancing.registry.choose(self._group) if self._group else None
        if target is None:
            self._answer(503)
            return
        target.begin()
        try:
            request = request_head(
                self.head,
                client=self._client.client,
                protocol=listener.protocol,
                port=listener.port,
                host=host,
            )
            outcome = await self._attempt(target, request, fresh=False)
            if outcome == "stale":
                outcome = await self._attempt(target, request, fresh=True)
            if outcome in {"stale", "refused", "broken"}:
                balancing.traffic.connection_error(listener.balancer, self._group)
                self._answer(502)
            elif outcome == "timeout":
                self._answer(504)
        finally:
            target.finish()

    async def _attempt(self, target: Target, request: bytes, *, fresh: bool) -> str:
        """Send the request once; returns done, left, cut, stale, refused, broken or timeout."""
        pool = self._balancing.pool
        try:
            connection = await pool.connect(target, fresh=fresh)
        except TimeoutError:
            return "timeout"
        except OSError:
            return "refused"
        loop = asyncio.get_running_loop()
        self._outcome = loop.create_future()
        self._target = connection
        self._sent = time.perf_counter()
        self._deadline = loop.call_later(RESPONSE_SECONDS, self._finish, "timeout")
        connection.exchange(self, request + self._body.so_far(), head_only=self.head.method == b"HEAD")
        self._client.resume_client()
        try:
            outcome = await self._outcome
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            self._deadline.cancel()
            self._target = None
        if outcome == "done" and self._body.complete:
            pool.give_back(target, connection)
        else:
            connection.abort()
        if outcome == "broken" and connection.reused and self._body.repeatable():
            # A connection that idled too long closes under the next request, which was never looked at.
            return "stale" if self.head.method in IDEMPOTENT else outcome
        if outcome == "done" and not self._body.complete:
            # The target answered before it had read the request; the rest of it cannot be skipped.
            self.keeps_connection = False
        return outcome

    def _finish(self, outcome: str) -> None:
        if self._outcome is not None and not self._outcome.done():
            if outcome == "timeout" and self._responding:
                outcome = "cut"
                self._client.abort()
            self._outcome.set_result(outcome)

    def _answer(
        self,
        status: int,
        *,
        body: bytes | None = None,
        headers: Headers | None = None,
        content_type: bytes = b"text/html",
    ) -> None:
        """A response of the load balancer itself."""
        if self._listener is not None:
            self._balancing.traffic.own_response(self._listener.balancer, self._group or None, status)
        if not self._body.complete:
            self.keeps_connection = False
        self._client.write(
            own_response(
                status,
                error_page(status) if body is None else body,
                headers or [],
                close=not self.keeps_connection,
                head_only=self.head.method == b"HEAD",
                content_type=content_type,
            )
        )

    # -- the response, from the target ------------------------------------------------------------------------

    def response_begins(self, status: int, reason: bytes, headers: Headers, *, length_known: bool) -> None:
        """Pass status and fields on; a body without a length goes in chunks, or ends with the connection."""
        self._responding = True
        if self._listener is not None:
            seconds = time.perf_counter() - self._sent
            self._balancing.traffic.response(self._listener.balancer, self._group, status, seconds)
        upgrade = status == 101
        if not length_known:
            self._chunked = not self.head.http_1_0
            self.keeps_connection = self.keeps_connection and self._chunked
        self._output.append(
            response_head(
                status,
                reason,
                headers,
                chunked=self._chunked,
                close=not self.keeps_connection and not upgrade,
                upgrade=upgrade,
            )
        )
        if upgrade and self._target is not None:
            self.keeps_connection = False
            self.tunnel = self._target
            if self._deadline is not None:
                self._deadline.cancel()
            if self.early_data:
                self._target.write(self.early_data)

    def response_data(self, data: bytes) -> None:
        """Pass a piece of the body on."""
        self._output.append(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def flush(self) -> None:
        """Send what arrived together in one piece."""
        if self._output:
            self._client.write(b"".join(self._output))
            self._output.clear()
            if self._deadline is not None and self.tunnel is None and self._outcome is not None:
                self._deadline.cancel()
                self._deadline = asyncio.get_running_loop().call_later(
                    RESPONSE_SECONDS, self._finish, "timeout"
                )

    def response_ends(self) -> None:
        """The body is complete."""
        if self._chunked:
            self._client.write(b"0\r\n\r\n")
        self._finish("done")

    def response_breaks(self, *, before_first_byte: bool) -> None:
        """The target closed early: an error page if nothing was passed on, else a cut connection."""
        if self._responding:
            self.flush()
            self._client.abort()
            self._finish("cut")
        else:
            self._finish("broken" if before_first_byte else "refused")

    def raw_data(self, data: bytes) -> None:
        """Pass on a piece of what the connection was upgraded to."""
        self._client.write(data)

    def pause(self) -> None:
        """The target is slower than the client."""
        self._client.pause_client()

    def resume(self) -> None:
        """The target takes data again."""
        self._client.resume_client()

    def pause_target(self) -> None:
        """The client is slower than the target."""
        if self._target is not None:
            self._target.pause_reading()

    def resume_target(self) -> None:
        """The client takes data again."""
        if self._target is not None:
            self._target.resume_reading()

    def client_left(self) -> None:
        """Nobody waits for the response any more."""
        if self._target is not None:
            self._target.abort()
        self._finish("left")
