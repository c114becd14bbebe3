"""What a Dockerfile says about the service in it (Docker's Dockerfile reference)."""

import copy
import io
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dockerfile_parse import DockerfileParser

from automation.init.entry import Entry, seconds

PORT_OPTION = re.compile(
    r"(?:--bind|--http|-b|--listen|--server\.port)[= ]\S*?:(?P<bound>\d{2,5}|\$\{?PORT\b)"
    r"|(?:--port|-p|--server-port)[= ](?P<port>\d{2,5}|\$\{?PORT\b)"
    r"|(?:runserver)\s+\S*?:?(?P<django>\d{2,5})\b"
)
DEFAULT_PORTS = (
    (
        re.compile(r"\bgunicorn\b|\buvicorn\b|\bfastapi\b|manage\.py\s+runserver"),
        8000,
        "what its server listens on",
    ),
    (re.compile(r"\bflask\b"), 5000, "what flask listens on"),
    (re.compile(r"\bnginx\b|\bhttpd\b|\bapache2\b"), 80, "what its server listens on"),
    (re.compile(r"\bstreamlit\b"), 8501, "what streamlit listens on"),
)
URL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::(?P<port>\d+))?(?P<path>/[^\s'\"|;)]*)?")
DEFAULT_PORT = 5000


@dataclass
class Image:
    """What the last stage and those it is made from leave in the image."""

    environment: dict[str, str] = field(default_factory=dict)
    exposed: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    user: str = ""
    health_check: str = ""
    entry_point: str = ""
    command: str = ""
    base: str = ""

    @property
    def start(self) -> str:
        """The words that start it."""
        return " ".join(part for part in (*_words(self.entry_point), *_words(self.command)) if part)

    @property
    def shell_form(self) -> bool:
        """Whether a shell is process 1, which passes no signal on."""
        form = self.entry_point or self.command
        return bool(form) and not form.startswith("[") and not re.match(r"^exec\s", form)


def read_image(path: Path, target: str | None = None) -> Image:
    """What the image of a Dockerfile declares.

    Args:
        path: The Dockerfile.
        target: Stage that is built; None for the last.
    """
    stages: dict[str, Image] = {}
    arguments: dict[str, str] = {}
    current: Image | None = None
    parser = DockerfileParser(fileobj=io.BytesIO(path.read_bytes()))
    for instruction in parser.structure:
        keyword, value = instruction["instruction"], instruction["value"].strip()
        if keyword == "FROM":
            if target and stages and list(stages)[-1] == target.lower():
                break
            words = [word for word in value.split() if not word.startswith("--")]
            base = _filled(words[0], arguments) if words else ""
            inherited = stages.get(base.lower())
            current = copy.deepcopy(inherited) if inherited else Image(base=base)
            stages[words[2].lower() if len(words) > 2 else f"#{len(stages)}"] = current
        elif keyword == "ARG" and current is None:
            name, _, default = value.partition("=")
            arguments[name] = default.strip("\"'")
        elif current is not None:
            _apply(current, keyword, value, arguments)
    return current or Image()


def describe(entry: Entry, path: Path, *, target: str | None = None, said_port: int | None = None) -> Image:
    """Add to an entry what its Dockerfile says.

    Args:
        entry: The service.
        path: The Dockerfile.
        target: Stage that is built.
        said_port: Port that another file has said already.
    """
    image = read_image(path, target)
    if said_port is None:
        port, reason = port_of(image)
        if port and port != DEFAULT_PORT:
            entry.set("port", port, reason)
        elif not port:
            entry.unknown.append("port: nothing in the Dockerfile says where it listens; 5000 is taken")
    _health_check(entry, image)
    volumes = [folder for folder in image.volumes if folder != "/tmp"]  # noqa: S108  writable in any case
    if volumes:
        entry.set("container", {"writablePaths": volumes}, "VOLUME; empty at each start")
        entry.unknown.append(f"what is kept in {', '.join(volumes)} is lost when the task ends")
    if image.shell_form:
        entry.unknown.append(
            "CMD in shell form makes a shell process 1, which passes no SIGTERM on: write it as a list, or begin with "
            "exec"
        )
    if (path.parent / "manage.py").is_file():
        entry.unknown.append(
            "Django: the load balancer asks with the task's address as Host; ALLOWED_HOSTS must take it for "
            "healthCheck.path"
        )
    return image


def port_of(image: Image) -> tuple[int | None, str]:
    """Port that the image listens on, and where that is said; None where nothing says it."""
    for exposed in image.exposed:
        number, _, protocol = _filled(exposed, image.environment).partition("/")
        if number.isdecimal() and protocol in {"", "tcp"}:
            return int(number), f"EXPOSE {exposed}"
    found = PORT_OPTION.search(image.start)
    said = next((group for group in found.groups() if group), "") if found else ""
    if said.isdecimal():
        return int(said), "the port in its command"
    if image.environment.get("PORT", "").isdecimal():
        return int(image.environment["PORT"]), "ENV PORT"
    if said:  # $PORT without a default: the platform chooses
        return None, ""
    started = f"{image.start} {image.base.rpartition('/')[2]}"
    for pattern, port, reason in DEFAULT_PORTS:
        if pattern.search(started):
            return port, reason
    return None, ""


def _health_check(entry: Entry, image: Image) -> None:
    found = URL.search(image.health_check)
    if found and found["path"] and found["path"] != "/":
        entry.set("healthCheck", {"path": found["path"]}, "HEALTHCHECK")


def _apply(image: Image, keyword: str, value: str, arguments: Mapping[str, str]) -> None:
    values = {**arguments, **image.environment}
    match keyword:
        case "ENV":
            image.environment |= {name: _filled(text, values) for name, text in _pairs(value)}
        case "EXPOSE":
            image.exposed += value.split()
        case "VOLUME":
            image.volumes += json.loads(value) if value.startswith("[") else value.split()
        case "USER":
            image.user = _filled(value, values)
        case "HEALTHCHECK":
            image.health_check = _filled(value, values)
        case "ENTRYPOINT":
            image.entry_point, image.command = _filled(value, values, keep=True), ""
        case "CMD":
            image.command = _filled(value, values, keep=True)
        case _:
            pass


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    """`ENV name=value name=value`, or the old `ENV name value`."""
    name, blank, rest = value.partition(" ")
    if "=" not in name:
        if blank:
            yield name, rest.strip()
        return
    for word in shlex.split(value):
        key, equals, text = word.partition("=")
        if equals:
            yield key, text


def _words(form: str) -> list[str]:
    if form.startswith("["):
        try:
            return [str(word) for word in json.loads(form)]
        except ValueError:
            return [form]
    return [form]


def _filled(text: str, values: Mapping[str, str], *, keep: bool = False) -> str:
    """Variables replaced; unknown ones go, or with `keep` stay."""

    def value(match: re.Match[str]) -> str:
        name, fallback = match["braced"] or match["plain"], match["fallback"]
        return values.get(name) or fallback or (match[0] if keep else "")

    return re.sub(r"\$(?:\{(?P<braced>\w+)(?::-(?P<fallback>[^}]*))?\}|(?P<plain>\w+))", value, text)


def container_health_check(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """A Compose or Copilot health check as ECS runs it; None for a disabled one or one without a command."""
    test = options.get("test", options.get("command"))
    if not test or options.get("disable") or test in ("NONE", ["NONE"]):
        return None
    if isinstance(test, str):
        command = [test]
    elif test[0] == "CMD-SHELL":
        command = [" ".join(test[1:])]
    else:
        command = [str(word) for word in (test[1:] if test[0] == "CMD" else test)]
    check: dict[str, Any] = {"command": command}
    limits = {"interval": (5, 300), "timeout": (2, 60), "startPeriod": (0, 300)}
    names = {"interval": "interval", "timeout": "timeout", "startPeriod": "start_period"}
    for key, (low, high) in limits.items():
        found = seconds(options[names[key]]) if names[key] in options else None
        if found is not None:
            check[key] = max(low, min(high, found))
    if "retries" in options:
        check["retries"] = max(1, min(10, int(options["retries"])))
    return check
