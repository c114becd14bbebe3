"""Wait until a deployed URL answers: the last step of a deployment, and the only proof a person accepts."""

import time
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx

_PAUSE_SECONDS = 0.25
_LOCAL_SUFFIX = ".localhost"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the URL said last.

    Args:
        ok: It answered with a status below 500 that a load balancer does not make up itself.
        detail: Status and the start of the body, or the connection error.
        seconds: How long it took from the first try.
    """

    ok: bool
    detail: str
    seconds: float


def wait_for_answer(url: str, *, timeout: float = 60.0) -> Answer:
    """Ask the URL until it answers or the time is up.

    Args:
        url: The stack's `url` output.
        timeout: Seconds to go on trying.
    """
    started = time.monotonic()
    address, headers = _reachable(url)
    detail = "no answer yet"
    with httpx.Client(trust_env=not headers, timeout=5.0, follow_redirects=False) as client:
        while True:
            try:
                response = client.get(address, headers=headers)
                detail = f"{response.status_code} {response.text[:80].strip()}"
                if response.status_code < 500:
                    return Answer(ok=True, detail=detail, seconds=time.monotonic() - started)
            except httpx.HTTPError as error:
                detail = str(error) or type(error).__name__
            if time.monotonic() - started > timeout:
                return Answer(ok=False, detail=detail, seconds=time.monotonic() - started)
            time.sleep(_PAUSE_SECONDS)


def _reachable(url: str) -> tuple[str, dict[str, str]]:
    """Address the loopback ourselves for `*.localhost`: curl and browsers do, the C library's resolver may not."""
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(_LOCAL_SUFFIX):
        return url, {}
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"127.0.0.1{port}")), {"Host": parts.netloc}
