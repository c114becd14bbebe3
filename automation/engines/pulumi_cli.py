"""Pulumi's own engine as a `StackEngine`, driven through the Automation API with the program by work_dir."""

import json
import os
import secrets
import shlex
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Any

from pulumi.automation import Deployment, LocalWorkspace, Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from automation.commands import verb, verb_of
from automation.engines.base import CloudResource, EngineName
from automation.engines.command import InterruptibleCommand, find_command
from automation.engines.import_file import import_file
from automation.engines.translation import Translator, readable
from automation.engines.workspace import StackSource, write_workspace
from localcloud.engine import Diagnostic, EventHandler, Import, Operation, Outcome, RunFinished, Severity
from localcloud.errors import LocalCloudError

_PASSPHRASES = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


@dataclass(frozen=True, kw_only=True)
class PulumiSetup:
    """Where Pulumi's engine keeps things and what it attaches to.

    Args:
        workspace: Folder of the run's copies of the project's settings.
        environment: Variables for the CLI: backend, passphrase, PULUMI_HOME.
        providers: Serves providers while a run lasts and yields PULUMI_DEBUG_PROVIDERS; None uses the plugins.
        lock: Keeps other runs off the stack, beyond the backend's own lock.
    """

    workspace: Path
    environment: dict[str, str]
    providers: Callable[[], AbstractContextManager[str]] | None = None
    lock: Callable[[], AbstractContextManager[None]] = nullcontext


class PulumiEngine:
    """Runs the program with the pulumi CLI.

    Args:
        source: The committed files, never written to.
        setup: Backend, providers and folders.
        on_event: Called with every event.
    """

    name = EngineName.PULUMI

    def __init__(self, source: StackSource, setup: PulumiSetup, on_event: EventHandler) -> None:
        self._source = source
        self._setup = setup
        self._on_event = on_event
        self._command = find_command()
        # What failed keeps its earlier inputs in Pulumi's state; this is what the last run asked for.
        self._asked: Mapping[str, Mapping[str, Any]] = {}

    def preview(self) -> Outcome:
        """`pulumi preview`; a stack that does not exist yet is made, empty, because the CLI needs one."""
        return self._operate(Operation.PREVIEW, lambda stack, on: stack.preview(on_event=on), create=True)

    def up(self, targets: Sequence[str] = ()) -> Outcome:
        """`pulumi up`, without asking."""

        def run(stack: Stack, on: Translator) -> object:
            return stack.up(
                on_event=on, show_secrets=False, suppress_outputs=True, target=list(targets) or None
            )

        return self._operate(Operation.UP, run, create=True)

    def adopt(self, imports: Sequence[Import]) -> Outcome:
        """`pulumi import`, without protection and generated code: the program has them already."""
        resources: Any = import_file(imports)["resources"]

        def run(stack: Stack, _: Translator) -> object:
            return stack.import_resources(
                resources=resources, name_table={}, protect=False, generate_code=False, show_secrets=False
            )

        return self._operate(Operation.IMPORT, run, create=True)

    def rehearse(self, imports: Sequence[Import]) -> Outcome:
        """`pulumi import` and `pulumi preview` on a copy of the stack, in a backend that is gone afterwards.

        Raises:
            LocalCloudError: The copy cannot be made: perhaps only Pulumi Cloud decrypts the stack's secrets.
        """
        with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
            copy = self._copy(Path(folder))
            taken = copy.adopt(imports)
            return copy.preview() if taken.ok else taken

    def _copy(self, folder: Path) -> "PulumiEngine":
        state = folder / "state"
        state.mkdir()
        environment = {**self._setup.environment, "PULUMI_BACKEND_URL": f"file://{state}"}
        if not any(name in {**os.environ, **environment} for name in _PASSPHRASES):
            environment["PULUMI_CONFIG_PASSPHRASE"] = secrets.token_urlsafe()
        setup = replace(self._setup, workspace=folder / "workspace", environment=environment)
        copy = PulumiEngine(self._source, setup, self._on_event)
        exported = self._ask("stack", "export")
        if exported:
            write_workspace(self._source, setup.workspace)
            try:
                stack = Stack.create(self._source.stack, copy._workspace(environment))
                stack.import_stack(Deployment(**json.loads(exported)))
            except CommandError as error:
                raise self._readable(error) from None
        return copy

    def refresh(self) -> Outcome:
        """`pulumi refresh`, without asking."""
        return self._operate(Operation.REFRESH, lambda s, on: s.refresh(on_event=on, show_secrets=False))

    def drift(self) -> Outcome:
        """`pulumi refresh --preview-only`."""
        return self._operate(
            Operation.REFRESH, lambda s, on: s.preview_refresh(on_event=on, show_secrets=False)
        )

    def destroy(self) -> Outcome:
        """`pulumi destroy`, without asking; the empty stack stays."""
        return self._operate(Operation.DESTROY, lambda s, on: s.destroy(on_event=on, show_secrets=False))

    def outputs(self) -> dict[str, Any]:
        """Masked outputs."""
        text = self._ask("stack", "output", "--json")
        outputs: dict[str, Any] = json.loads(text) if text else {}
        return outputs

    def resources(self) -> list[CloudResource]:
        """What the state says; secrets stay encrypted and are shown as `[secret]`."""
        text = self._ask("stack", "export")
        found = (json.loads(text)["deployment"] or {}).get("resources", []) if text else []
        return [
            CloudResource(
                urn=item["urn"],
                type=item["type"],
                id=item.get("id", ""),
                inputs=self._asked.get(item["urn"]) or readable(item.get("inputs") or {}),
                outputs=readable(item.get("outputs") or {}),
            )
            for item in found
            if not item.get("delete")
        ]

    def forget(self, *, force: bool) -> None:
        """Remove the stack with its state.

        Args:
            force: Whether to do so although the state says that something exists.

        Raises:
            LocalCloudError: It cannot be removed.
        """
        write_workspace(self._source, self._setup.workspace)
        try:
            self._workspace(self._setup.environment).remove_stack(
                self._source.stack, force=force, preserve_config=True
            )
        except StackNotFoundError:
            return
        except CommandError as error:
            raise self._readable(error) from None

    def _ask(self, *arguments: str) -> str:
        """Run a reading command; nothing when the stack does not exist."""
        folder = write_workspace(self._source, self._setup.workspace)
        try:
            result = self._command.run(
                [*arguments, "--stack", self._source.stack], str(folder), self._setup.environment
            )
        except StackNotFoundError:
            return ""
        except CommandError as error:
            raise self._readable(error) from None
        return str(result.stdout)

    def _workspace(self, environment: dict[str, str]) -> LocalWorkspace:
        return LocalWorkspace(
            work_dir=str(self._setup.workspace), env_vars=environment, pulumi_command=self._command
        )

    def _operate(
        self, operation: Operation, run: Callable[[Stack, Translator], object], *, create: bool = False
    ) -> Outcome:
        started = time.monotonic()
        write_workspace(self._source, self._setup.workspace)
        serve = self._setup.providers
        with self._setup.lock(), serve() if serve else nullcontext("") as providers:
            environment = self._setup.environment | (
                {"PULUMI_DEBUG_PROVIDERS": providers} if providers else {}
            )
            stack = self._open(self._workspace(environment), create=create)
            translator = Translator(operation, self._source.project_name, self._source.stack, self._on_event)
            failure, interrupted = None, threading.Event()
            with _interruptible(self._command, translator, self._on_event, interrupted):
                try:
                    run(stack, translator)
                except ConcurrentUpdateError as error:
                    raise self._readable(error) from None
                except (
                    CommandError,
                    RuntimeError,
                ) as error:  # RuntimeError: no summary came (Automation API)
                    failure = error
        if operation is Operation.UP:
            self._asked = translator.asked
        outcome = _outcome(operation, translator, failure, started, interrupted=interrupted.is_set())
        self._on_event(RunFinished(outcome=outcome))
        return outcome

    def _open(self, workspace: LocalWorkspace, *, create: bool) -> Stack:
        name = self._source.stack
        try:
            return (Stack.create_or_select if create else Stack.select)(name, workspace)
        except StackNotFoundError:
            raise LocalCloudError(
                f"stack {name!r} has not been deployed", fix=f"deploy it: {self._verb('up')}"
            ) from None
        except CommandError as error:
            raise self._readable(error) from None

    def _readable(self, error: CommandError) -> LocalCloudError:
        if not isinstance(error, ConcurrentUpdateError):
            return LocalCloudError(_said(error))
        stack = self._source.stack
        # The backend of a local stack is in the local cloud's folder.
        variables = verb("env", stack, folder=self._source.folder)
        there = f'eval "$({variables})" && ' if self._is_local else ""
        return LocalCloudError(
            f"another run is changing the stack {stack}: {_said(error).splitlines()[0]}",
            fix=f"wait until it has finished; if it was killed: {there}pulumi cancel --yes {shlex.quote(stack)}",
        )

    @property
    def _is_local(self) -> bool:
        return self._setup.providers is not None

    def _verb(self, name: str) -> str:
        return verb_of(name, self._source.stack, local=self._is_local, folder=self._source.folder)


