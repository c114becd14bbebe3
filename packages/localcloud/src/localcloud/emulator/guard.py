"""The gate in front of every service of the emulator: who is answered, and what browsers are told."""

import json
from collections.abc import Iterable

from localcloud.emulator.world import Application, Message, Receive, Scope, Send
from localcloud.gate import CORS_PREFIX, Gate
from localcloud.loopback import is_loopback

# No bucket's name begins with an underscore: what does is MiniStack's or ours, except these ways to a stack's own APIs.
ADMIN_PREFIX = "/_"
DATA_PLANES = ("/_aws/execute-api/", "/_alb/")
_PREFLIGHT = f"{CORS_PREFIX}request-method"
Headers = Iterable[tuple[bytes, bytes]]


def guarded(application: Application, gate: Gate) -> Application:
    """Serve an ASGI application to those the gate lets through; the others get a 403 that says why.

    Args:
        application: Whose requests are judged.
        gate: The judge.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await application(scope, receive, send)
            return
        headers = _by_name(scope["headers"])
        # A Unix socket has no address; nobody but this user opens one.
        address = (scope.get("server") or ("127.0.0.1", None))[0]
        refused = gate.refusal(headers, address=address) or _admin_refusal(str(scope["path"]), address)
        origin = headers.get("origin", "")
        allowed = origin if gate.allows_origin(origin) else ""
        if refused is not None:
            await _refuse(scope, receive, send, refused)
        elif allowed and scope["type"] == "http" and _PREFLIGHT in headers and scope["method"] == "OPTIONS":
            await _answer(send, 204, _preflight(headers))
        else:
            await application(scope, receive, _without_cors(send, allowed))

    return serve


async def _refuse(scope: Scope, receive: Receive, send: Send, reason: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": reason[:120]})
        return
    headers = [
        (b"content-type", b"application/json"),
        (b"x-content-type-options", b"nosniff"),
        # What was sent with it is not read.
        (b"connection", b"close"),
    ]
    await _answer(send, 403, headers, refusal_body(reason))


async def _answer(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    length = [(b"content-length", str(len(body)).encode())] if body else []
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})


def _preflight(headers: dict[str, str]) -> Headers:
    """The answer to a browser that asks on behalf of a page whether it may: the user has said so.

    Headers are named one by one, because `*` does not cover Authorization (Fetch Standard, "CORS-preflight fetch").
    """
    return [
        (b"access-control-allow-origin", headers["origin"].encode("latin-1")),
        (b"access-control-allow-methods", headers[_PREFLIGHT].encode("latin-1")),
        (b"access-control-allow-headers", headers.get(f"{CORS_PREFIX}request-headers", "").encode("latin-1")),
        (b"access-control-max-age", b"600"),
        (b"vary", b"Origin"),
    ]


def refusal_body(reason: str) -> bytes:
    """A refusal in the form in which the SDKs show an error."""
    return json.dumps({"__type": "AccessDeniedException", "message": reason}).encode()


def _by_name(headers: Headers) -> dict[str, str]:
    """Headers by lower-case name; what is there twice is joined, and so equals nothing that is allowed."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _admin_refusal(path: str, address: str) -> str | None:
    """Tasks reach the APIs at the Docker bridge, and none of what steers the emulator itself."""
    if is_loopback(address) or not path.startswith(ADMIN_PREFIX) or path.startswith(DATA_PLANES):
        return None
    return "paths that begin with /_ steer the local cloud; they are answered on the loopback only"


def _without_cors(send: Send, origin: str) -> Send:
    """Send answers without CORS headers; an origin that the user allowed gets them, with its own name."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = [(name.lower(), name, value) for name, value in message.get("headers", [])]
            prefix = CORS_PREFIX.encode()
            kept = [
                (name, value)
                for lower, name, value in given
                if not lower.startswith(prefix) or (origin and not lower.endswith(b"-allow-origin"))
            ]
            if origin:
                kept += [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]
            message = {**message, "headers": kept}
        await send(message)

    return sent
