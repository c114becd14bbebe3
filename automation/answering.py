"""Wait until a deployed URL answers: the last step of a deployment, and the only proof a person accepts."""

import ssl
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from automation.reachability import Door

_PAUSE_SECONDS = 0.25
_LOCAL_SUFFIX = ".localhost"
# Where an answer may not come at all; a load balancer's new name is in DNS within seconds.
_SHUT_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the URL said last.

    Args:
        ok: It answered with a status below 500 that a load balancer does not make up itself, or no answer could come.
        detail: Status and the start of the body, or the connection error.
        seconds: How long it took from the first try.
        unseen: What could not be seen from here, or what people will not see yet; empty when all was.
    """

    ok: bool
    detail: str
    seconds: float
    unseen: str = ""


def wait_for_answer(url: str | Door, *, timeout: float = 60.0) -> Answer:
    """Ask the URL until it answers or the time is up.

    The load balancer is asked by its own name, for the URL's host: so a name whose record is made elsewhere, or is not
    seen here yet, does not hide a service that answers.

    Args:
        url: The stack's `url` output, or the way to it.
        timeout: Seconds to go on trying.
    """
    door = url if isinstance(url, Door) else Door(url=url)
    answer = _ask(door, min(timeout, _SHUT_SECONDS) if door.shut else timeout)
    if answer.ok:
        return replace(answer, unseen="\n".join(filter(None, (answer.unseen, door.astray()))))
    if door.shut and not answer.detail[:3].isdecimal():
        return replace(
            answer,
            ok=True,
            unseen=f"{door.url} was not seen answering from here ({answer.detail}): {door.shut}",
        )
    return answer


def _ask(door: Door, timeout: float) -> Answer:
    started = time.monotonic()
    address, headers, extensions = _way(door)
    detail, unseen, verify = "no answer yet", "", True
    while True:
        # A client for each try: a proxy or DNS server may answer for another address the next time.
        with httpx.Client(trust_env=not _is_local(door), timeout=5.0, verify=verify) as client:
            try:
                response = client.get(address, headers=headers, extensions=extensions)
                detail = f"{response.status_code} {response.text[:80].strip()}"
                if response.status_code < 500:
                    seconds = time.monotonic() - started
                    return Answer(ok=True, detail=detail, seconds=seconds, unseen=unseen)
            except httpx.HTTPError as error:
                detail = str(error) or type(error).__name__
                if verify and not door.has_own_name and _is_of_the_certificate(error):
                    verify = False
                    unseen = (
                        f"the certificate is not for {door.host}, so browsers refuse {door.url}: make a DNS record for "
                        "a name of the certificate, and say it with loadBalancer.domain.name"
                    )
                    continue
        if time.monotonic() - started > timeout:
            return Answer(ok=False, detail=detail, seconds=time.monotonic() - started)
        time.sleep(_PAUSE_SECONDS)


def _is_of_the_certificate(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _is_local(door: Door) -> bool:
    return door.host.endswith(_LOCAL_SUFFIX)


def _way(door: Door) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Where to connect, and as whom: address, headers, and httpx's extensions."""
    parts = urlsplit(door.url)
    port = f":{parts.port}" if parts.port else ""
    if _is_local(door):
        # Address the loopback ourselves: curl and browsers do, the C library's resolver may not.
        return urlunsplit(parts._replace(netloc=f"127.0.0.1{port}")), {"Host": parts.netloc}, {}
    if door.has_own_name:
        address = urlunsplit(parts._replace(netloc=f"{door.address}{port}"))
        return address, {"Host": parts.netloc}, {"sni_hostname": door.host}
    return door.url, {}, {}
