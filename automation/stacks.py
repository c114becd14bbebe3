"""A stack that can be deployed, refreshed and destroyed, and the cloud it runs in."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from automation.answering import wait_for_answer
from automation.target import Target
from localcloud import console, emulator, setup
from localcloud.engine import Engine, Outcome, Project
from localcloud.engine.display import Display
from localcloud.errors import LocalCloudError
from localcloud.providers import local_providers
from localcloud.settings import REPOSITORY_ROOT, CloudSettings

LOCAL_STACK = "local"


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The end of an `up`.

    Args:
        ok: Whether the program is deployed and its URL answers.
        url: The stack's URL; None when there is none.
    """

    ok: bool
    url: str | None


class LocalStack:
    """A stack on the local cloud, run by the built-in engine.

    Args:
        name: Stack name.
        project: Folder of Pulumi.yaml.
        settings: The local cloud.
    """

    def __init__(self, name: str, project: Path, settings: CloudSettings) -> None:
        self.name = name
        self._project_folder = project
        self._settings = settings

    @cached_property
    def _project(self) -> Project:
        return Project.load(self._project_folder, self.name)

    @property
    def target(self) -> Target:
        """The local cloud as the AWS clients see it."""
        return Target(stack=self.name, region=self._region, local=self._settings)

    @property
    def _region(self) -> str:
        configured = self._project.config.get("aws:region")
        return configured.text if configured else self._settings.region

    def up(self) -> Deployment:
        """Deploy, and ask the URL until it answers."""
        project = self._project  # wrong configuration is said before anything is installed
        machine = setup.prepare(self._settings)
        # The emulator runs the tasks on the engine that the set-up found, which a Docker context may have named.
        os.environ.setdefault("DOCKER_HOST", machine.engine.host)
        with console.step("Local cloud") as progress:
            cloud = emulator.start(self._settings)
            progress.done(f"answers at {cloud.endpoint}")
        outcome = self._engine(project, cloud.world, machine).up()
        url = outcome.outputs.get("url")
        if not outcome.ok or not isinstance(url, str):
            return Deployment(ok=outcome.ok, url=None)
        answer = wait_for_answer(url)
        if not answer.ok:
            raise LocalCloudError(
                f"deployed, but {url} does not answer after {answer.seconds:.0f} s: {answer.detail}",
                fix=f"look at the tasks and their logs: make status STACK={self.name}; make logs STACK={self.name}",
            )
        return Deployment(ok=True, url=url)

    def preview(self) -> bool:
        """Show what `up` would do."""
        return self._run("preview").ok

    def refresh(self) -> bool:
        """Read every resource back."""
        return self._run("refresh").ok

    def destroy(self) -> bool:
        """Delete every resource; a stack whose local cloud is gone has none."""
        if emulator.running(self._settings) is None:
            console.info("the local cloud does not run, so nothing of the stack exists")
            return True
        return self._run("destroy").ok

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs; secrets are masked."""
        return self._engine(self._project, self._running().world).outputs()

    def _run(self, operation: str) -> Outcome:
        project = self._project
        outcome: Outcome = getattr(self._engine(project, self._started().world), operation)()
        return outcome

    def _started(self) -> emulator.RunningCloud:
        return emulator.running(self._settings) or emulator.start(self._settings)

    def _running(self) -> emulator.RunningCloud:
        found = emulator.running(self._settings)
        if found is None:
            raise LocalCloudError(
                f"the local cloud does not run, so stack {self.name!r} is not deployed",
                fix="make up" if self.name == LOCAL_STACK else f"make up STACK={self.name}",
            )
        return found

    def _engine(self, project: Project, world: str, machine: setup.Machine | None = None) -> Engine:
        return Engine(
            project,
            state_file=self._settings.state_file(self.name),
            secrets_key=self._settings.home / "key",
            world=world,
            providers=local_providers(self._settings, machine),
            on_event=Display(),
        )


def open_stack(name: str, *, local: bool, project: Path | None) -> LocalStack:
    """Open a stack where it runs.

    Args:
        name: Stack name.
        local: Whether to run it on the local cloud; the stack `local` always does.
        project: Folder of Pulumi.yaml; this repository when None.

    Raises:
        LocalCloudError: The stack runs on AWS.
    """
    if not local and name != LOCAL_STACK:
        raise LocalCloudError(
            f"stack {name!r} runs on AWS, which these verbs do not drive yet",
            fix=f"add --local to run it on the local cloud, or: pulumi up -s {name}",
        )
    return LocalStack(name, project or REPOSITORY_ROOT, CloudSettings.from_environment())
