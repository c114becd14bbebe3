"""A stack on the local cloud, run by the built-in engine or by Pulumi's."""

import dataclasses
import shlex
import shutil
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from automation.commands import LOCAL_STACK
from automation.engines import EngineName, StackEngine
from automation.engines.choice import EngineRecord, choose_engine, engine_from_environment
from automation.engines.command import cli_available
from automation.engines.workspace import StackSource
from automation.events import Report
from automation.local.builtin import BuiltInEngine
from automation.local.local_pulumi import local_environment, remove_stale_locks, workspace_folder
from automation.local.provider_host import served_providers
from automation.repository import REPOSITORY_ROOT
from automation.stacks import Stack
from automation.target import Target
from localcloud import console, emulator, setup
from localcloud.engine import Operation, Outcome, Project
from localcloud.engine.state import stack_lock
from localcloud.errors import LocalCloudError
from localcloud.providers import local_providers
from localcloud.settings import CloudSettings
from localcloud.startup import bring_up

if TYPE_CHECKING:
    from automation.engines.pulumi_cli import PulumiEngine

_LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


class LocalStack(Stack):
    """A stack on the local cloud.

    Args:
        source: The files that describe it.
        settings: The local cloud.
        engine: Engine to use; None for the one that deployed the stack, or without one that of LOCALCLOUD_ENGINE, or
            Pulumi's where its CLI is.
        report: Called with every event of an operation.
    """

    def __init__(
        self, source: StackSource, settings: CloudSettings, engine: EngineName | None, report: Report
    ) -> None:
        super().__init__(source, report)
        self._settings = settings
        self._asked = engine

    @cached_property
    def _record_file(self) -> EngineRecord:
        return EngineRecord(self._settings, self.source.project_name, self.name)

    @property
    def target(self) -> Target:
        """The local cloud."""
        return self._target

    @cached_property
    def _target(self) -> Target:
        region = self.source.region or self._settings.region
        return Target(stack=self.name, region=region, local=self._settings, folder=self.source.folder)

    @property
    def engine_name(self) -> EngineName:
        """The stack's owner, or what would become it."""
        cloud = emulator.running(self._settings)
        return self._choose(cloud.world if cloud else "")

    @property
    def how_to_deploy(self) -> str:
        """`make up`, with the stack's name where it is not the default; the verb for a program of another folder."""
        if self.source.folder != REPOSITORY_ROOT:
            return self.target.verb("up")
        return "make up" if self.name == LOCAL_STACK else f"make up STACK={shlex.quote(self.name)}"

    def destroy(self) -> Outcome:
        """Delete every resource; a stack whose local cloud is gone has none."""
        cloud = emulator.running(self._settings)
        if cloud is None:
            console.info("the local cloud does not run, so nothing of the stack exists")
            return Outcome(operation=Operation.DESTROY, ok=True)
        if self._record_file.read(cloud.world) is None:
            console.info(f"stack {self.name!r} has not been deployed in this local cloud")
        outcome = super().destroy()
        if outcome.ok:
            self._record_file.remove()
        return outcome

    def require_cloud(self) -> None:
        """Start the local cloud if it does not run."""
        if emulator.running(self._settings) is None:
            bring_up(self._settings)

    def _forget(self) -> None:
        """The empty state of a disposable cloud needs no clearing away, but Pulumi's list of stacks does."""
        if cli_available() and workspace_folder(self._settings, self.source.project_name, self.name).exists():
            self._pulumi().forget(force=False)
            shutil.rmtree(
                workspace_folder(self._settings, self.source.project_name, self.name), ignore_errors=True
            )

    def _address(self, url: str) -> str:
        """A stack with a domain or HTTPS answers at its load balancer's name: nothing here resolves or encrypts."""
        asked = urlsplit(url)
        if asked.scheme == "http" and (asked.hostname or "").endswith(".alb.localhost"):
            return url
        names = [str(item.outputs["dnsName"]) for item in self.resources() if item.type == _LOAD_BALANCER]
        if not names:
            return self._shared_address(asked) or url
        return f"http://443.{names[0]}" if asked.scheme == "https" else f"http://{names[0]}"

    def _shared_address(self, asked: SplitResult) -> str | None:
        """Of a load balancer that others use too: asked under the host name of the stack's own rule."""
        arn = self.outputs().get("loadBalancer")
        if not arn:
            return None
        name = f"{str(arn).split('/')[-2]}.alb.localhost:{self._settings.port}"
        if asked.scheme == "https":
            return f"http://443.{name}{asked.path}"
        host = asked.hostname or ""
        return f"http://{name if name.startswith(host) else f'{host}.{name}'}{asked.path}"

    def _with(self, source: StackSource, report: Report) -> "LocalStack":
        return LocalStack(source, self._settings, self._asked, report)

    def _prepare(self) -> StackEngine:
        project = self._project  # wrong configuration is said before anything is installed
        started = bring_up(self._settings)
        world = started.cloud.world
        chosen = self._choose(world)
        engine = self._make(chosen, project, world, started.machine)
        self._record_file.write(chosen, world)
        return engine

    def _engine(self, *, start: bool) -> StackEngine:
        project = self._project
        cloud, machine = emulator.running(self._settings), None
        if cloud is None and start:
            started = bring_up(self._settings)
            cloud, machine = started.cloud, started.machine
        if cloud is None:
            raise LocalCloudError(
                f"the local cloud does not run, so stack {self.name!r} is not deployed",
                fix=self.how_to_deploy,
            )
        return self._make(self._choose(cloud.world), project, cloud.world, machine)

    def _choose(self, world: str) -> EngineName:
        owner = self._record_file.read(world)
        return choose_engine(
            self._asked, owner, self.name, preferred=engine_from_environment(), folder=self.source.folder
        )

    @cached_property
    def _project(self) -> Project:
        loaded = Project.load(
            self.source.folder, self.source.settings_of, overrides=dict(self.source.overrides)
        )
        return dataclasses.replace(loaded, stack=self.name)

    def _make(
        self, name: EngineName, project: Project, world: str, machine: setup.Machine | None = None
    ) -> StackEngine:
        if name is EngineName.BUILT_IN:
            return BuiltInEngine(
                project,
                settings=self._settings,
                world=world,
                providers=local_providers(self._settings, machine),
                on_event=self._report,
            )
        engine = self._pulumi()
        if self._record_file.of_another_world(world) is EngineName.PULUMI:
            with self._lock():
                engine.forget(force=True)
            self._record_file.remove()
            console.warn("the local cloud was restarted empty; what its last run knew no longer exists")
        return engine

    def _pulumi(self) -> "PulumiEngine":
        # Imported when it is needed: the Automation API is half a second of a verb's start.
        from automation.engines.pulumi_cli import PulumiEngine, PulumiSetup  # noqa: PLC0415

        return PulumiEngine(
            self.source,
            PulumiSetup(
                workspace=workspace_folder(self._settings, self.source.project_name, self.name),
                environment=local_environment(self._settings, self.source),
                providers=lambda: served_providers(self._settings, self.source.folder),
                lock=self._lock,
            ),
            self._report,
        )

    def _lock(self) -> "_Lock":
        return _Lock(self._settings, self.source.project_name, self.name)


class _Lock:
    """The lock that both engines take on a local stack; with it in hand, a lock of the backend is a dead run's."""

    def __init__(self, settings: CloudSettings, project: str, stack: str) -> None:
        self._settings, self._stack = settings, stack
        self._inner = stack_lock(settings.state_file(project, stack), stack)

    def __enter__(self) -> None:
        self._inner.__enter__()
        remove_stale_locks(self._settings, self._stack)

    def __exit__(self, *details: object) -> None:
        self._inner.__exit__(*details)  # type: ignore[arg-type]  # the three values every context manager gets
