"""Verbs that look: outputs, status, events, logs; and those that touch what runs: exec, scale."""

import json
import time
from datetime import timedelta
from typing import Annotated

import typer

from automation.cli.options import (
    OnLocalCloud,
    ProjectFolder,
    Service,
    StackName,
    console,
    known,
    one_service,
    opened,
    until_ctrl_c,
)
from automation.fleet import EventView, read_fleet
from automation.log_lines import LogLine, follow_logs, read_logs
from automation.reporting import plain
from automation.scaling import scale_service
from automation.shell import run_in_task
from automation.target import Target
from automation.views import fleet_view

app = typer.Typer()

Lines = Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the newest lines to print.")]
Since = Annotated[float, typer.Option("--since", min=0.1, help="Minutes to look back.")]
Follow = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on printing as lines arrive; Ctrl-C ends it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_EVENT_SECONDS = 2.0


@app.command()
def outputs(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Print the stack's outputs as JSON; secrets are masked."""
    print(json.dumps(opened(stack, local=local, project=project).outputs(), indent=2))


@app.command()
def url(stack: StackName = "local", local: OnLocalCloud = False, project: ProjectFolder = None) -> None:
    """Print the stack's URL and nothing else."""
    print(opened(stack, local=local, project=project).output("url"))


@app.command()
def status(
    stack: StackName = "local",
    as_json: JsonOption = False,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
) -> None:
    """Show services, deployments, tasks, target health and the newest events."""
    found = opened(stack, local=local, project=project)
    fleet = read_fleet(found.target, found.output("cluster"))
    if as_json:
        print(json.dumps(plain(fleet), indent=2, ensure_ascii=False))
    else:
        console.print(fleet_view(fleet))


@app.command()
def events(
    stack: StackName = "local",
    service: Service = None,
    follow: Follow = False,
    lines: Lines = 20,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
) -> None:
    """Print what ECS did with the services, oldest first."""
    found = opened(stack, local=local, project=project)
    cluster, names = found.output("cluster"), found.services()
    wanted = {names[known(service, names)]} if service else set(names.values())
    with until_ctrl_c():
        _print_events(found.target, cluster, wanted, lines, follow=follow)


def _print_events(target: Target, cluster: str, wanted: set[str], lines: int, *, follow: bool) -> None:
    seen: set[tuple[str, EventView]] = set()
    while True:
        fresh = [
            (view.name, event)
            for view in read_fleet(target, cluster, events=100)
            if view.name in wanted
            for event in view.events
            if (view.name, event) not in seen
        ]
        for name, event in sorted(fresh, key=lambda item: item[1].at)[0 if seen else -lines :]:
            text = event.message if name in event.message else f"{name}: {event.message}"
            console.print(f"{event.at:%H:%M:%S} {text}", markup=False)
        seen.update(fresh)
        if not follow:
            return
        time.sleep(_EVENT_SECONDS)


@app.command()
def logs(
    stack: StackName = "local",
    service: Service = None,
    follow: Follow = False,
    lines: Lines = 100,
    since: Since = 60.0,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
) -> None:
    """Print what the services' containers logged."""
    found = opened(stack, local=local, project=project)
    groups: dict[str, str] = found.output("logGroups")
    if service is not None:
        groups = {service: groups[known(service, groups)]}
    back = timedelta(minutes=since)
    if follow:
        with until_ctrl_c():
            for line in follow_logs(found.target, list(groups.values()), since=back, limit=lines):
                _print_line(line)
    for line in read_logs(found.target, list(groups.values()), since=back, limit=lines):
        _print_line(line)


@app.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    command: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="Command and arguments; /bin/sh by default.")
    ] = None,
    stack: Annotated[str, typer.Option("--stack", "-s", help="Stack name.")] = "local",
    service: Service = None,
    container: Annotated[str | None, typer.Option(help="Container; the service's own by default.")] = None,
    task: Annotated[
        str | None, typer.Option(help="Id of the task, or its beginning; the newest by default.")
    ] = None,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
) -> None:
    """Run a command in a running container: `exec -s dev -- ls /`.

    On AWS through ECS Exec, which the stack allows with `cluster.executeCommand` and `services.<name>.executeCommand`.
    """
    found = opened(stack, local=local, project=project)
    name = one_service(service, found.services())
    code = run_in_task(
        found.target,
        found.output("cluster"),
        found.services()[name],
        command or ["/bin/sh"],
        container=container or name,
        task=task,
    )
    raise typer.Exit(code)


@app.command()
def scale(
    count: Annotated[int, typer.Argument(metavar="N", min=0, help="How many tasks to run.")],
    stack: StackName = "local",
    service: Annotated[str | None, typer.Option(help="Which service; not needed when there is one.")] = None,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
) -> None:
    """Run this many tasks now, and wait until they do."""
    found = opened(stack, local=local, project=project)
    services: dict[str, str] = found.services()
    name = services[one_service(service, services)]
    scale_service(found.target, found.output("cluster"), name, count, report=console.print)


def _print_line(line: LogLine) -> None:
    console.print(f"{line.at:%H:%M:%S} {line.stream.split('/')[0]} {line.message}", markup=False)
