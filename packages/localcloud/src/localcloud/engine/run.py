"""What the parts of one run share: the state, events, errors, and whether the user wants it to end."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from localcloud.engine.events import (
    Diagnostic,
    EventHandler,
    Op,
    Operation,
    PropertyChange,
    ResourceEvent,
    Severity,
    Status,
)
from localcloud.engine.hooks import Hooks
from localcloud.engine.registry import Registry
from localcloud.engine.resources import Resource
from localcloud.engine.stack_references import OtherStacks
from localcloud.engine.state import State
from localcloud.engine.values import HIDDEN, Properties, Wire, is_secret, plain

T = TypeVar("T")


class StepFailed(Exception):  # noqa: N818  an outcome that has been reported, not an error to report
    """A step failed, and its failure has been reported."""


@dataclass(kw_only=True)
class Run:
    """One preview, update, refresh or destroy of one stack.

    Args:
        operation: What was asked for.
        state: The stack's state; in a preview a copy in memory.
        registry: The providers.
        project: Project name.
        stack: Stack name.
        config: Provider configuration per package.
        others: What other stacks have put out.
        handler: Called with every event, from any thread but one at a time.
    """

    operation: Operation
    state: State
    registry: Registry
    project: str
    stack: str
    config: Mapping[str, Properties]
    others: OtherStacks
    handler: EventHandler
    counts: Counter[Op] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    running: dict[str, str] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    hooks: Hooks = field(default_factory=Hooks)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def preview(self) -> bool:
        """Whether nothing may be changed."""
        return self.operation is Operation.PREVIEW

    def learn_secrets(self, value: Wire) -> None:
        """Remember the secret texts in a value, so that no message shows them.

        A provider's error can quote what it was given. Very short texts are not hidden: they would blot out
        ordinary words (the Pulumi CLI filters its output in the same way).
        """
        if is_secret(value):
            self.secrets.update(text for text in _texts(plain(value)) if len(text) > 3)
        elif isinstance(value, dict | list):
            for item in value.values() if isinstance(value, dict) else value:
                self.learn_secrets(item)

    def hide(self, message: str) -> str:
        """Return a message with every known secret replaced by `[secret]`."""
        for text in sorted(self.secrets, key=len, reverse=True):
            message = message.replace(text, HIDDEN)
        return message

    def emit(self, event: ResourceEvent | Diagnostic) -> None:
        """Hand an event to the caller."""
        with self._lock:
            if self.secrets and event.message:
                event = replace(event, message=self.hide(event.message))
            if isinstance(event, Diagnostic) and event.severity is Severity.ERROR:
                self.errors.append(event.message)
            self.handler(event)

    def error(self, message: str, urn: str = "") -> None:
        """Report an error; the run will not be ok."""
        self.emit(Diagnostic(severity=Severity.ERROR, message=message, urn=urn))

    def warn(self, message: str, urn: str = "") -> None:
        """Report something the user should know."""
        self.emit(Diagnostic(severity=Severity.WARNING, message=message, urn=urn))

    @property
    def failed(self) -> bool:
        """Whether the run has failed or was stopped."""
        return bool(self.errors) or self.cancelled.is_set()

    @contextmanager
    def step(self, op: Op, resource: Resource, changes: tuple[PropertyChange, ...] = ()) -> Iterator[None]:
        """Report one step on a resource: started, then finished or failed.

        Raises:
            StepFailed: The block failed; that has been reported.
        """
        event = event_of(op, resource, changes)
        label = f"{op.value} {resource.name} ({resource.type})"
        started = time.monotonic()
        if resource.is_default_provider:
            yield
            return
        with self._lock:
            self.running[resource.urn] = label
        if op is not Op.SAME:
            self.emit(event)
        try:
            yield
        except StepFailed as failure:
            self._fail(event, started, str(failure))
            raise
        except Exception as error:  # whatever a provider raises is this resource's failure, not the engine's
            self._fail(event, started, describe_error(error))
            raise StepFailed(str(error)) from error
        finally:
            with self._lock:
                self.running.pop(resource.urn, None)
        if op is not Op.DELETE_REPLACED:  # the old copy belongs to its replacement, which counts
            with self._lock:
                self.counts[op] += 1
        self.emit(replace(event, status=Status.FINISHED, duration=time.monotonic() - started))

    def quietly(self, op: Op, resource: Resource, call: Callable[[], T]) -> T:
        """Make a call of which only a failure is reported.

        Raises:
            StepFailed: The call failed; that has been reported.
        """
        started = time.monotonic()
        try:
            return call()
        except Exception as error:
            self._fail(event_of(op, resource, ()), started, describe_error(error))
            raise StepFailed(str(error)) from error

    def _fail(self, event: ResourceEvent, started: float, message: str) -> None:
        duration = time.monotonic() - started
        self.emit(replace(event, status=Status.FAILED, duration=duration, message=message))
        with self._lock:
            self.errors.append(self.hide(f"{event.name} ({event.type}): {message}"))

    def skip(self, op: Op, resource: Resource, why: str) -> None:
        """Report that a resource was left as it is."""
        self.emit(replace(event_of(op, resource, ()), status=Status.SKIPPED, message=why))


def event_of(op: Op, resource: Resource, changes: tuple[PropertyChange, ...]) -> ResourceEvent:
    """Return the event that starts a step."""
    return ResourceEvent(
        status=Status.STARTED,
        op=op,
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        parent=resource.parent,
        changes=changes,
    )


def describe_error(error: BaseException) -> str:
    """Return an exception as one message; one without a text is named by its type."""
    return str(error) or type(error).__name__


def _texts(value: Wire) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
