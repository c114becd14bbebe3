"""What a Dockerfile says about the service in it, for `init`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from automation.init.entry import Entry, seconds
from infra.pure.dockerfile import Image, read_image

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
DEFAULT_PORT = 5000
DEFAULT_TIMEOUT = 5


def describe(entry: Entry, path: Path, *, target: str | None = None, said_port: int | None = None) -> Image:
    """Add to an entry what its Dockerfile says and the program does not read there by itself.

    The program takes the port and the health checks from the Dockerfile (infra/settings/image_defaults.py): they are
    left out, so that the entry follows the Dockerfile.

    Args:
        entry: The service.
        path: The Dockerfile.
        target: Stage that is built.
        said_port: Port that another file has said already.
    """
    image = read_image(path.read_text("utf-8", "replace"), target=target)
    entry.port_in_image = bool(image.said_port)
    if said_port is None and not image.said_port:
        port, reason = port_of(image)
        if port and port != DEFAULT_PORT:
            entry.set("port", port, reason)
        elif not port and not image.leaves_port_open:
            entry.unknown.append("port: nothing in the Dockerfile says where it listens; 5000 is taken")
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
    """Port that the image listens on, and what says or suggests it; None where nothing does."""
    if image.said_port:
        return image.said_port
    if image.leaves_port_open:
        return None, ""
    started = f"{image.start} {image.base.rpartition('/')[2]}"
    for pattern, port, reason in DEFAULT_PORTS:
        if pattern.search(started):
            return port, reason
    return None, ""


def container_health_check(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """A Compose or Copilot health check as ECS runs it; None for one without a command, which is the image's."""
    test = options.get("test", options.get("command"))
    if options.get("disable") or test in ("NONE", ["NONE"]):
        return {"command": ["NONE"]}
    if not test:
        return None
    if isinstance(test, str):
        command = [test]
    elif test[0] == "CMD-SHELL":
        command = [" ".join(test[1:])]
    else:
        command = ["CMD", *(str(word) for word in (test[1:] if test[0] == "CMD" else test))]
    check: dict[str, Any] = {"command": command}
    limits = {"interval": (5, 300), "timeout": (2, 60), "startPeriod": (0, 300)}
    names = {"interval": "interval", "timeout": "timeout", "startPeriod": "start_period"}
    for key, (low, high) in limits.items():
        found = seconds(options[names[key]]) if names[key] in options else None
        if found is not None:
            check[key] = max(low, min(high, found))
    within_interval(check, interval=30)
    if "retries" in options:
        check["retries"] = max(1, min(10, int(options["retries"])))
    return check


def within_interval(check: dict[str, Any], *, interval: int) -> None:
    """Let a check's timeout end before the next check, which is asked for of both kinds of checks.

    Args:
        check: The settings of a health check; changed in place.
        interval: The settings' default, in seconds.
    """
    longest = int(check.get("interval", interval)) - 1
    if check.get("timeout", DEFAULT_TIMEOUT) > longest:
        check["timeout"] = longest
