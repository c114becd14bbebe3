"""What a run tells its caller while it happens: one event per step, and an outcome at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Operation(StrEnum):
    """The run that was asked for."""

    PREVIEW = "preview"
    UP = "up"
    REFRESH = "refresh"
    DESTROY = "destroy"
    IMPORT = "import"


class Op(StrEnum):
    """What a run does with one resource."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    DELETE_REPLACED = "delete replaced"
    READ = "read"
    IMPORT = "import"
    REFRESH = "refresh"


class Status(StrEnum):
    """How far one step is."""

    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    SKIPPED = "skipped"


class Severity(StrEnum):
    """Severity of a message to the user."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class PropertyChange:
    """One property that differs, safe to print: secrets are `[secret]`, values not known yet `[unknown]`.

    Args:
        path: Property path as Pulumi writes it.
        old: Value before; None when the property is new.
        new: Value after; None when the property goes.
        replaces: Whether this change forces the resource to be replaced.
    """

    path: str
    old: Any
    new: Any
    replaces: bool = False


@dataclass(frozen=True, kw_only=True)
class ResourceEvent:
    """One step on one resource.

    Args:
        status: How far the step is.
        op: What is done.
        urn: The resource's URN.
        type: Its type token.
        name: Its logical name.
        parent: URN of its parent; empty for the stack.
        changes: Differing properties of an update, replacement or refresh.
        duration: Seconds from start to end; None while the step has not ended.
        message: Why it failed or was skipped.
    """

    status: Status
    op: Op
    urn: str
    type: str
    name: str
    parent: str = ""
    changes: tuple[PropertyChange, ...] = ()
    duration: float | None = None
    message: str | None = None


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """A message to the user, from the program, a provider or the engine."""

    severity: Severity
    message: str
    urn: str = ""


@dataclass(frozen=True, kw_only=True)
class RunStarted:
    """The first event of every run."""

    operation: Operation
    project: str
    stack: str


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a run.

    Args:
        operation: The run that was asked for.
        ok: Whether everything that was asked for has been done.
        changes: Number of resources per step, without those that failed or were skipped.
        outputs: The stack's outputs; secrets are `[secret]`, values not known yet `[unknown]`.
        errors: Every error in the order it happened, safe to print.
        duration: Seconds.
        interrupted: Whether the user stopped the run.
        output_changes: Stack outputs that differ from before the run.
        unemulated: Resources that are declared for AWS and not run by the local cloud: reason by URN.
        notes: What the local cloud does differently from what a resource asks for: text by URN.
    """

    operation: Operation
    ok: bool
    changes: Mapping[Op, int] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    duration: float = 0.0
    interrupted: bool = False
    output_changes: tuple[PropertyChange, ...] = ()
    unemulated: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether the run changed a resource, or would."""
        return any(count for op, count in self.changes.items() if op not in {Op.SAME, Op.READ})


@dataclass(frozen=True, kw_only=True)
class RunFinished:
    """The last event of every run."""

    outcome: Outcome


Event = RunStarted | ResourceEvent | Diagnostic | RunFinished
EventHandler = Callable[[Event], None]
