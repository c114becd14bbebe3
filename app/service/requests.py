"""What happens around every request: its id, its line in the log, its farewell while the service drains."""

import logging
import mmap
import os
import re
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from werkzeug.wsgi import ClosingIterator

from service.logs import request_id, write_line

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._:=/+@-]{1,128}")
_LONGEST_LOGGED = 1024
_LARGEST_WHOLE = 65_536


class DrainFlag:
    """One byte shared by the process that receives SIGTERM and the worker processes it forks."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Tell every process that the service is about to stop."""
        self._memory[0] = 1

    def __bool__(self) -> bool:
        return self._memory[0] == 1


class RequestMiddleware:
    """WSGI middleware: request id in and out, one access log line, `Connection: close` while draining.

    - `X-Request-Id` is taken from the caller when it is harmless in a log, made otherwise, and sent back.
    - The line has method, path, status, duration and the load balancer's `X-Amzn-Trace-Id`; never the query
      string, other headers or bodies, which may carry secrets.
    - While draining, connections that clients keep open are closed after their next response, so that none is
      cut when the process ends.
    """

    def __init__(self, app: "WSGIApplication", draining: DrainFlag, log_level: int) -> None:
        self._app = app
        self._draining = draining
        self._log_level = log_level

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Handle one request."""
        started = perf_counter()
        identifier = _accepted(environ.get("HTTP_X_REQUEST_ID")) or os.urandom(16).hex()
        request_id.set(identifier)
        status = 500
        whole = False

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status, whole
            status = int(line[:3])
            whole = _is_small(headers)
            headers.append(("X-Request-Id", identifier))
            if self._draining:
                headers.append(("Connection", "close"))
            return start_response(line, headers, exc_info)

        def finish() -> None:
            self._log(environ, status, started)
            request_id.set(None)

        try:
            body = self._app(environ, start)
            if whole:
                body = _read(body)
        except BaseException:
            finish()
            raise
        if isinstance(body, list):
            finish()
            return body
        return ClosingIterator(body, finish)

    def _log(self, environ: "WSGIEnvironment", status: int, started: float) -> None:
        level, name = (logging.ERROR, "error") if status >= 500 else (logging.INFO, "info")
        if level < self._log_level:
            return
        fields = {
            "method": environ["REQUEST_METHOD"][:_LONGEST_LOGGED],
            "path": _readable(environ["PATH_INFO"])[:_LONGEST_LOGGED],
            "status": status,
            "duration_ms": round((perf_counter() - started) * 1000, 2),
        }
        if trace := environ.get("HTTP_X_AMZN_TRACE_ID"):
            fields["trace_id"] = trace[:_LONGEST_LOGGED]
        write_line(name, "access", fields, soon=level < logging.ERROR)


def _accepted(identifier: str | None) -> str | None:
    return identifier if identifier and _ACCEPTABLE_ID.fullmatch(identifier) else None


def _readable(path: str) -> str:
    """WSGI hands over the bytes of a path as Latin-1; they are UTF-8 in practice."""
    return path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace")


def _is_small(headers: list[tuple[str, str]]) -> bool:
    return any(name == "Content-Length" and int(value) <= _LARGEST_WHOLE for name, value in headers)


def _read(body: Iterable[bytes]) -> list[bytes]:
    """Return the whole body, which the server sends for far less than one that it must iterate over."""
    try:
        return list(body)
    finally:
        if hasattr(body, "close"):
            body.close()
