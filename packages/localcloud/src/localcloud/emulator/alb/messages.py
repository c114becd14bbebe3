"""HTTP/1.1 messages between client, load balancer and target: what is passed on, added and left out.

Rules: Application Load Balancer guide, "HTTP headers and Application Load Balancers" and "Request tracing".
"""

import secrets
import time
from dataclasses import dataclass, field
from http import HTTPStatus

from localcloud.emulator.alb.balancer_settings import BalancerSettings

Headers = list[tuple[bytes, bytes]]
_HOP_BY_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade", b"expect")
)
_NOT_PASSED_ON = _HOP_BY_HOP | {b"host"}
_REPLACED = frozenset((b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-port", b"x-amzn-trace-id"))


@dataclass
class RequestHead:
    """A request's first line and fields as the client sent them.

    Args:
        method: Upper case.
        target: Path and query, percent-encoding included.
        headers: Names in lower case, in order.
        keep_alive: Whether the client may send another request on this connection.
        http_1_0: The client speaks HTTP/1.0, which knows no chunks.
        websocket: The client asks for the WebSocket protocol.
        chunked: The body comes in chunks.
        careful: Others could read the request differently: no connection it travels on is used again.
    """

    method: bytes = b""
    target: bytes = b""
    headers: Headers = field(default_factory=list)
    keep_alive: bool = True
    http_1_0: bool = False
    websocket: bool = False
    chunked: bool = False
    careful: bool = False

    def get(self, name: bytes) -> bytes | None:
        """All values of a field, joined by a comma as repeated fields are."""
        found = [value for key, value in self.headers if key == name]
        return b", ".join(found) if found else None


def request_head(
    head: RequestHead, settings: BalancerSettings, *, client: str, protocol: str, port: int, host: str
) -> bytes:
    """The request as a target gets it.

    Args:
        head: As the client sent it.
        settings: How X-Forwarded-For is treated.
        client: Whom X-Forwarded-For names.
        protocol: The listener's.
        port: The listener's.
        host: The Host field's value.
    """
    lines = [head.method, b" ", head.target, b" HTTP/1.1\r\nhost: ", host.encode("latin-1"), b"\r\n"]
    forwarded, trace = [], None
    for name, value in head.headers:
        if name in _REPLACED:
            if name == b"x-forwarded-for":
                forwarded.append(value)
            elif name == b"x-amzn-trace-id":
                trace = value
        elif name not in _NOT_PASSED_ON:
            lines += (name, b": ", value, b"\r\n")
    if settings.forwarded_for == "append":
        forwarded.append(client.encode())
    if forwarded and settings.forwarded_for != "remove":
        lines += (b"x-forwarded-for: ", b", ".join(forwarded), b"\r\n")
    lines += (
        b"x-forwarded-proto: ",
        protocol.lower().encode(),
        b"\r\nx-forwarded-port: ",
        b"%d" % port,
        b"\r\n",
    )
    lines += (b"x-amzn-trace-id: ", trace_id(trace), b"\r\n")
    lines += (_framing(head), b"\r\n")
    return b"".join(lines)


def _framing(head: RequestHead) -> bytes:
    """What the connection to the target is used for behind this head."""
    if head.websocket:
        return b"connection: upgrade\r\nupgrade: websocket\r\n"
    chunked = b"transfer-encoding: chunked\r\n" if head.chunked else b""
    return chunked + b"connection: close\r\n" if head.careful else chunked


def trace_id(given: bytes | None) -> bytes:
    """The X-Amzn-Trace-Id field: a new root, or our own segment in front of the client's."""
    fresh = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}".encode()
    if given is None:
        return b"Root=" + fresh
    fields = [part for part in (entry.strip() for entry in given.split(b";")) if part]
    others = [part for part in fields if not part.startswith(b"Self=")]
    if any(part.startswith(b"Root=") for part in fields):
        return b";".join((b"Self=" + fresh, *others))
    return b";".join((b"Root=" + fresh, *others))


def response_head(
    status: int, reason: bytes, headers: Headers, *, chunked: bool, close: bool, upgrade: bool = False
) -> bytes:
    """The response as the client gets it."""
    lines = [b"HTTP/1.1 %d " % status, reason, b"\r\n"]
    for name, value in headers:
        key = name.lower()
        if key not in _HOP_BY_HOP and not (status == 204 and key == b"content-length"):  # RFC 9110, 8.6
            lines += (name, b": ", value, b"\r\n")
    if upgrade:
        lines.append(b"connection: upgrade\r\nupgrade: websocket\r\n")
    if chunked:
        lines.append(b"transfer-encoding: chunked\r\n")
    if close:
        lines.append(b"connection: close\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


def own_response(
    status: int,
    body: bytes,
    headers: Headers,
    *,
    close: bool,
    head_only: bool,
    content_type: bytes = b"text/html",
) -> bytes:
    """A response the load balancer makes itself."""
    fields: Headers = [
        (b"Server", b"awselb/2.0"),
        (b"Date", time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime()).encode()),
        (b"Content-Type", content_type),
        (b"Content-Length", b"%d" % len(body)),
        *headers,
    ]
    head = response_head(status, phrase(status), fields, chunked=False, close=close)
    return head if head_only else head + body


def phrase(status: int) -> bytes:
    """The reason phrase of a status code."""
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"


def error_page(status: int) -> bytes:
    """The page AWS load balancers show for their own errors."""
    title = b"%d %s" % (status, phrase(status))
    return (
        b"<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n</body>\r\n</html>\r\n"
        % (title, title)
    )
