"""What a Dockerfile says about the container in it (Docker's Dockerfile reference).

The image need not be built for it. What a base image from outside declares is not known: only what the stages of the
Dockerfile add to it.
"""

import copy
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_HEREDOC = re.compile(r"<<-?\s*[\"']?([A-Za-z_][A-Za-z0-9_]*)[\"']?")
_VARIABLE = re.compile(
    r"\$(?:\{(?P<braced>\w+)(?:(?P<operator>:[-+])(?P<word>[^}]*))?\}|(?P<plain>\w+))", re.ASCII
)
_PORT_OPTION = re.compile(
    r"(?:--bind|--http|-b|--listen|--server\.port)[= ]\S*?:(?P<bound>\d{2,5}|\$\{?PORT\b)"
    r"|(?:--port|-p|--server-port)[= ](?P<port>\d{2,5}|\$\{?PORT\b)"
    r"|(?:runserver)\s+\S*?:?(?P<django>\d{2,5})\b"
)
_URL = re.compile(
    r"http://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(?P<port>\d+))?(?P<path>/[^\s'\"|;)?#]*)?"
)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, kw_only=True)
class HealthCommand:
    """A HEALTHCHECK as ECS takes it: `HealthCheck` of the ECS API, whose bounds are narrower than Docker's.

    Args:
        command: `CMD` and words, or `CMD-SHELL` and one text.
        interval: Seconds between two runs, 5 to 300.
        timeout: Seconds until a run has failed, 2 to 60 and less than the interval.
        retries: Failures in a row that make it unhealthy, 1 to 10.
        start_period: Seconds after the start in which failures do not count, 0 to 300.
    """

    command: tuple[str, ...]
    interval: int = 30
    timeout: int = 29
    retries: int = 3
    start_period: int = 0


@dataclass
class Image:
    """What the stage that is built, and those it is made from, leave in the image."""

    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    exposed: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    user: str = ""
    health_check: HealthCommand | None = None
    entry_point: str = ""
    command: str = ""
    base: str = ""

    @property
    def start(self) -> str:
        """The words that start it."""
        return " ".join(part for part in (*words(self.entry_point), *words(self.command)) if part)

    @property
    def shell_form(self) -> bool:
        """Whether a shell is process 1, which passes no signal on."""
        form = self.entry_point or self.command
        return bool(form) and not form.startswith("[") and not re.match(r"^exec\s", form)

    @property
    def said_port(self) -> tuple[int, str] | None:
        """Port that it listens on and what says so: EXPOSE, an option in its command, ENV PORT; None for neither."""
        for exposed in self.exposed:
            number, _, protocol = exposed.partition("/")
            if _is_port(number) and protocol.lower() in {"", "tcp"}:
                return int(number), f"EXPOSE {exposed}"
        found = _PORT_OPTION.search(self.start)
        said = next((group for group in found.groups() if group), "") if found else ""
        if _is_port(said):
            return int(said), "the port in its command"
        if _is_port(self.environment.get("PORT", "")):
            return int(self.environment["PORT"]), "ENV PORT"
        return None

    @property
    def leaves_port_open(self) -> bool:
        """Whether it listens where $PORT says, and has no default for it."""
        return bool(re.search(r"\$\{?PORT\b", self.start)) and "PORT" not in self.environment

    def checked_path(self, port: int) -> str | None:
        """Path that its HEALTHCHECK asks on this port; None when it asks none, or another port."""
        if not self.health_check:
            return None
        asked = _filled(
            " ".join(self.health_check.command), {**self.environment, "PORT": str(port)}, keep=True
        )
        found = _URL.search(asked)
        return found["path"] if found and int(found["port"] or 80) == port else None


def read_image(text: str, *, target: str | None = None, args: Mapping[str, str] | None = None) -> Image:
    """What the image of a Dockerfile declares; what cannot be understood is passed over, as a build will say it.

    Args:
        text: The Dockerfile.
        target: Stage that is built, by name or number; None for the last.
        args: The build's `--build-arg` values.
    """
    given = args or {}
    stages: dict[str, Image] = {}
    outside: dict[str, str] = {}
    current: Image | None = None
    number = -1
    for keyword, value in _instructions(text):
        if keyword == "FROM":
            if current is not None and target and _is_stage(stages, current, target):
                break
            number += 1
            current = _stage(value, stages, outside)
            parts = _places(value)
            stages[str(number)] = current
            if len(parts) > 2:
                stages[parts[2].lower()] = current
        elif keyword == "ARG":
            for name, default in _arguments(value):
                if current is None:
                    outside[name] = given.get(name, _filled(default or "", outside))
                elif default is not None or name in given or name in outside:
                    inner = given.get(
                        name, _filled(default, _values(current)) if default is not None else None
                    )
                    current.arguments[name] = outside.get(name, "") if inner is None else inner
        elif current is not None:
            _apply(current, keyword, value)
    return current or Image()


def words(form: str) -> list[str]:
    """The words of an exec form; a shell form is one."""
    if form.startswith("["):
        try:
            return [str(word) for word in json.loads(form)]
        except ValueError:
            return [form]
    return [form]


