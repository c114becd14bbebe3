"""Resource hooks and error hooks: functions of the program around the steps of a resource.

A failing before-hook fails the step. A failing after-hook fails the run, and not the step: what was done is recorded
as it is. An error hook may ask for another try. (Pulumi: `Deployment.RunHooks`, `RunErrorHooks`, `withRetries` in
pkg/resource/deploy, and the steps that call them; the messages are theirs.)
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from pulumi.runtime.proto import resource_pb2

from localcloud.engine.callbacks import call_back
from localcloud.engine.values import Properties, to_struct
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from localcloud.engine.resources import Resource
    from localcloud.engine.run import Run

T = TypeVar("T")
HooksOf = Mapping[str, tuple[str, ...]]

KINDS: Final = (
    "before_create",
    "after_create",
    "before_update",
    "after_update",
    "before_delete",
    "after_delete",
    "on_error",
)
_MOST_TRIES: Final = 100  # Pulumi: maxErrorHookRetries


class HookFailed(Exception):  # noqa: N818  the step's failure, in Pulumi's words
    """A hook failed, or an error hook's tries are used up."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a hook is told of its resource.

    Args:
        resource: The resource as it is, or would be.
        new_inputs: Inputs that the program wants; None for a deletion.
        old_inputs: Recorded inputs; None for a creation.
        new_outputs: Outputs after the step.
        old_outputs: Recorded outputs.
    """

    resource: "Resource"
    new_inputs: Properties | None = None
    old_inputs: Properties | None = None
    new_outputs: Properties | None = None
    old_outputs: Properties | None = None

    def request(self) -> resource_pb2.ResourceHookRequest:
        """The question to a resource hook."""
        asked = resource_pb2.ResourceHookRequest(
            urn=self.resource.urn, id=self.resource.id, name=self.resource.name, type=self.resource.type
        )
        for name in ("new_inputs", "old_inputs", "new_outputs", "old_outputs"):
            value = getattr(self, name)
            if value is not None:
                getattr(asked, name).CopyFrom(to_struct(value))
        return asked

    def error_request(self, operation: str, failures: Sequence[str]) -> resource_pb2.ErrorHookRequest:
        """The question to an error hook."""
        asked = resource_pb2.ErrorHookRequest(
            urn=self.resource.urn,
            id=self.resource.id,
            name=self.resource.name,
            type=self.resource.type,
            failed_operation=operation,
            errors=failures,
        )
        for name in ("new_inputs", "old_inputs", "old_outputs"):
            value = getattr(self, name)
            if value is not None:
                getattr(asked, name).CopyFrom(to_struct(value))
        return asked


class Hooks:
    """The hooks that one run's program has registered."""

    def __init__(self) -> None:
        self._resource: dict[str, resource_pb2.RegisterResourceHookRequest] = {}
        self._error: dict[str, resource_pb2.RegisterErrorHookRequest] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say on which event loop the program runs."""
        self._loop = loop

    @property
    def _program(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise LocalCloudError("the program does not run, so its hooks cannot be called")
        return self._loop

    def register(self, request: resource_pb2.RegisterResourceHookRequest) -> None:
        """Take a resource hook.

        Raises:
            LocalCloudError: Its name is empty or taken.
        """
        with self._lock:
            self._resource[self._free(request.name)] = request

    def register_error_hook(self, request: resource_pb2.RegisterErrorHookRequest) -> None:
        """Take an error hook.

        Raises:
            LocalCloudError: Its name is empty or taken.
        """
        with self._lock:
            self._error[self._free(request.name)] = request

    def _free(self, name: str) -> str:
        if not name:
            raise LocalCloudError("resource hook name cannot be empty")
        if name in self._resource or name in self._error:
            raise LocalCloudError(f"resource hook already registered for name {_quoted(name)}")
        return name

    def before(self, run: "Run", kind: str, facts: Facts) -> None:
        """Run a resource's hooks before a step.

        Raises:
            HookFailed: One of them failed, and so does the step.
        """
        self._run_all(run, kind, facts)

    def after(self, run: "Run", kind: str, facts: Facts) -> bool:
        """Run a resource's hooks after a step has succeeded; a failure is reported, and False returned."""
        try:
            self._run_all(run, kind, facts)
        except HookFailed as failure:
            resource = facts.resource
            run.error(f"{resource.name} ({resource.type}): {failure}", resource.urn)
            return False
        return True

    def _run_all(self, run: "Run", kind: str, facts: Facts) -> None:
        for name in facts.resource.hooks.get(kind, ()):
            hook = self._resource.get(name)
            if hook is None:
                raise HookFailed(f"hook {_quoted(name)} was not registered")
            if run.preview and not hook.on_dry_run:
                continue
            error = self._ask(run, hook, facts)
            if error and hook.ignore_errors:
                run.warn(f"{_camel(kind)} hook {_quoted(name)} failed: {error}", facts.resource.urn)
            elif error:
                raise HookFailed(f"{kind.partition('_')[0]} hook {_quoted(name)} failed: {error}")

    def _ask(self, run: "Run", hook: resource_pb2.RegisterResourceHookRequest, facts: Facts) -> str:
        try:
            return call_back(
                self._program,
                hook.callback,
                facts.request(),
                resource_pb2.ResourceHookResponse,
                run.cancelled,
            ).error
        except LocalCloudError as error:
            return str(error)

    def retrying(self, run: "Run", operation: str, facts: Facts, work: Callable[[], T]) -> T:
        """Do the work of a step, again for as long as an error hook asks for that.

        Args:
            run: The run.
            operation: `create`, `update` or `delete`.
            facts: The resource.
            work: The provider's part; what it leaves unready counts as a failure.

        Raises:
            HookFailed: An error hook failed, or asked a hundred times.
        """
        failures: list[str] = []
        while True:
            made: T | None = None
            failure: Exception | None = None
            try:
                made = work()
                reasons = getattr(made, "init_errors", ())
            except Exception as error:
                if not facts.resource.hooks.get("on_error"):
                    raise
                failure, reasons = error, (str(error) or type(error).__name__,)
            if not reasons:
                return made  # type: ignore[return-value]  # T may be None itself, as for a deletion
            failures.insert(0, "\n".join(reasons))
            if not self._again(run, operation, facts, failures):
                if failure is not None:
                    raise failure
                return made  # type: ignore[return-value]  # see above

    def _again(self, run: "Run", operation: str, facts: Facts, failures: Sequence[str]) -> bool:
        names = facts.resource.hooks.get("on_error", ())
        if not names:
            return False
        urn = facts.resource.urn
        if len(failures) >= _MOST_TRIES:
            run.warn(f"maximum number of error hook retries ({_MOST_TRIES}) reached", urn)
            raise HookFailed("maximum number of error hook retries reached")
        # All of them are asked, also when the first has said yes.
        answers = [self._ask_error_hook(name, operation, facts, failures) for name in names]
        if not any(answers):
            return False
        run.warn(f"retrying {operation} due to on-error hook request ({len(failures)}/{_MOST_TRIES})", urn)
        return True

    def _ask_error_hook(self, name: str, operation: str, facts: Facts, failures: Sequence[str]) -> bool:
        hook = self._error.get(name)
        if hook is None:
            raise HookFailed(f"error hooks execution failed: error hook {_quoted(name)} was not registered")
        question = facts.error_request(operation, failures)
        answer = call_back(self._program, hook.callback, question, resource_pb2.ErrorHookResponse)
        if answer.error:
            raise HookFailed(
                f"error hooks execution failed: error hook {_quoted(name)} failed: {answer.error}"
            )
        return answer.retry


def read_hooks(request: resource_pb2.RegisterResourceRequest) -> dict[str, tuple[str, ...]]:
    """The hooks of a registration, by their kind; kinds without any are left out."""
    found = {kind: tuple(getattr(request.hooks, kind)) for kind in KINDS}
    return {kind: names for kind, names in found.items() if names}


def delete_hooks_refusal(resources: Sequence["Resource"]) -> str:
    """Why resources with delete hooks cannot be deleted without the program; empty when none has any.

    Pulumi: `newDestroySource` in pkg/engine/destroy.go.
    """
    lines = []
    for resource in resources:
        names = [*resource.hooks.get("before_delete", ()), *resource.hooks.get("after_delete", ())]
        if names:
            lines.append(f"  {resource.name} ({resource.type}): {', '.join(names)}")
    if not lines:
        return ""
    what = "destroy does not run the program, which these delete hooks need:"
    fix = "  fix: take the hooks out of the program and run `up` once, then destroy"
    return "\n".join([what, *lines, fix])


def _quoted(name: str) -> str:
    return json.dumps(name)


def _camel(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("_"))
