"""Reads requests from a client's connection: heads within AWS's limits, judged, then bodies.

A head is taken as a whole, judged, and only then parsed (by llhttp), so that the limits and the judgement see what
arrived and no byte behind a message is read as part of it.

Limits: Elastic Load Balancing quotas, "HTTP headers", and the troubleshooting guide's causes of 400 and 414.
"""

import re
from collections.abc import Callable
from typing import Protocol

import httptools

from localcloud.emulator.alb.balancer_settings import BalancerSettings
from localcloud.emulator.alb.desync import Tier, Verdict, examine
from localcloud.emulator.alb.messages import RequestHead

MAX_LINE_BYTES = 16 * 1024
MAX_HEAD_BYTES = 64 * 1024
MAX_FORWARDED_ADDRESSES = 30
_HEAD_END = re.compile(rb"\n\r?\n")
_DROPPED_NAME = re.compile(rb"[^-0-9A-Za-z]")


class RequestRefused(Exception):  # noqa: N818  a refusal, not an error of ours
    """A request that a load balancer answers itself before it looks at any rule.

    Args:
        status: The response's code.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class RequestSink(Protocol):
    """Who gets the requests."""

    def request_begins(self, head: RequestHead) -> None:
        """A head is complete."""

    def request_data(self, data: bytes) -> None:
        """A piece of the body."""

    def request_ends(self) -> None:
        """The body is complete."""

    def request_upgrades(self, rest: bytes) -> None:
        """What follows belongs to the protocol the request asks for."""


class RequestReader:
    """The requests of one connection.

    Args:
        sink: Gets them.
        settings: The load balancer's attributes as they are now.
    """

    def __init__(self, sink: RequestSink, settings: Callable[[], BalancerSettings]) -> None:
        self._sink = sink
        self._settings = settings
        self._parser = httptools.HttpRequestParser(self)
        self._fresh_parser()
        self._pending = b""
        self._head = RequestHead()
        self._in_head = True
        self._complete = True
        self._left = 0
        self._tail = b""

    @property
    def head_begun(self) -> bool:
        """Whether part of a head has arrived."""
        return bool(self._pending)

    def feed(self, data: bytes) -> None:
        """Take what arrived.

        Raises:
            RequestRefused: It is no request that a load balancer passes on.
        """
        while data:
            if self._complete:
                data = self._take_head(data)
            elif self._head.chunked:
                data = self._take_chunks(data)
            else:
                piece, data = data[: self._left], data[self._left :]
                self._left -= len(piece)
                self._parse(piece)

    # -- heads ------------------------------------------------------------------------------------------------

    def _take_head(self, data: bytes) -> bytes:
        if self._pending:
            seen = max(0, len(self._pending) - 3)
            data = self._pending + data
        else:
            seen = 0
            # RFC 9112, 2.2: empty lines in front of a request line are ignored.
            data = data.lstrip(b"\r\n")
        end = _HEAD_END.search(data, seen)
        if end is None:
            _check_limits(data)
            self._pending = data
            return b""
        head, rest = data[: end.end()], data[end.end() :]
        self._pending = b""
        if len(head) > MAX_LINE_BYTES:
            _check_limits(head)
        settings = self._settings()
        verdict = examine(head)
        self._check(verdict, settings)
        self._head = RequestHead(
            careful=verdict.tier is Tier.AMBIGUOUS and settings.desync_mitigation_mode == "defensive"
        )
        self._in_head, self._complete, self._left, self._tail = True, False, 0, b""
        return self._parse_head(verdict.head, rest, settings)

    def _check(self, verdict: Verdict, settings: BalancerSettings) -> None:
        """Refuse what the mode refuses.

        AWS routes even severe requests in monitor mode; what llhttp cannot read is refused here in every mode.
        """
        if verdict.tier is Tier.SEVERE:
            raise RequestRefused(verdict.status)
        if verdict.tier > Tier.COMPLIANT and settings.desync_mitigation_mode == "strictest":
            raise RequestRefused(400)

    def _parse_head(self, data: bytes, rest: bytes, settings: BalancerSettings) -> bytes:
        upgraded = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            upgraded = True
            self._complete = True
        except httptools.HttpParserError as error:
            raise RequestRefused(400) from error
        head = self._head
        self._check_head(head, settings)
        head.websocket = head.websocket and upgraded
        self._sink.request_begins(head)
        if upgraded:
            self._fresh_parser()
            if head.websocket:
                self._sink.request_ends()
                self._sink.request_upgrades(rest)
                return b""
        if self._complete:
            self._sink.request_ends()
        return rest

    def _check_head(self, head: RequestHead, settings: BalancerSettings) -> None:
        if sum(name == b"host" for name, _ in head.headers) != 1:
            # RFC 9112, 3.2: a request without a Host field, or with two, is answered with 400.
            raise RequestRefused(400)
        if head.method == b"TRACE":
            # Troubleshooting guide: "TRACE, which is not supported by Application Load Balancers".
            raise RequestRefused(405)
        if head.method == b"CONNECT":
            # The guide of Classic Load Balancers says 400; that of application load balancers does not speak of it.
            raise RequestRefused(400)
        forwarded = head.get(b"x-forwarded-for")
        if forwarded is not None and forwarded.count(b",") >= MAX_FORWARDED_ADDRESSES:
            raise RequestRefused(463)
        if settings.drop_invalid_header_fields:
            head.headers = [entry for entry in head.headers if not _DROPPED_NAME.search(entry[0])]

    # -- bodies -----------------------------------------------------------------------------------------------

    def _take_chunks(self, data: bytes) -> bytes:
        """Parse up to the next empty line: a chunked body ends with one, and nothing behind it may be parsed yet."""
        begun = len(self._tail)
        end = (self._tail + data).find(b"\r\n\r\n")
        piece, rest = (data, b"") if end < 0 else (data[: end + 4 - begun], data[end + 4 - begun :])
        self._tail = b"" if end >= 0 else (self._tail + data)[-3:]
        self._parse(piece)
        return rest

    def _parse(self, piece: bytes) -> None:
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade:
            # Asked for with a body: an ordinary request.
            self._complete = True
            self._fresh_parser()
        except httptools.HttpParserError as error:
            raise RequestRefused(400) from error
        if self._complete:
            self._sink.request_ends()

    def _fresh_parser(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        # Control characters in values pass, as on AWS; the dangerous ones have been refused.
        self._parser.set_dangerous_leniencies(lenient_headers=True)

    # -- httptools --------------------------------------------------------------------------------------------

    def on_url(self, url: bytes) -> None:
        """The request target, possibly in pieces."""
        self._head.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field; those behind the body (trailers) are no part of the request's head."""
        if self._in_head:
            self._head.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete."""
        head, parser = self._head, self._parser
        self._in_head = False
        head.method = parser.get_method()
        head.keep_alive = parser.should_keep_alive() and not head.careful
        head.http_1_0 = parser.get_http_version() == "1.0"
        for name, value in head.headers:
            if name == b"transfer-encoding":
                head.chunked = True
            elif name == b"content-length":
                self._left = int(value)
            elif name == b"upgrade":
                head.websocket = parser.should_upgrade() and value.lower() == b"websocket"

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._sink.request_data(data)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._complete = True


def _check_limits(head: bytes) -> None:
    """Refuse a head, complete or not, that is larger than AWS takes.

    Raises:
        RequestRefused: 414 for the request line, 400 for a header or all of them.
    """
    begin = 0
    while begin < len(head):
        end = head.find(b"\n", begin)
        length = (len(head) if end < 0 else end) - begin
        if length > MAX_LINE_BYTES:
            raise RequestRefused(414 if begin == 0 else 400)
        if end < 0:
            break
        begin = end + 1
    if len(head) > MAX_HEAD_BYTES:
        raise RequestRefused(400)
