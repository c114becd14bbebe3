"""A stack on AWS, run by Pulumi's engine with the official plugins."""

import os
import shlex
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from automation.commands import verb
from automation.engines import EngineName, StackEngine
from automation.engines.command import HOW_TO_GET, cli_available
from automation.engines.workspace import StackSource
from automation.events import Report
from automation.stacks import Stack
from automation.target import Target
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from automation.engines.pulumi_cli import PulumiEngine


class AwsStack(Stack):
    """A stack on AWS. Backend and passphrase are those of the environment, as for the pulumi CLI.

    Args:
        source: The files that describe it.
        report: Called with every event of an operation.
    """

    engine_name = EngineName.PULUMI

    def __init__(self, source: StackSource, report: Report) -> None:
        super().__init__(source, report)
        if not cli_available():
            raise LocalCloudError(
                f"stack {source.stack!r} runs on AWS, which needs the pulumi CLI, and it is not on PATH",
                fix=f"{HOW_TO_GET}; or run the stack on the local cloud: add --local",
            )

    @cached_property
    def _target(self) -> Target:
        identity = self.source.identity
        # As the AWS provider: its configuration first, then the environment.
        region = self.source.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not region:
            raise LocalCloudError(
                f"{self.source.stack_file} names no region",
                fix=f"pulumi config set aws:region us-east-1 --stack {shlex.quote(self.name)}",
            )
        return Target(
            stack=self.name, region=region, local=None, identity=identity, folder=self.source.folder
        )

    @property
    def target(self) -> Target:
        """AWS, with the credentials that the stack file names, or the environment's."""
        return self._target

    @property
    def how_to_deploy(self) -> str:
        """The verb."""
        return verb("up", self.name, folder=self.source.folder)

    def _with(self, source: StackSource, report: Report) -> "AwsStack":
        return AwsStack(source, report)

    def _prepare(self) -> StackEngine:
        return self._make()

    def _forget(self) -> None:
        self._make().forget(force=False)

    def _engine(self, *, start: bool) -> StackEngine:  # noqa: ARG002  AWS is always there
        return self._make()

    def _make(self) -> "PulumiEngine":
        from automation.engines.pulumi_cli import PulumiEngine, PulumiSetup  # noqa: PLC0415  see LocalStack

        setup = PulumiSetup(workspace=self._workspace, environment={"PULUMI_SKIP_UPDATE_CHECK": "true"})
        return PulumiEngine(self.source, setup, self._report)

    @cached_property
    def _workspace(self) -> Path:
        """A folder of this run's own, gone with the object."""
        self._folder = tempfile.TemporaryDirectory(prefix="ecs-microservice-")
        return Path(self._folder.name)
