"""Bounded load on a load balancer of the local cloud, from this machine to this machine only."""

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx

from localcloud.errors import LocalCloudError
from localcloud.loopback import is_loopback

MOST_CLIENTS = 256
MOST_SECONDS = 3600.0
_TIMEOUT = 60.0
_REPORT_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to ask for.

    Args:
        url: What every request asks for; its host is `localhost`, ends in `.localhost`, or is a loopback address.
        clients: Connections that ask at the same time.
        seconds: When to end at the latest.
        requests: After how many requests to end; None for no limit.
    """

    url: str
    clients: int = 8
    seconds: float = 60.0
    requests: int | None = None

    def check(self) -> None:
        """Refuse what would leave this machine or never end.

        Raises:
            LocalCloudError: The host is not this machine, or a bound is out of range.
        """
        host = urlsplit(self.url).hostname or ""
        if not is_loopback(host):
            raise LocalCloudError(
                f"{self.url!r} is not on this machine; allowed: http://localhost, http://<name>.localhost, loopback",
                fix="load other machines with a tool of their owners' choice",
            )
        if not 1 <= self.clients <= MOST_CLIENTS:
            raise LocalCloudError(
                f"{self.clients} clients; allowed: 1 to {MOST_CLIENTS}", fix="choose fewer clients"
            )
        if not 0 < self.seconds <= MOST_SECONDS:
            raise LocalCloudError(
                f"{self.seconds:g} seconds; allowed: more than 0, at most {MOST_SECONDS:g}",
                fix="choose a shorter time",
            )


@dataclass
class Tally:
    """What came back.

    Args:
        codes: Responses by status code.
        failures: Requests without a response, by what went wrong.
        latencies: Seconds until each response was complete.
    """

    codes: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failed(self) -> int:
        """Requests without a response, and those answered with 5xx."""
        return self.failures.total() + sum(count for code, count in self.codes.items() if code >= 500)

    def summary(self) -> str:
        """One line for a person."""
        answered = len(self.latencies)
        rate = answered / self.seconds if self.seconds else 0.0
        times = ", ".join(f"p{part:g} {percentile(self.latencies, part) * 1000:.1f} ms" for part in (50, 99))
        codes = (
            ", ".join(f"{count} times {code}" for code, count in sorted(self.codes.items())) or "no response"
        )
        lost = "".join(f", {count} times {what}" for what, count in self.failures.most_common(3))
        return f"{answered} responses in {self.seconds:.1f} s ({rate:.0f}/s), {times}; {codes}{lost}"


def percentile(values: Sequence[float], part: float) -> float:
    """The value that so many percent of the values do not exceed; 0 without values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * part / 100) - 1)]


def run(plan: Plan, report: Callable[[str], object]) -> Tally:
    """Ask until the plan ends, or until Ctrl-C: what came back until then is counted.

    Args:
        plan: What to ask for.
        report: Called with a line about the plan, and every two seconds with one about the last two seconds.

    Raises:
        LocalCloudError: The plan is refused.
    """
    plan.check()
    tally = Tally()
    report(f"{plan.clients} clients ask {plan.url} for {plan.seconds:g} s; Ctrl-C ends it")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(plan, tally, report))
    return tally


async def _run(plan: Plan, tally: Tally, report: Callable[[str], object]) -> None:
    began = time.monotonic()
    left = iter(range(plan.requests)) if plan.requests is not None else None
    reporting = asyncio.create_task(_report(tally, report))
    clients = [_ask(plan, tally, began + plan.seconds, left) for _ in range(plan.clients)]
    try:
        await asyncio.gather(*clients)
    finally:
        reporting.cancel()
        tally.seconds = time.monotonic() - began


async def _ask(plan: Plan, tally: Tally, end: float, left: Iterator[int] | None) -> None:
    """One client: a connection that asks again as soon as it has its answer."""
    parts = urlsplit(plan.url)
    port = parts.port or 80
    # Names below .localhost are this machine whether or not a name server knows them.
    address = httpx.URL(plan.url).copy_with(host="127.0.0.1")
    headers = {"Host": f"{parts.hostname}:{port}"}
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, headers=headers) as client:
        while time.monotonic() < end and (left is None or next(left, None) is not None):
            began = time.monotonic()
            try:
                response = await client.get(address)
            except httpx.HTTPError as error:
                tally.failures[type(error).__name__] += 1
                await asyncio.sleep(0.05)
                continue
            tally.codes[response.status_code] += 1
            tally.latencies.append(time.monotonic() - began)


async def _report(tally: Tally, report: Callable[[str], object]) -> None:
    seen = failed = 0
    began = time.monotonic()
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        recent = tally.latencies[seen:]
        rate = len(recent) / _REPORT_SECONDS
        lost = tally.failed - failed
        seen, failed = len(tally.latencies), tally.failed
        times = ", ".join(f"p{part} {percentile(recent, part) * 1000:.0f} ms" for part in (50, 99))
        report(f"{time.monotonic() - began:4.0f} s  {rate:5.0f}/s, {times}, {lost} failed")