def _outcome(
    operation: Operation,
    translator: Translator,
    failure: Exception | None,
    started: float,
    *,
    interrupted: bool,
) -> Outcome:
    errors = list(translator.errors)
    if failure is not None and not errors and not interrupted:
        errors.append(_said(failure))
    return Outcome(
        operation=operation,
        ok=failure is None,
        changes=translator.counts,
        outputs=translator.outputs,
        errors=tuple(errors),
        duration=time.monotonic() - started,
        interrupted=interrupted,
        output_changes=translator.output_changes,
    )


def _said(error: Exception) -> str:
    """What the CLI wrote on standard error: `str` of a CommandError is a dump of everything it printed."""
    text = str(error)
    _, found, stderr = text.partition("stderr:")
    message = (stderr if found else text).strip()
    if not message:  # `import` writes its diagnostics to standard output
        message = "\n".join(line.strip() for line in text.splitlines() if "error:" in line)
    return message.removeprefix("error: ") or "the pulumi CLI failed and did not say why"


@contextmanager
def _interruptible(
    command: InterruptibleCommand,
    translator: Translator,
    on_event: EventHandler,
    interrupted: threading.Event,
) -> Iterator[None]:
    """Hand Ctrl-C on to Pulumi: the first ends the run in order, the second at once; each says what is running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        running = ", ".join(sorted(translator.running.values())) or "nothing"
        if interrupted.is_set():
            sys.stderr.write(f"left while running: {running}; what it made may not be in the state\n")
            sys.stderr.flush()
        else:
            note = f"stopping; waiting for: {running} (Ctrl-C again leaves at once)"
            message = Diagnostic(severity=Severity.WARNING, message=note)
            threading.Thread(target=on_event, args=(message,), daemon=True).start()
        interrupted.set()
        command.interrupt()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
