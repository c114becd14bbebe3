"""Verbs that look: outputs, status, events, logs; and those that touch what runs: exec, scale."""

import json
import time
from collections.abc import Callable
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
from automation.fleet import EventView, read_services
from automation.live import PERIOD_SECONDS, watch_fleet
from automation.log_lines import LogLine, follow_logs, read_logs
from automation.observation import Observed, declared_alarms, observe
from automation.reporting import plain
from automation.scaling import scale_service
from automation.shell import run_in_task
from automation.stacks import Stack
from automation.target import Target
from automation.views import fleet_view
from localcloud.errors import LocalCloudError

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
    """Print the URL at which the stack answers from here, and nothing else."""
    print(opened(stack, local=local, project=project).url)


@app.command()
def status(
    stack: StackName = "local",
    as_json: JsonOption = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Redraw every two seconds until Ctrl-C; with --json, lines.")
    ] = False,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
) -> None:
    """Show services, deployments, tasks, target health, scaling, alarms and the newest events."""
    read = _reader(opened(stack, local=local, project=project))
    if watch and not as_json:
        if not console.is_terminal:
            raise LocalCloudError(
                "--watch draws on a terminal, and this is none", fix="add --json, or leave it out"
            )
        watch_fleet(read, title=f"stack {stack}", console=console)
        return
    while True:
        fleet = read()
        if as_json:
            print(json.dumps(plain(fleet), indent=None if watch else 2, ensure_ascii=False), flush=True)
        else:
            console.print(fleet_view(fleet))
        if not watch:
            return
        time.sleep(PERIOD_SECONDS)


def _reader(found: Stack) -> Callable[[], tuple[Observed, ...]]:
    """Reads the stack's services; what the program declared is looked up once."""
    outputs = found.outputs()
    cluster, services = found.output("cluster"), outputs.get("services", {})
    declared = declared_alarms(found.resources(), services)
    own = set(services.values())  # others may have services in the same cluster
    return lambda: tuple(view for view in observe(found.target, cluster, declared) if view.name in own)


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
            (service["serviceName"], event)
            for service in read_services(target, cluster)
            if service["serviceName"] in wanted
            for entry in service.get("events", [])
            if (service["serviceName"], event := EventView(at=entry["createdAt"], message=entry["message"]))
            not in seen
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
