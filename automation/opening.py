"""Open a stack where it runs."""

from collections.abc import Mapping
from pathlib import Path

from automation.aws_stack import AwsStack
from automation.commands import LOCAL_STACK
from automation.engines import EngineName
from automation.engines.workspace import StackSource
from automation.events import Report
from automation.repository import LOCAL_HOME, REPOSITORY_ROOT
from automation.stacks import Stack
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings


def open_stack(
    name: str,
    *,
    local: bool = False,
    project: Path | None = None,
    engine: EngineName | None = None,
    settings_of: str | None = None,
    overrides: Mapping[str, str] | None = None,
    report: Report = lambda _: None,
) -> Stack:
    """Open a stack; nothing is started or changed.

    Args:
        name: Stack name: the part of `Pulumi.<name>.yaml`.
        local: Whether it runs on the local cloud; the stack `local` always does.
        project: Folder of Pulumi.yaml; this repository when None.
        engine: Engine for a stack on the local cloud; None for the one that deployed it, or, where none has, that of
            the variable LOCALCLOUD_ENGINE, or Pulumi's where its CLI is installed.
        settings_of: Stack whose file describes this one; None for its own, or, for an ephemeral stack, the file it was
            made from.
        overrides: Configuration that wins over the file, for this object only: `services.web.desiredCount` → `3`.
        report: Called with every event of an operation.

    Raises:
        LocalCloudError: There is no such stack, it runs on AWS and the pulumi CLI is missing, or an engine cannot be
            had.
    """
    folder = (project or REPOSITORY_ROOT).resolve()
    settings = CloudSettings.from_environment(home=LOCAL_HOME) if local or name == LOCAL_STACK else None
    if settings_of is None and not (folder / f"Pulumi.{name}.yaml").exists():
        # Imported for the rare stack without a file: it needs boto3, which is half a second of a verb's start.
        from automation.ephemeral import OVERRIDES, find_settings_of  # noqa: PLC0415

        settings_of = find_settings_of(name, folder, settings)
        overrides = {**OVERRIDES, **(overrides or {})}
    source = StackSource(
        folder=folder, stack=name, settings_of=settings_of or name, overrides=overrides or {}
    )
    if settings is not None:
        # Here: a deployment to AWS has none of the local cloud's requirements installed.
        from automation.local.stack import LocalStack  # noqa: PLC0415

        return LocalStack(source, settings, engine, report)
    if engine is EngineName.BUILT_IN:
        raise LocalCloudError(
            f"stack {name!r} runs on AWS, and the built-in engine runs stacks on the local cloud only",
            fix="leave --engine away, or add --local",
        )
    return AwsStack(source, report)
