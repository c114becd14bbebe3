"""Why a load balancer finds a task unhealthy: what it asked, what came back, and where the application listens instead.

AWS says a reason and, for a wrong code, the code (Elastic Load Balancing API reference, TargetHealth; the events of an
ECS service repeat it: "(port 5000) is unhealthy in (target-group …) due to (reason …)"). What was asked is the target
group's, and on which port the application listens is mostly in its log.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.settings.commands import assignments

Described = Mapping[str, Any]

_EVENT = re.compile(
    r"\(port (?P<port>\d+)\) is unhealthy in \(target-group (?P<group>[^)]+)\) due to \(reason (?P<why>.*)\)"
)
_CODES = re.compile(r"with these codes: \[(\d+)")
_LISTENS = re.compile(
    r"\b(?:listen(?:ing|s)?|running|serving|started|bound)\b.{0,80}?"
    r"(?:(?P<host>\[[0-9a-f:]*\]|\d{1,3}(?:\.\d{1,3}){3}|localhost|\*)?:|\bport\(?s?\)?[ :=]+)"
    r"(?P<port>\d{2,5})\b(?![.:\d])",
    re.IGNORECASE,
)
_LOOPBACK = ("127.", "localhost", "[::1]")
# A server that answers these will do so again, whatever is tried. 408, 425 and 429 ask to come back later.
_FINAL = frozenset(range(300, 500)) - {408, 425, 429}
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class HealthFailure:
    """What a load balancer says of one target.

    Args:
        group: ARN of the target group.
        address: The target's address; empty when it is not told.
        port: Its port.
        why: AWS's words.
    """

    group: str
    address: str
    port: int
    why: str

    @property
    def code(self) -> int | None:
        """The HTTP code that was answered; None when there was no answer of HTTP."""
        found = _CODES.search(self.why)
        return int(found[1]) if found else None


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Where a container's log says that it listens.

    Args:
        host: Address or name; empty when only a port is told.
        port: The port.
    """

    host: str
    port: int

    @property
    def alone(self) -> bool:
        """Whether nobody outside the container reaches it."""
        return self.host.lower().startswith(_LOOPBACK)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if self.alone else str(self.port)


def from_targets(group: str, targets: Iterable[Described]) -> list[HealthFailure]:
    """The unhealthy ones of a target group.

    Args:
        group: Its ARN.
        targets: Entries of DescribeTargetHealth.
    """
    return [
        HealthFailure(
            group=group,
            address=str(item["Target"]["Id"]),
            port=int(item["Target"].get("Port") or 0),
            why=str(item["TargetHealth"].get("Description") or item["TargetHealth"].get("Reason") or ""),
        )
        for item in targets
        if item["TargetHealth"]["State"] == "unhealthy"
    ]


def from_events(messages: Iterable[str], address: str = "") -> list[HealthFailure]:
    """What a service's events say of targets that are gone by now.

    Args:
        messages: Texts of the events, newest first.
        address: The address of the task that failed, where it is known.
    """
    return [
        HealthFailure(group=found["group"], address=address, port=int(found["port"]), why=found["why"])
        for message in messages
        if (found := _EVENT.search(message))
    ]


def listening(messages: Iterable[str]) -> list[Listening]:
    """Where a container's lines say that it listens, each place once."""
    found = [
        Listening(host=match["host"] or "", port=int(match["port"]))
        for message in messages
        for match in _LISTENS.finditer(message)
    ]
    return [place for place in dict.fromkeys(found) if 0 < place.port < 65536]


def explained(
    service: str, failures: Sequence[HealthFailure], group: Described, places: Sequence[Listening]
) -> list[str]:
    """What was asked, what came back, and the setting that mends it; each once, at most three.

    Args:
        service: The service's key in the stack file.
        failures: Of one target group.
        group: The target group as DescribeTargetGroups describes it.
        places: Where the log says that the container listens.
    """
    told = dict.fromkeys("\n".join(_explanation(service, failure, group, places)) for failure in failures)
    return list(told)[:_SHOWN]


def hopeless(failures: Sequence[HealthFailure], group: Described, places: Sequence[Listening]) -> bool:
    """Whether trying again cannot help: a final answer, or the log names another place than the one that is asked.

    Args:
        failures: What the load balancer said of tasks that ECS has given up, of one target group.
        group: The target group as DescribeTargetGroups describes it.
        places: Where the log says that the container listens.
    """
    if not failures:
        return False
    return all(
        failure.code in _FINAL if failure.code is not None else _elsewhere(_port(failure, group), places)
        for failure in failures
    )


def _explanation(
    service: str, failure: HealthFailure, group: Described, places: Sequence[Listening]
) -> list[str]:
    path, port = str(group.get("HealthCheckPath") or "/"), _port(failure, group)
    setting = f"services.{service}"
    if failure.code is not None:
        host = f" (Host: {failure.address}:{port})" if failure.address else ""
        wanted = (group.get("Matcher") or {}).get("HttpCode", "200")
        return [
            f"health check: GET {path} on port {port} → {failure.code}{host}; {wanted} is healthy",
            f"  {_remedy(setting, failure.code, path)}",
            *_fixes(service, failure.code, wanted),
        ]
    if _elsewhere(port, places):
        where = " and ".join(str(place) for place in places)
        first = places[0]
        mended = (
            f"have the application listen on 0.0.0.0:{port}"
            if first.alone
            else next(assignments("", ("services", service, "port"), first.port))
        )
        return [
            f"health check: nothing answers on {port}; the log says it listens on {where}",
            f"  fix: {mended}",
        ]
    if "timed out" in failure.why.lower():
        seconds = group.get("HealthCheckTimeoutSeconds", 5)
        return [
            f"health check: GET {path} on port {port}: no answer within {seconds} s",
            f"  {setting}.healthCheck.timeout is {seconds}; a security group in the way looks the same",
        ]
    return [
        f"health check: GET {path} on port {port}: {failure.why or 'no reason given'}",
        f"  nothing listens there, or what answers is no HTTP; {setting}.port is {port}",
    ]


def _remedy(setting: str, code: int, path: str) -> str:
    if code == 400:
        return (
            "the application may refuse the Host it is sent, which is the task's address: let it answer to any "
            "(Django: ALLOWED_HOSTS)"
        )
    if code in {401, 403}:
        return f"health checks carry no credentials: let {setting}.healthCheck.path ({path}) answer without"
    if 300 <= code < 400:
        return f"redirects are not followed: {setting}.healthCheck.path ({path}) must answer itself"
    if code < 500:
        return f"{setting}.healthCheck.path is {path}: name a path that the application has"
    return f"the application answers {path} with an error of its own: see its log"


def _fixes(service: str, code: int, wanted: str) -> list[str]:
    check = ("services", service, "healthCheck")
    if code == 404:
        [command] = assignments("", (*check, "path"), "x")
        return [f"  fix: {command.removesuffix(' x')}"]  # without a value the CLI asks for it
    if 300 <= code < 400 and str(code) not in wanted.split(","):
        return [
            f"  or count it as healthy; fix: {next(assignments('', (*check, 'matcher'), f'{wanted},{code}'))}"
        ]
    return []


def _port(failure: HealthFailure, group: Described) -> int:
    asked = str(group.get("HealthCheckPort") or "traffic-port")
    return int(asked) if asked.isdigit() else failure.port


def _elsewhere(port: int, places: Sequence[Listening]) -> bool:
    return bool(places) and not any(place.port == port and not place.alone for place in places)
