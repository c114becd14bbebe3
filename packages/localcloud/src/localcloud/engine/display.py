"""Prints a run as Pulumi does: a line per step while it happens, then outputs, counts and the duration."""

import json
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from localcloud.engine.differences import expanded, windows
from localcloud.engine.events import (
    Diagnostic,
    Event,
    Op,
    Operation,
    Outcome,
    PropertyChange,
    ResourceEvent,
    RunFinished,
    RunStarted,
    Severity,
    Status,
)
from localcloud.engine.resources import urn_name, urn_type
from localcloud.errors import visible

_ANNOUNCE_AFTER: Final = 1.0
_TICK: Final = 0.25
_LONGEST: Final = 160

_SIGNS: Final = {
    Op.SAME: (" ", ""),
    Op.CREATE: ("+", "green"),
    Op.IMPORT: ("=", "green"),
    Op.UPDATE: ("~", "yellow"),
    Op.REPLACE: ("+-", "magenta"),
    Op.DELETE: ("-", "red"),
    Op.DELETE_REPLACED: ("--", "red"),
    Op.READ: (">", "cyan"),
    Op.REFRESH: ("~", "yellow"),
}
# Per step: while it runs, when it is done, and what a preview says.
_WORDS: Final = {
    Op.SAME: ("checking", "unchanged", "unchanged"),
    Op.CREATE: ("creating", "created", "to create"),
    Op.IMPORT: ("importing", "imported", "to import"),
    Op.UPDATE: ("updating", "updated", "to update"),
    Op.REPLACE: ("replacing", "replaced", "to replace"),
    Op.DELETE: ("deleting", "deleted", "to delete"),
    Op.DELETE_REPLACED: ("deleting old", "old one deleted", "old one to delete"),
    Op.READ: ("reading", "read", "to read"),
    Op.REFRESH: ("reading", "refreshed", "to refresh"),
}
_TITLES: Final = {
    Operation.PREVIEW: "Previewing update",
    Operation.UP: "Updating",
    Operation.REFRESH: "Refreshing",
    Operation.DESTROY: "Destroying",
    Operation.IMPORT: "Importing",
}
_SEVERITY_STYLES: Final = {Severity.INFO: "cyan", Severity.WARNING: "yellow", Severity.ERROR: "bold red"}


