"""One request through a load balancer: its rule's action, its target, its response."""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from localcloud.emulator.alb.actions import FixedResponse, Forward, ForwardGroup, NotEmulated, Redirect
from localcloud.emulator.alb.balancing import Balancing, by_weight
from localcloud.emulator.alb.conditions import Request
from localcloud.emulator.alb.messages import (
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
from localcloud.emulator.alb.routing import Listener, Rule
from localcloud.emulator.alb.stickiness import Visit
from localcloud.emulator.alb.upstream_connection import TargetConnection

if TYPE_CHECKING:
    from localcloud.emulator.alb.client_connection import ClientConnection

# How an exchange ends without a whole response, and what the client is told while nothing was sent to it yet.
# Source: Application Load Balancer guide, "The load balancer generates an HTTP error".
_STATUS_OF = {"refused": 502, "broken": 502, "interrupted": 502, "slow connect": 504, "slow response": 504}
# The client closed the connection before its response, or before it had sent its whole request.
_CLIENT_LEFT, _CLIENT_BROKE = 460, 400


class Exchange:
    """Serves one request; the sink of its target's response."""

    def __init__(self, balancing: Balancing, client: "ClientConnection", head: RequestHead) -> None:
        self.head = head
        self.keeps_connection = head.keep_alive
        # Asked for, and not refused yet: what the client sends is the target's business.
        self.upgrading = head.websocket
        self._balancing = balancing
        self._client = client
        self._target: TargetConnection | None = None
        self._body = RequestBody(chunked=head.chunked)
        self._early = b""
        self._tunnel = False
        self._output: list[bytes] = []
        self._chunked = False
        self._responding = False
        self._sent = 0.0
        self._listener: Listener | None = None
        self._group = ""
        self._sticky: tuple[Visit, Forward, ForwardGroup, Target] | None = None
        self._outcome: asyncio.Future[str] | None = None
        self._refusal = 0

    # -- from the client --------------------------------------------------------------------------------------

    def body_data(self, data: bytes) -> None:
        """A piece of the body."""
        if not self._body.add(data, self._target):
            self._client.pause_client()

    def body_ends(self) -> None:
        """The body is complete."""
        self._body.end(self._target)

    def client_data(self, data: bytes) -> None:
        """What follows a request to upgrade; it waits until the target has agreed."""
        if self._tunnel and self._target is not None:
            self._target.write(data)
            return
        self._early += data
        if self._early:
            self._client.pause_client()

    def client_breaks(self, status: int) -> None:
        """The rest of the body is not HTTP."""
        self._refusal = status
        self._finish("client broke")

    def client_left(self) -> None:
        """Nobody waits for the response any more."""
        if self._target is not None:
            self._target.abort()
        if not self._tunnel and self._listener is not None:
            code = _CLIENT_LEFT if self._body.complete else _CLIENT_BROKE
            self._balancing.traffic.own_response(self._listener.balancer, self._group or None, code)
        self._finish("left")

    def idles(self) -> None:
        """Nothing was sent or received for the load balancer's idle timeout."""
        if self._outcome is None:
            return  # connecting, which has its own limit
        if not self._body.complete and not self._responding:
            self.client_breaks(408)
        else:
            self._finish("slow response")

    def interrupt(self) -> None:
        """The target's deregistration delay is over."""
        self._finish("interrupted")

    # -- the request's way ------------------------------------------------------------------------------------

    async def serve(self) -> None:
        """Find the rule and do what it says."""
        if self._refusal:
            self._answer(self._refusal, close=True)
            return
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
        if rule is None or rule.action is None:
            self._answer(502)
            return
        await self._act(listener, rule, request, host)

    def _fields(self, listener: Listener) -> Mapping[str, list[str]]:
        """Header fields as text; only rules on fields look at them."""
        if all(not rule.tests for rule in listener.rules):
            return {}
        fields: dict[str, list[str]] = {}
        for name, value in self.head.headers:
            fields.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        return fields

    async def _act(self, listener: Listener, rule: Rule, request: Request, host: str) -> None:
        action, traffic = rule.action, self._balancing.traffic
        if isinstance(action, Forward):
            # The client's own Host, port included: what the application makes links from.
            own = host.partition(":")[0].lower().rstrip(".")
            await self._forward(listener, action, host if own == request.host else request.host)
            return
        traffic.request(listener.balancer, None)
        if isinstance(action, Redirect):
            status, target = location(action.configuration, request, listener, host, self._balancing)
            headers = [(b"Location", target.encode("latin-1", "replace"))] if target else []
            self._answer(status, body=b"" if target else None, headers=headers)
        elif isinstance(action, FixedResponse):
            self._answer(action.status, body=action.body, content_type=action.content_type)
        elif isinstance(action, NotEmulated):
            text = f"The local cloud does not emulate the listener action {action.type}.\n".encode()
            self._answer(501, body=text, content_type=b"text/plain")

    async def _forward(self, listener: Listener, forward: Forward, host: str) -> None:
        balancing = self._balancing
        visit = None
        if forward.sticky_seconds or any(group.stickiness for group in forward.groups):
            visit = Visit.of(balancing.seals, self.head.get(b"cookie"))
        group = visit.group(forward) if visit is not None and forward.sticky_seconds else None
        group = group or by_weight(forward.groups)
        self._group = group.arn if group is not None else ""
        balancing.traffic.request(listener.balancer, self._group or None)
        target = visit.target(balancing.registry, group) if visit is not None and group is not None else None
        if target is None and group is not None:
            target = balancing.registry.choose(group.arn)
        if target is None or group is None:
            self._answer(503)
            return
        if visit is not None:
            self._sticky = visit, forward, group, target
        target.begin(self)
        try:
            await self._send(listener, target, host)
        finally:
            target.finish(self)

    async def _send(self, listener: Listener, target: Target, host: str) -> None:
        client, settings = self._client, listener.settings
        request = request_head(
            self.head,
            settings,
            client=f"{client.client}:{client.client_port}" if settings.forwarded_port else client.client,
            protocol=listener.protocol,
            port=listener.port,
            host=host,
        )
        outcome = await self._exchange(target, request, settings.idle_timeout)
        if outcome == "client broke":
            self._answer(self._refusal, close=True)
        elif outcome in _STATUS_OF:
            if outcome != "interrupted":
                self._balancing.traffic.connection_error(listener.balancer, self._group)
            self._answer(_STATUS_OF[outcome])

    async def _exchange(self, target: Target, request: bytes, idle_timeout: float) -> str:
        """Send the request, once; returns done, left, cut, client broke, or a key of `_STATUS_OF`.

        A request is never sent again, as on AWS: when a target closes an idle connection just as the next request is
        sent on it, the client gets a 502 (troubleshooting guide: "Check whether the keep-alive duration of the target
        is shorter than the idle timeout value of the load balancer").
        """
        pool = self._balancing.pool
        try:
            connection = await pool.connect(target, idle_timeout)
        except TimeoutError:
            return "slow connect"
        except OSError:
            return "refused"
        if self._refusal:
            connection.abort()
            return "client broke"
        self._outcome = asyncio.get_running_loop().create_future()
        self._target = connection
        self._sent = time.perf_counter()
        connection.exchange(
            self,
            request + self._body.take(),
            head_only=self.head.method == b"HEAD",
            upgrade=self.head.websocket,
        )
        if not self._early:
            self._client.resume_client()
        try:
            outcome = await self._outcome
        except asyncio.CancelledError:
            connection.abort()
            raise
        finally:
            self._target = None
        if outcome == "done" and self._body.complete and not self.head.careful:
            pool.give_back(target, connection, idle_timeout)
        else:
            connection.abort()
        if outcome == "done" and not self._body.complete:
            # The target answered before it had read the request; the rest of it cannot be skipped.
            self.keeps_connection = False
        return outcome

    def _finish(self, outcome: str) -> None:
        if self._outcome is None or self._outcome.done():
            return
        if self._responding and outcome not in {"done", "left", "cut"}:
            outcome = "cut"
        if outcome == "cut":
            self.flush()
            self._client.abort()
        self._outcome.set_result(outcome)

    def _answer(
        self,
        status: int,
        *,
        body: bytes | None = None,
        headers: Headers | None = None,
        content_type: bytes = b"text/html",
        close: bool = False,
    ) -> None:
        """A response of the load balancer itself."""
        if self._listener is not None:
            self._balancing.traffic.own_response(self._listener.balancer, self._group or None, status)
        if close or not self._body.complete or self.upgrading:
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
        if self.upgrading and not upgrade:
            # Refused: what the client has sent behind its request is neither a request nor anybody's data.
            self.upgrading = self.keeps_connection = False
        if not length_known:
            self._chunked = not self.head.http_1_0
            self.keeps_connection = self.keeps_connection and self._chunked
        if self._sticky is not None:
            visit, forward, group, target = self._sticky
            headers = headers + visit.cookies(forward, group, target, headers)
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
            self._tunnel = True
            self._target.write(self._early)
            self._client.resume_client()

    def response_data(self, data: bytes) -> None:
        """Pass a piece of the body on."""
        self._output.append(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def flush(self) -> None:
        """Send what arrived together in one piece."""
        if self._output:
            self._client.write(b"".join(self._output))
            self._output.clear()

    def response_ends(self) -> None:
        """The body is complete."""
        if self._chunked:
            self._client.write(b"0\r\n\r\n")
        self._finish("done")

    def response_breaks(self) -> None:
        """The target closed early or sent nonsense: an error page if nothing was passed on, else a cut connection."""
        self._finish("broken")

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