def health_seconds(text: str) -> float | None:
    """Seconds of Go's duration, such as `1m30s` or `500ms`; None for anything else."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _is_stage(stages: Mapping[str, Image], current: Image, target: str) -> bool:
    return stages.get(target.lower()) is current


def _places(value: str) -> list[str]:
    return [word for word in value.split() if not word.startswith("--")]


def _stage(value: str, stages: Mapping[str, Image], outside: Mapping[str, str]) -> Image:
    parts = _places(value)
    base = _filled(parts[0], outside) if parts else ""
    inherited = stages.get(base.lower()) if not base.isdecimal() else None
    if inherited is None:
        return Image(base=base)
    return copy.deepcopy(inherited)


def _apply(image: Image, keyword: str, value: str) -> None:
    values = _values(image)
    match keyword:
        case "ENV":
            image.environment |= {name: _filled(text, values) for name, text in _pairs(value)}
        case "EXPOSE":
            image.exposed += [_filled(word, values) for word in value.split()]
        case "VOLUME":
            image.volumes += words(value) if value.startswith("[") else value.split()
        case "USER":
            image.user = _filled(value, values)
        case "HEALTHCHECK":
            image.health_check = _health_command(value)
        case "ENTRYPOINT":
            image.entry_point, image.command = _filled(value, values, keep=True), ""
        case "CMD":
            image.command = _filled(value, values, keep=True)
        case _:
            pass


def _values(image: Image) -> dict[str, str]:
    """ENV wins over ARG of the same name (Dockerfile reference, "Using ARG variables")."""
    return {**image.arguments, **image.environment}


def _health_command(value: str) -> HealthCommand | None:
    """`HEALTHCHECK [--interval=… …] CMD command`; None for NONE. Docker's defaults: 30 s, 30 s, 3 times."""
    options: dict[str, str] = {}
    rest = value
    while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
        options[found[1]] = found[2]
        rest = rest[found.end() :]
    keyword, _, command = rest.partition(" ")
    command = command.strip()
    if keyword.upper() != "CMD" or not command:
        return None
    parts = tuple(words(command))
    shell = not command.startswith("[") or parts == (command,)
    interval = _bounded(health_seconds(options.get("interval", "30s")), 5, 300)
    timeout = _bounded(health_seconds(options.get("timeout", "30s")), 2, 60)
    retries = options.get("retries", "3")
    return HealthCommand(
        command=("CMD-SHELL", command) if shell else ("CMD", *parts),
        interval=interval,
        timeout=min(timeout, interval - 1),
        retries=_bounded(float(retries) if retries.isdecimal() else None, 1, 10),
        start_period=_bounded(health_seconds(options.get("start-period", "0s")), 0, 300),
    )


def _bounded(number: float | None, low: int, high: int) -> int:
    return max(low, min(high, round(low if number is None else number)))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 65536


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    """`ENV name=value name=value`, or the old `ENV name value`."""
    name, blank, rest = value.partition(" ")
    if "=" not in name:
        if blank:
            yield name, rest.strip()
        return
    for word in _split(value):
        key, equals, text = word.partition("=")
        if equals:
            yield key, text


def _arguments(value: str) -> Iterator[tuple[str, str | None]]:
    """`ARG name`, `ARG name=default`, and several of them on one line."""
    for word in _split(value):
        name, equals, default = word.partition("=")
        yield name, default if equals else None


def _split(value: str) -> list[str]:
    try:
        return shlex.split(value)
    except ValueError:  # an open quote, which the build refuses
        return value.split()


def _filled(text: str, values: Mapping[str, str], *, keep: bool = False) -> str:
    """Variables replaced; unknown ones go, or with `keep` stay."""

    def value(match: re.Match[str]) -> str:
        name, operator, word = match["braced"] or match["plain"], match["operator"], match["word"] or ""
        known = values.get(name, "")
        if operator == ":+":
            return word if known else ""
        return known or word or (match[0] if keep else "")

    return _VARIABLE.sub(value, text)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Keyword in capitals and the rest, continuation lines joined, without comments and here-documents.

    The library dockerfile-parse takes the lines of a here-document for instructions (ADR 65).
    """
    directive = re.match(r"\s*#\s*escape\s*=\s*(\S)", text, re.IGNORECASE)
    escape = directive[1] if directive else "\\"
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        joined = lines[at].strip()
        at += 1
        if not joined or joined.startswith("#"):
            continue
        while joined.endswith(escape) and at < len(lines):
            following = lines[at].strip()
            at += 1
            # A comment or an empty line inside a continued instruction is skipped.
            joined = joined if not following or following.startswith("#") else joined[:-1] + following
        keyword, _, rest = joined.rstrip(escape).strip().partition(" ")
        if keyword.upper() in {"RUN", "COPY", "ADD"}:
            for end in _HEREDOC.findall(rest):
                while at < len(lines) and lines[at].strip() != end:
                    at += 1
                at += 1
        yield keyword.upper(), rest.strip()