class Display:
    """An event handler that prints; on a terminal with colours, elsewhere as plain lines.

    Args:
        console: Where to print; the standard output by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._operation = Operation.UP
        self._running: dict[str, tuple[float, ResourceEvent]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def __call__(self, event: Event) -> None:
        """Print one event."""
        if isinstance(event, RunStarted):
            self._start(event)
        elif isinstance(event, ResourceEvent):
            self._step(event)
        elif isinstance(event, Diagnostic):
            # Errors are told once, together, at the end: there they cannot scroll away.
            if event.severity is not Severity.ERROR:
                self._print(f"{event.severity.value}: ", _SEVERITY_STYLES[event.severity], event.message)
        else:
            self._finish(event)

    def _start(self, event: RunStarted) -> None:
        self._operation = event.operation
        self._ended.clear()
        self._print("", "", f"{_TITLES[event.operation]} ({event.stack}):")
        threading.Thread(target=self._announce_slow, name="display", daemon=True).start()

    def _step(self, event: ResourceEvent) -> None:
        with self._lock:
            self._running.pop(event.urn, None)
            if event.status is Status.STARTED:
                self._running[event.urn] = (time.monotonic(), event)
                return
        if event.status is Status.FINISHED and event.op is Op.SAME:
            return
        self._line(event, self._word(event))
        for change in event.changes if event.status is not Status.SKIPPED else ():
            for part in expanded(change):
                self._change(part)

    def _word(self, event: ResourceEvent) -> str:
        going, done, planned = _WORDS[event.op]
        if event.status is Status.FAILED:
            return f"{going} failed{_seconds(event.duration)}"
        if event.status is Status.SKIPPED:
            return f"skipped: {event.message}"
        return planned if self._operation is Operation.PREVIEW else f"{done}{_seconds(event.duration)}"

    def _announce_slow(self) -> None:
        """Say that a step is running when it takes its time; quick ones get one line, when they are done."""
        announced: set[int] = set()
        while not self._ended.wait(_TICK):
            now = time.monotonic()
            with self._lock:
                slow = [event for since, event in self._running.values() if now - since > _ANNOUNCE_AFTER]
            for event in slow:
                if id(event) not in announced:
                    announced.add(id(event))
                    self._line(event, f"{_WORDS[event.op][0]} …")

    def _line(self, event: ResourceEvent, word: str) -> None:
        sign, style = _SIGNS[event.op]
        if event.status is Status.FAILED:
            sign, style = "!", "bold red"
        elif event.status is Status.SKIPPED:
            sign, style = "?", "dim"
        self._print(f" {sign:<2} ", style, f"{event.name}  {event.type}  {word}")

    def _change(self, change: PropertyChange, indent: int = 6) -> None:
        if change.old is None:
            sign, style, text = "+", "green", _short(change.new)
        elif change.new is None:
            sign, style, text = "-", "red", _short(change.old)
        else:
            old, new = change.old, change.new
            if isinstance(old, str) and isinstance(new, str):
                old, new = windows(old, new)
            sign, style, text = "~", "yellow", f"{_short(old)} => {_short(new)}"
        note = "  (forces replacement)" if change.replaces else ""
        self._print(f"{' ' * indent}{sign} ", style, f"{change.path}: {text}{note}")

    def _finish(self, event: RunFinished) -> None:
        self._ended.set()
        outcome = event.outcome
        if outcome.outputs and outcome.operation is not Operation.DESTROY:
            self._print("", "", "Outputs:")
            for key, value in sorted(outcome.outputs.items()):
                self._print("", "", f"    {key}: {_full(value)}")
        self._counts(outcome)
        self._remarks("Declared for AWS, not run by the local cloud:", outcome.unemulated)
        self._remarks("Done differently by the local cloud:", outcome.notes)
        if not outcome.ok:
            self._errors(outcome)
        self._print("", "", f"Duration: {outcome.duration:.1f}s")

    def _remarks(self, title: str, remarks: Mapping[str, str]) -> None:
        if remarks:
            self._print("", "yellow", title)
        for urn, text in sorted(remarks.items()):
            self._print("", "", f"    {urn_name(urn)}  {urn_type(urn)}  {text}")

    def _counts(self, outcome: Outcome) -> None:
        words = 2 if outcome.operation is Operation.PREVIEW else 1
        self._print("", "", "Resources:")
        shown = [op for op in _SIGNS if op is not Op.DELETE_REPLACED and outcome.changes.get(op)]
        for op in sorted(shown, key=lambda op: op is Op.SAME):
            sign, style = _SIGNS[op]
            self._print(
                f"    {sign + ' ' if sign.strip() else ''}",
                style,
                f"{outcome.changes[op]} {_WORDS[op][words]}",
            )
        if not shown:
            self._print("", "", "    none")
        elif outcome.ok and not outcome.changed and outcome.operation in {Operation.UP, Operation.PREVIEW}:
            self._print("", "", "No changes.")

    def _errors(self, outcome: Outcome) -> None:
        if outcome.interrupted:
            self._print("", "bold red", "Stopped by Ctrl-C; run the command again to go on from here.")
        if outcome.errors:
            self._print("", "bold red", f"Failed with {_plural(len(outcome.errors), 'error')}:")
            for message in outcome.errors:
                self._print("", "", _indent(message, 2))

    def _print(self, lead: str, style: str, text: str) -> None:
        line = Text(lead, style=style)
        line.append(visible(text), style=style if not lead else "")
        self._console.print(line, soft_wrap=True)


def _seconds(duration: float | None) -> str:
    return "" if duration is None or duration < 0.05 else f" ({duration:.1f}s)"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _indent(text: str, width: int) -> str:
    return "\n".join(" " * width + line for line in text.splitlines())


def _full(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    text = _full(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def summary_line(outcome: Outcome) -> str:
    """Return the counts in one line: `+ 12 to create, ~ 2 to update, 10 unchanged`."""
    words = 2 if outcome.operation is Operation.PREVIEW else 1
    return ", ".join(_counted(outcome.changes, words)) or "nothing"


def _counted(changes: Mapping[Op, int], words: int) -> Iterable[str]:
    for op in sorted(_SIGNS, key=lambda op: op is Op.SAME):
        if changes.get(op) and op is not Op.DELETE_REPLACED:
            sign = _SIGNS[op][0].strip()
            yield f"{sign} {changes[op]} {_WORDS[op][words]}".strip()
