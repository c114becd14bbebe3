"""The built-in engine: previews, updates, refreshes and destroys one stack on the local cloud."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Final

from localcloud.engine.deletion import delete_all, leftover
from localcloud.engine.diffing import property_changes
from localcloud.engine.events import (
    Diagnostic,
    Event,
    EventHandler,
    Operation,
    Outcome,
    PropertyChange,
    RunFinished,
    RunStarted,
    Severity,
)
from localcloud.engine.hooks import delete_hooks_refusal
from localcloud.engine.hosting import ProviderFactory
from localcloud.engine.importing import Import, import_all
from localcloud.engine.program import run_program
from localcloud.engine.project import Project
from localcloud.engine.recovery import look_at_deleted, recover
from localcloud.engine.refreshing import refresh_all
from localcloud.engine.registry import Registry
from localcloud.engine.resources import STACK_TYPE, Resource
from localcloud.engine.run import Run
from localcloud.engine.secrets import StateCipher
from localcloud.engine.stack_references import OtherStacks, StateFiles
from localcloud.engine.state import State, stack_lock
from localcloud.engine.steps import Registrar
from localcloud.engine.targets import Targets
from localcloud.engine.values import Properties, plain, printable, secret
from localcloud.errors import LocalCloudError

_INTERRUPTED: Final = 130
_EVERYTHING: Final = Targets()


class Engine:
    """Runs one stack of a project; one run at a time, in the thread that asks for it.

    The program runs in this process with the project's folder as working directory, which the whole process
    shares.

    Args:
        project: The project with the stack's configuration.
        state_file: Where the stack's state is kept.
        secrets_key: Key file for the secrets in it; made on first use.
        world: Identity of the running local cloud; a state of another one is dropped with a warning.
        providers: Makes a provider per package.
        on_event: Called with every event of a run, from any thread but one at a time.
        state_files: Where the states of other stacks are, for stack references; None for nowhere.
        environment: Variables that the program sees besides this process's own, which see them while it runs.
    """

    def __init__(
        self,
        project: Project,
        *,
        state_file: Path,
        secrets_key: Path,
        world: str,
        providers: Mapping[str, ProviderFactory],
        on_event: EventHandler | None = None,
        state_files: StateFiles | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._project = project
        self._state_file = state_file
        self._cipher = StateCipher(secrets_key)
        self._world = world
        self._providers = providers
        self._others = OtherStacks(project.name, state_files, self._cipher, world)
        self._environment = dict(environment or {})
        self._on_event: Callable[[Event], None] = on_event or (lambda _: None)

    def preview(self) -> Outcome:
        """Say what `up` would do, and change nothing.

        Raises:
            LocalCloudError: The state is damaged.
        """
        return self._operate(Operation.PREVIEW, self._evaluate)

    def up(self, targets: Sequence[str] = ()) -> Outcome:
        """Make the local cloud what the program describes.

        Args:
            targets: URNs, or patterns of URNs, of the resources to look after: the others stay as they are, and what
                there is not yet is not made. None for all.

        Raises:
            LocalCloudError: The state is damaged, or another run is changing the stack.
        """
        return self._operate(Operation.UP, lambda run: self._evaluate(run, Targets(tuple(targets))))

    def adopt(self, imports: Sequence[Import]) -> Outcome:
        """Take objects that exist into the state, as `pulumi import` does; neither they nor the program are touched.

        Args:
            imports: What to take, parents first.

        Raises:
            LocalCloudError: The state is damaged, or another run is changing the stack.
        """
        return self._operate(
            Operation.IMPORT, lambda run: import_all(run, Registrar(run, _EVERYTHING), imports)
        )

    def refresh(self) -> Outcome:
        """Make the state say what the objects are now; the program is not run.

        Raises:
            LocalCloudError: The state is damaged, or another run is changing the stack.
        """
        return self._operate(Operation.REFRESH, self._refresh)

    def destroy(self) -> Outcome:
        """Delete everything the stack has; the program is not run.

        Raises:
            LocalCloudError: The state is damaged, or another run is changing the stack.
        """
        return self._operate(Operation.DESTROY, self._destroy)

    def outputs(self, *, show_secrets: bool = False) -> dict[str, Any]:
        """Return the stack's outputs of the last update; secrets are `[secret]` unless asked for.

        Raises:
            LocalCloudError: The state is damaged.
        """
        outputs = _stack_outputs(self._load(in_memory=True))
        return {key: plain(value) if show_secrets else printable(value) for key, value in outputs.items()}

    def resources(self) -> list[Resource]:
        """Return the stack's resources of the last update, without the engine's default providers.

        Raises:
            LocalCloudError: The state is damaged.
        """
        resources = self._load(in_memory=True).resources.values()
        return [item for item in resources if not item.is_default_provider]

    def _load(self, *, in_memory: bool) -> State:
        state = State(self._state_file, self._cipher, self._world, in_memory=in_memory)
        state.load()
        return state

    def _operate(self, operation: Operation, body: Callable[[Run], Properties | None]) -> Outcome:
        started = time.monotonic()
        preview = operation is Operation.PREVIEW
        with ExitStack() as stack:
            if not preview:
                stack.enter_context(stack_lock(self._state_file, self._project.stack))
            state = self._load(in_memory=preview)
            run = self._start(operation, state)
            stack.enter_context(_interruptible(run))
            before = _stack_outputs(state)
            after = body(run)
            try:
                state.flush()
            except LocalCloudError as error:
                run.error(str(error))
            outcome = _outcome(run, before, _stack_outputs(state) if after is None else after, started)
            self._on_event(RunFinished(outcome=outcome))
        return outcome

    def _start(self, operation: Operation, state: State) -> Run:
        self._on_event(RunStarted(operation=operation, project=self._project.name, stack=self._project.stack))
        run = Run(
            operation=operation,
            state=state,
            registry=Registry(self._providers, state),
            project=self._project.name,
            stack=self._project.stack,
            config=_provider_config(self._project),
            others=self._others,
            handler=self._on_event,
        )
        for value in self._project.config.values():
            if value.secret:
                run.learn_secrets(secret(value.text))
        if state.discarded:
            run.warn(
                f"the local cloud was restarted empty; the {state.discarded} resources of its last run "
                "no longer exist"
            )
        return run

    def _evaluate(self, run: Run, targets: Targets = _EVERYTHING) -> Properties | None:
        recover(run)
        look_at_deleted(run)
        registrar = Registrar(run, targets)
        before = _stack_outputs(run.state)
        complete = threading.Event()

        def finish() -> None:
            # What a failed run has not registered may still be wanted, and what it should have replaced be in
            # use.
            if not run.failed and not targets.patterns:
                complete.set()
                delete_all(run, leftover(run, registrar.seen))

        outputs = (
            None if run.failed else run_program(self._project, run, registrar, finish, self._environment)
        )
        if not complete.is_set():
            # A program that stopped half-way, or had targets, has not exported all: as in Pulumi, absence does not
            # mean removal.
            _keep_stack_outputs(run.state, before)
            outputs = None
        return outputs

    def _refresh(self, run: Run) -> None:
        recover(run)
        look_at_deleted(run)
        refresh_all(run)

    def _destroy(self, run: Run) -> None:
        recover(run)
        if not run.failed:
            doomed = leftover(run, ())
            if refusal := delete_hooks_refusal(doomed):
                run.error(refusal)
            else:
                delete_all(run, doomed)


def _provider_config(project: Project) -> dict[str, Properties]:
    config: dict[str, Properties] = {}
    for key, value in project.config.items():
        package, _, name = key.partition(":")
        if package != project.name:
            config.setdefault(package, {})[name] = secret(value.text) if value.secret else value.text
    return config


def _stack_outputs(state: State) -> Properties:
    for resource in state.resources.values():
        if resource.type == STACK_TYPE:
            return resource.outputs
    return {}


def _keep_stack_outputs(state: State, before: Properties) -> None:
    for resource in state.resources.values():
        if resource.type == STACK_TYPE and before.keys() - resource.outputs.keys():
            kept = replace(resource, outputs={**before, **resource.outputs})
            state.change(lambda: state.put(kept))  # noqa: B023  called here and now
            return


def _outcome(run: Run, before: Properties, after: Properties, started: float) -> Outcome:
    changes: tuple[PropertyChange, ...] = property_changes(before, after)
    return Outcome(
        operation=run.operation,
        ok=not run.failed,
        changes=dict(run.counts),
        outputs={key: printable(value) for key, value in after.items()},
        errors=tuple(run.errors),
        duration=time.monotonic() - started,
        interrupted=run.cancelled.is_set(),
        output_changes=changes,
        unemulated=run.registry.remarks("unemulated"),
        notes=run.registry.remarks("notes"),
    )


@contextmanager
def _interruptible(run: Run) -> Iterator[None]:
    """Let the first Ctrl-C end the run in good order, and the second one at once.

    A second Ctrl-C cannot wait for threads that are inside a cloud call, so it ends the process. The state
    says what was being created, and the next run looks for it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        running = ", ".join(sorted(run.running.values())) or "nothing"
        if run.cancelled.is_set():
            sys.stderr.write(f"left while running: {running}; the next run picks up from here\n")
            sys.stderr.flush()
            os._exit(_INTERRUPTED)
        run.cancelled.set()
        # The thread that holds the run's lock may be the one this handler interrupts: report from another.
        message = f"stopping; waiting for: {running} (Ctrl-C again leaves at once)"
        note = Diagnostic(severity=Severity.WARNING, message=message)
        threading.Thread(target=run.emit, args=(note,), daemon=True).start()

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
