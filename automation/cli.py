"""The operations CLI: `python -m automation <verb> [stack]`."""

import json
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from automation.fleet import read_fleet
from automation.log_lines import LogLine, follow_logs, read_logs
from automation.scaling import scale_service
from automation.stacks import LocalStack, open_stack
from automation.views import fleet_view
from localcloud.errors import LocalCloudError

app = typer.Typer(
    name="automation",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Deploy, observe and scale a stack of this program.",
)
console = Console(highlight=False, soft_wrap=True)

StackName = Annotated[
    str, typer.Argument(metavar="[STACK]", help="Stack name: the part of Pulumi.<stack>.yaml.")
]
OnLocalCloud = Annotated[
    bool, typer.Option("--local", help="Run the stack on the local cloud (the stack `local` always does).")
]
ProjectFolder = Annotated[
    Path | None, typer.Option("--project", help="Folder of Pulumi.yaml; this repository when left out.")
]
Lines = Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the newest lines to print.")]
Since = Annotated[float, typer.Option("--since", min=0.1, help="Minutes to look back.")]


@app.command()
def up(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Build, push and deploy; end when the URL answers."""
    deployment = open_stack(stack, local=local, project=project).up()
    if deployment.url:
        console.print(f"\n{deployment.url}", style="bold")
    _exit_unless(deployment.ok)


@app.command()
def preview(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Show what `up` would change, and change nothing."""
    _exit_unless(open_stack(stack, local=local, project=project).preview())


@app.command()
def refresh(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Read every resource and bring the recorded state up to date with it."""
    _exit_unless(open_stack(stack, local=local, project=project).refresh())


@app.command()
def destroy(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Delete every resource of the stack."""
    _exit_unless(open_stack(stack, local=local, project=project).destroy())


@app.command()
def outputs(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Print the stack's outputs as JSON; secrets are masked."""
    print(json.dumps(open_stack(stack, local=local, project=project).outputs(), indent=2))  # noqa: T201  machine-readable


@app.command()
def url(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Print the stack's URL and nothing else."""
    print(_output(open_stack(stack, local=local, project=project), "url"))  # noqa: T201  machine-readable


@app.command()
def status(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Show services, deployments, tasks, target health and the newest events."""
    opened = open_stack(stack, local=local, project=project)
    console.print(fleet_view(read_fleet(opened.target, _output(opened, "cluster"))))


@app.command()
def logs(
    stack: StackName = "local",
    service: Annotated[str | None, typer.Option(help="Only this service.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing as lines arrive.")] = False,
    lines: Lines = 100,
    since: Since = 60.0,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
) -> None:
    """Print what the services' containers logged."""
    opened = open_stack(stack, local=local, project=project)
    groups: dict[str, str] = _output(opened, "logGroups")
    if service is not None:
        groups = {service: groups[_known(service, groups)]}
    back = timedelta(minutes=since)
    if follow:
        for line in follow_logs(opened.target, list(groups.values()), since=back):
            _print_line(line)
    for line in read_logs(opened.target, list(groups.values()), since=back, limit=lines):
        _print_line(line)


@app.command()
def scale(
    count: Annotated[int, typer.Argument(min=0, help="How many tasks to run.")],
    stack: StackName = "local",
    service: Annotated[str | None, typer.Option(help="Which service; not needed when there is one.")] = None,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
) -> None:
    """Run this many tasks now, and wait until they do."""
    opened = open_stack(stack, local=local, project=project)
    services: dict[str, str] = _output(opened, "services")
    if service is None and len(services) > 1:
        raise LocalCloudError(
            f"the stack has {len(services)} services", fix=f"add --service {' | '.join(services)}"
        )
    name = services[_known(service, services)] if service else next(iter(services.values()))
    scale_service(opened.target, _output(opened, "cluster"), name, count, report=console.print)


def _known(service: str, services: dict[str, str]) -> str:
    if service not in services:
        raise LocalCloudError(f"no service {service!r} in this stack", fix=f"one of: {', '.join(services)}")
    return service


def _output(stack: LocalStack, name: str) -> Any:
    found = stack.outputs()
    if name not in found:
        raise LocalCloudError(
            f"stack {stack.name!r} has no output {name!r}", fix=f"deploy it: make up STACK={stack.name}"
        )
    return found[name]


def _print_line(line: LogLine) -> None:
    console.print(f"{line.at:%H:%M:%S} {line.stream.split('/')[0]} {line.message}", markup=False)


def _exit_unless(ok: bool) -> None:
    if not ok:
        raise typer.Exit(1)


def run_cli(command: Callable[[], object]) -> None:
    """Run a command; a known failure is one message on stderr and exit code 1, Ctrl-C is 130."""
    try:
        command()
    except LocalCloudError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"error: {error}", style="red", markup=False
        )
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)


def main() -> None:
    """Entry point of `python -m automation`."""
    run_cli(app)
