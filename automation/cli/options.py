"""What the verbs' command lines have in common."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from automation.engines import EngineName
from automation.opening import open_stack
from automation.reporting import JsonLines, Lines, Reporter
from automation.stacks import Stack
from localcloud.console import set_quiet
from localcloud.errors import LocalCloudError

# In a pipe there is no width to keep to: a table cut to 80 columns has lost what is searched for.
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 250)

StackName = Annotated[
    str, typer.Argument(metavar="STACK", help="Stack name: the middle of Pulumi.<stack>.yaml.")
]
OnLocalCloud = Annotated[
    bool, typer.Option("--local", help="Run the stack on the local cloud (the stack `local` always does).")
]
ProjectFolder = Annotated[
    Path | None, typer.Option("--project", help="Folder of Pulumi.yaml; this repository when left out.")
]
Engine = Annotated[
    EngineName | None,
    typer.Option("--engine", help="Engine of a local stack; left out: its owner, or pulumi where installed."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print events and the result as JSON, one per line.")]
NonInteractive = Annotated[bool, typer.Option("--non-interactive", help="Never ask.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
Service = Annotated[str | None, typer.Option("--service", help="Only this service.")]


def reporter(as_json: bool) -> Reporter:
    """The reporter for a verb; JSON leaves nothing else on either stream but warnings and errors."""
    if as_json:
        set_quiet(True)
        return JsonLines()
    return Lines()


def opened(
    stack: str,
    *,
    local: bool,
    project: Path | None,
    engine: EngineName | None = None,
    report: Callable[[Any], object] = lambda _: None,
) -> Stack:
    """Open a stack for a verb."""
    return open_stack(stack, local=local, project=project, engine=engine, report=report)


def confirm(stack: Stack, what: str, *, yes: bool, non_interactive: bool, required: bool = False) -> None:
    """Ask before something happens to a stack on AWS; the local cloud is for trying things out.

    Args:
        stack: The stack.
        what: The question's verb, such as `destroy`.
        yes: The answer was given on the command line.
        non_interactive: Nobody can be asked.
        required: Whether it takes a yes where nobody can be asked.

    Raises:
        LocalCloudError: A yes was needed and nobody could be asked.
        typer.Exit: The answer was no.
    """
    if yes or stack.target.local is not None:
        return
    if non_interactive or not sys.stdin.isatty():
        if required:
            raise LocalCloudError(
                f"{what} {stack.name!r} needs a yes, and nobody can be asked", fix="add --yes"
            )
        return
    if not typer.confirm(f"{what} {stack.name} ({stack.target.region})?", err=True):
        raise typer.Exit(1)


def exit_unless(ok: bool) -> None:
    """End with 1 when something failed."""
    if not ok:
        raise typer.Exit(1)


@contextmanager
def until_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C end what goes on for ever: that is no failure, and nothing to talk about."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit from None


def known(service: str, services: dict[str, str]) -> str:
    """The service's own name, or an error that lists what there is."""
    if service not in services:
        raise LocalCloudError(f"no service {service!r} in this stack", fix=f"one of: {', '.join(services)}")
    return service


def one_service(service: str | None, services: dict[str, str]) -> str:
    """The named service, or the only one."""
    if service is not None:
        return known(service, services)
    if len(services) != 1:
        fix = f"add --service with one of: {', '.join(services)}" if services else "deploy it first"
        raise LocalCloudError(f"the stack has {len(services)} services", fix=fix)
    return next(iter(services))


__all__ = [
    "AsJson",
    "Engine",
    "NonInteractive",
    "OnLocalCloud",
    "ProjectFolder",
    "Service",
    "StackName",
    "Yes",
    "confirm",
    "console",
    "exit_unless",
    "known",
    "one_service",
    "opened",
    "reporter",
    "until_ctrl_c",
]
