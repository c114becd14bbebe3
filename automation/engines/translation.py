"""Pulumi's engine events as ours: one vocabulary for display, JSON and tests, whichever engine ran."""

import re
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from pulumi.automation import EngineEvent
from pulumi.automation.events import (
    DiagnosticEvent,
    DiffKind,
    OpType,
    StepEventMetadata,
    StepEventStateMetadata,
)
from pulumi.runtime import rpc

from localcloud.engine import (
    Diagnostic,
    EventHandler,
    Op,
    Operation,
    PropertyChange,
    ResourceEvent,
    RunStarted,
    Severity,
    Status,
)
from localcloud.engine.paths import parse_path

OPS: Final[Mapping[str, Op]] = {
    OpType.SAME: Op.SAME,
    OpType.CREATE: Op.CREATE,
    OpType.UPDATE: Op.UPDATE,
    OpType.DELETE: Op.DELETE,
    OpType.CREATE_REPLACEMENT: Op.REPLACE,
    OpType.DELETE_REPLACED: Op.DELETE_REPLACED,
    OpType.READ: Op.READ,
    OpType.READ_REPLACEMENT: Op.READ,
    OpType.REFRESH: Op.REFRESH,
    OpType.IMPORT: Op.IMPORT,
    OpType.IMPORT_REPLACEMENT: Op.IMPORT,
    OpType.DISCARD: Op.DELETE,
}
# The summary counts a replacement under its own word, beside the two steps it consists of.
COUNTED: Final[Mapping[str, Op]] = {
    **{key: op for key, op in OPS.items() if key != OpType.CREATE_REPLACEMENT},
    OpType.REPLACE: Op.REPLACE,
}
_SEVERITIES: Final = {
    "info": Severity.INFO,
    "info#err": Severity.INFO,
    "warning": Severity.WARNING,
    "error": Severity.ERROR,
}
_COLOUR: Final = re.compile(r"<\{%[^%]*%\}>")
# What the engine says about the run as a whole; the errors themselves come before it.
_CLOSING: Final = re.compile(
    r"^((update|preview|refresh|destroy) failed|update canceled|.*resource operations? failed)\s*$"
)
_SECRET: Final = "[secret]"  # noqa: S105  what the engine shows in place of one
# How Pulumi marks special values in its state.
_SECRET_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"  # noqa: S105  no secret, but the sign of one
_UNKNOWN: Final = "[unknown]"
STACK: Final = "pulumi:pulumi:Stack"


