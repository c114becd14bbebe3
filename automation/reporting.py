"""Show a verb's events: to a person as lines, to a pipeline as one JSON object per line."""

import dataclasses
import json
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from rich.console import Console
from rich.text import Text

from automation.events import Foreseen, Progress, Verified
from localcloud.engine import Event, RunFinished, Status
from localcloud.engine.display import Display

_NAMES = {
    "RunStarted": "started",
    "ResourceEvent": "resource",
    "Diagnostic": "message",
    "RunFinished": "finished",
    "Progress": "progress",
    "Verified": "verified",
    "Foreseen": "foreseen",
}


class Lines:
    """Prints events as lines on standard output."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._display = Display(self._console)

    def __call__(self, event: Event | Progress | Verified | Foreseen) -> None:
        """Print one event."""
        if isinstance(event, Progress):
            self._console.print(Text(f"    {event.message}", style="dim"))
        elif isinstance(event, Verified):
            sign, style = ("ok  ", "green") if event.verdict.ok else ("!   ", "bold red")
            self._console.print(Text.assemble((sign, style), str(event.verdict)))
        elif isinstance(event, Foreseen):
            self._console.print(Text("What users will notice:", style="bold yellow"))
            for impact in event.impacts:
                self._console.print(Text.assemble(("!   ", "bold red"), str(impact)))
        else:
            self._display(event)

    def result(self, verb: str, ok: bool, **values: Any) -> None:
        """Nothing: the lines have said it."""


class JsonLines:
    """Prints events and the result as JSON, one object per line, on standard output and nothing else there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, event: Event | Progress | Verified | Foreseen) -> None:
        """Print one event; those of unchanged resources' beginnings are left away."""
        if getattr(event, "status", None) is Status.STARTED and getattr(event, "op", "") == "same":
            return
        content = plain(event.outcome if isinstance(event, RunFinished) else event)
        if isinstance(event, Verified):
            content = plain(event.verdict)
        self._write({"event": _NAMES[type(event).__name__], **content})

    def result(self, verb: str, ok: bool, **values: Any) -> None:
        """Print the last line."""
        self._write({"event": "result", "verb": verb, "ok": ok, **plain(values)})

    def _write(self, content: Mapping[str, Any]) -> None:
        stamped = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), **content}
        with self._lock:
            sys.stdout.write(json.dumps(stamped, ensure_ascii=False, default=str) + "\n")
            sys.stdout.flush()


Reporter = Lines | JsonLines


def plain(value: Any) -> Any:
    """Dataclasses, enumerations and times as JSON has them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return value
