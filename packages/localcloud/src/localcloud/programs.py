"""Anybody's Pulumi program on the local cloud, run by the built-in engine."""

import shlex
from pathlib import Path

from localcloud import emulator
from localcloud.engine import Engine, Project
from localcloud.engine.display import Display
from localcloud.errors import LocalCloudError
from localcloud.hints import command
from localcloud.providers import local_providers
from localcloud.settings import CloudSettings
from localcloud.startup import bring_up


def open_program(settings: CloudSettings, folder: Path, stack: str | None, *, start: bool = True) -> Engine:
    """The engine of one stack of a project; its events are printed.

    Args:
        settings: The local cloud.
        folder: Folder of Pulumi.yaml.
        stack: Name of the stack; None for the only one that has a file.
        start: Whether to start the local cloud where it does not run.

    Raises:
        LocalCloudError: There is no such project or stack, its configuration is wrong, or the local cloud does not run
            and cannot or shall not be started.
    """
    project = Project.load(folder, stack or only_stack(folder))  # said before anything is installed
    cloud, machine = emulator.running(settings), None
    if cloud is None and not start:
        raise LocalCloudError(
            f"the local cloud does not run, so stack {project.stack!r} is not deployed", fix=command("up")
        )
    if cloud is None:
        started = bring_up(settings)
        cloud, machine = started.cloud, started.machine
    return Engine(
        project,
        state_file=settings.state_file(project.name, project.stack),
        secrets_key=settings.home / "key",
        world=cloud.world,
        providers=local_providers(settings, machine),
        on_event=Display(),
        state_files=settings.state_file,
        environment=settings.client_environment(),
    )


def only_stack(folder: Path) -> str:
    """Name of the project's only stack.

    Raises:
        LocalCloudError: It has none, or several.
    """
    names = sorted(
        path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in folder.glob("Pulumi.*.yaml")
    )
    if len(names) == 1:
        return names[0]
    if names:
        raise LocalCloudError(
            f"{folder} has several stacks: {', '.join(names)}",
            fix=f"name one: --stack {shlex.quote(names[0])}",
        )
    raise LocalCloudError(
        f"no stack file in {folder}: a stack NAME is described by Pulumi.NAME.yaml",
        fix=f"write one, which may be empty: touch {shlex.quote(str(folder / 'Pulumi.dev.yaml'))}",
    )