class Translator:
    """Receives Pulumi's events, passes ours on, and remembers what the outcome needs.

    Args:
        operation: The run.
        project: Name of the project.
        stack: Name of the stack.
        handler: Called with every translated event, one at a time.
    """

    def __init__(self, operation: Operation, project: str, stack: str, handler: EventHandler) -> None:
        self._operation = operation
        self._handler = handler
        self._started: dict[str, float] = {}
        self._lock = threading.Lock()
        self.counts: dict[Op, int] = {}
        self.errors: list[str] = []
        self.outputs: dict[str, Any] = {}
        self.output_changes: tuple[PropertyChange, ...] = ()
        self.running: dict[str, str] = {}
        self.asked: dict[str, Mapping[str, Any]] = {}
        self._reported: set[tuple[str, Op]] = set()
        handler(RunStarted(operation=operation, project=project, stack=stack))

    def __call__(self, event: EngineEvent) -> None:
        """Translate one event."""
        with self._lock:
            if event.resource_pre_event:
                self._begin(event.resource_pre_event.metadata)
            elif event.res_outputs_event:
                self._end(event.res_outputs_event.metadata, Status.FINISHED)
            elif event.res_op_failed_event:
                self._end(event.res_op_failed_event.metadata, Status.FAILED)
            elif event.diagnostic_event:
                self._diagnose(event.diagnostic_event)
            elif event.summary_event:
                changes = event.summary_event.resource_changes.items()
                self.counts = {COUNTED[key]: count for key, count in changes if key in COUNTED}

    def _begin(self, step: StepEventMetadata) -> None:
        op = OPS.get(step.op)
        if op is None or (step.type.startswith("pulumi:providers:") and op is Op.SAME):
            return
        self._started[step.urn] = time.monotonic()
        if step.new is not None:
            self.asked[step.urn] = readable(step.new.inputs or {})
        if step.new is not None and not step.new.custom:
            return  # a component is only as slow as its children, which speak for themselves
        self.running[step.urn] = f"{op.value} {_name(step.urn)} ({step.type})"
        self._handler(self._event(step, op, Status.STARTED))

    def _end(self, step: StepEventMetadata, status: Status) -> None:
        op = OPS.get(step.op)
        self.running.pop(step.urn, None)
        if step.type == STACK and step.new is not None and step.new.outputs is not None:
            self._stack_outputs(step)
        if op is None or (op is Op.REFRESH and not _differs(step)):
            return
        # A component ends twice: when it is registered and when its outputs are.
        if status is Status.FINISHED and (step.urn, op) in self._reported:
            return
        self._reported.add((step.urn, op))
        self._handler(self._event(step, op, status))

    def _stack_outputs(self, step: StepEventMetadata) -> None:
        before = readable(step.old.outputs or {}) if step.old else {}
        after = readable(step.new.outputs or {}) if step.new else {}
        self.outputs = after
        self.output_changes = tuple(
            PropertyChange(path=key, old=before.get(key), new=after.get(key))
            for key in sorted(before.keys() | after.keys())
            if before.get(key) != after.get(key)
        )

    def _event(self, step: StepEventMetadata, op: Op, status: Status) -> ResourceEvent:
        started = self._started.get(step.urn)
        ended = status is not Status.STARTED and started is not None
        state = step.new or step.old
        return ResourceEvent(
            status=status,
            op=op,
            urn=step.urn,
            type=step.type,
            name=_name(step.urn),
            parent=state.parent if state else "",
            changes=property_changes(step),
            duration=time.monotonic() - started if ended and started is not None else None,
        )

    def _diagnose(self, event: DiagnosticEvent) -> None:
        message = _COLOUR.sub("", event.message).strip()
        severity = _SEVERITIES.get(event.severity)
        if severity is None or event.ephemeral or not message:
            return
        # The engine interrupts the program after the first failure, and the program's runtime says so at length.
        if event.severity == "info#err" and self.errors:
            return
        if severity is Severity.ERROR:
            if _CLOSING.match(message):
                return
            where = (
                f"{_name(event.urn)} ({event.urn.split('::')[-2].rsplit('$', 1)[-1]}): " if event.urn else ""
            )
            self.errors.append(f"{where if STACK not in where else ''}{message}")
        self._handler(Diagnostic(severity=severity, message=message, urn=event.urn or ""))


def property_changes(step: StepEventMetadata) -> tuple[PropertyChange, ...]:
    """The properties that differ in a step, with masked secrets as the engine sends them."""
    changes = []
    for path, difference in sorted((step.detailed_diff or {}).items()):
        kind = DiffKind(difference.diff_kind)
        old = _at(step.old, path, inputs=difference.input_diff)
        new = _at(step.new, path, inputs=difference.input_diff or step.op != OpType.REFRESH)
        changes.append(
            PropertyChange(
                path=path,
                old=None if kind.value.startswith("add") else old,
                new=None if kind.value.startswith("delete") else new,
                replaces=kind.value.endswith("replace"),
            )
        )
    return tuple(changes)


def _at(state: StepEventStateMetadata | None, path: str, *, inputs: bool) -> Any:
    value: Any = (state.inputs if inputs else state.outputs) if state else None
    try:
        for step in parse_path(path):
            value = value[step] if value is not None else None
    except (KeyError, IndexError, TypeError, ValueError):
        # A secret hides what is below it.
        return _SECRET if value == _SECRET else None
    return readable(value)


def readable(value: Any) -> Any:
    """A value of an event or a state, with `[unknown]` and `[secret]` where the engine has its special forms."""
    if isinstance(value, Mapping):
        if _SECRET_SIGNATURE in value and ("ciphertext" in value or "plaintext" in value):
            return _SECRET
        return {key: readable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [readable(item) for item in value]
    return _UNKNOWN if value == rpc.UNKNOWN else value


def _differs(step: StepEventMetadata) -> bool:
    return bool(step.detailed_diff) or step.new is None


def _name(urn: str) -> str:
    return urn.rsplit("::", 1)[-1]
