"""Verbs on stacks as such: new ones, ephemeral ones, the plain CLI's environment; preflight and doctor."""

import json
import shlex
from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table

from automation.checks import Check, Level, passed
from automation.cli.deploy import finish
from automation.cli.options import (
    AsJson,
    Engine,
    OnLocalCloud,
    ProjectFolder,
    StackName,
    console,
    exit_unless,
    opened,
    reporter,
)
from automation.commands import verb
from automation.engines import EngineName
from automation.ephemeral import Ephemerals, duration
from automation.new_stack import new_stack as write_stack
from automation.opening import open_stack
from automation.preflight import preflight as run_preflight
from automation.reporting import Reporter, plain
from automation.repository import LOCAL_HOME, REPOSITORY_ROOT
from automation.stacks import Stack
from localcloud.settings import CloudSettings

app = typer.Typer()
ephemeral = typer.Typer(
    no_args_is_help=True, help="Stacks with a time to live: one per pull request or test run."
)

From = Annotated[
    str, typer.Option("--from", help="Stack whose file describes the new one, and where it runs.")
]
Beside = Annotated[
    str, typer.Option("--from", help="A stack that runs where they run: same account, same region.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_STYLES = {Level.OK: "green", Level.SKIPPED: "dim", Level.WARNING: "yellow", Level.FAILED: "bold red"}


@app.command()
def preflight(
    stack: StackName = "local",
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    as_json: JsonOption = False,
) -> None:
    """Check what would make a deployment fail: image, secrets, alarms, targets, quota, egress."""
    found = opened(stack, local=local, project=project)
    _show(run_preflight(found.target, found.output("cluster"), found.services()), as_json=as_json)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Say what is installed on this machine, what is missing, and how to get it."""
    # Here: the emulator and Docker's client are not needed by any other verb of this module.
    from automation.local.doctor import examine  # noqa: PLC0415

    _show(examine(CloudSettings.from_environment(home=LOCAL_HOME)), as_json=as_json)


@app.command("new-stack")
def new_stack(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new stack.")],
    source: Annotated[str, typer.Option("--from", help="Stack whose file is copied.")] = "dev",
    region: Annotated[str | None, typer.Option(help="AWS region; the copied one by default.")] = None,
    project: ProjectFolder = None,
) -> None:
    """Write the settings file of a new stack, as a copy of another's."""
    path = write_stack((project or REPOSITORY_ROOT).resolve(), name, settings_of=source, region=region)
    console.print(f"{path}\n  next: look through it, then {verb('preview', name, folder=path.parent)}")


@app.command()
def env(stack: StackName = "local", project: ProjectFolder = None) -> None:
    """Print the variables with which plain `pulumi up -s STACK` runs on the local cloud.

    Use it as: eval "$(python -m automation env local)"
    """
    from automation.local.plain_cli import plain_cli_environment  # noqa: PLC0415  see doctor

    folder = (project or REPOSITORY_ROOT).resolve()
    variables = plain_cli_environment(CloudSettings.from_environment(home=LOCAL_HOME), folder, stack)
    print(
        f"# Pulumi writes an encryptionsalt into Pulumi.{stack}.yaml and formats the file anew: "
        f"git checkout Pulumi.{stack}.yaml takes that back."
    )
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


@ephemeral.command("up")
def ephemeral_up(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the stack, such as pr-17.")],
    source: From = "dev",
    ttl: Annotated[str, typer.Option("--ttl", help="Time to live: 30m, 8h, 2d.")] = "8h",
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
    as_json: AsJson = False,
) -> None:
    """Deploy a stack that is taken away when its time is over; again to prolong or update it."""
    report = reporter(as_json)
    lives = duration(ttl)
    stacks, base = _ephemerals(source, local=local, project=project, engine=engine, report=report)
    deployment = stacks.up(name, settings_of=source, lives=lives, folder=base.source.folder, check=False)
    finish("ephemeral up", replace(base.target, stack=name), deployment, report)


@ephemeral.command("list")
def ephemeral_list(
    source: Beside = "dev",
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    as_json: JsonOption = False,
) -> None:
    """List the ephemeral stacks beside a stack, with what is left of their time."""
    stacks, _ = _ephemerals(source, local=local, project=project)
    found = stacks.all()
    if as_json:
        print(json.dumps(plain(found), indent=2))
        return
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("stack", "from", "expires", "by"):
        table.add_column(column)
    for item in found:
        expires = "expired" if item.expired else f"{item.expires:%Y-%m-%d %H:%M} UTC"
        table.add_row(item.stack, item.settings_of, expires, item.by)
    console.print(table if found else "no ephemeral stacks")


@ephemeral.command("reap")
def ephemeral_reap(
    source: Beside = "dev",
    everything: Annotated[bool, typer.Option("--all", help="Those whose time is not over as well.")] = False,
    name: Annotated[str | None, typer.Option("--name", help="Only this one, expired or not.")] = None,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    as_json: AsJson = False,
) -> None:
    """Destroy the ephemeral stacks whose time is over."""
    report = reporter(as_json)
    stacks, _ = _ephemerals(source, local=local, project=project, report=report)
    due = [item for item in stacks.all() if (item.stack == name if name else everything or item.expired)]
    removed = {item.stack: stacks.remove(item) for item in due}
    report.result("ephemeral reap", all(removed.values()), removed=removed)
    if not as_json:
        nothing = f"no ephemeral stack {name!r}" if name else "none due"
        console.print(
            "\n".join(f"{stack}: {'gone' if ok else 'failed'}" for stack, ok in removed.items()) or nothing
        )
    exit_unless(all(removed.values()))


def _ephemerals(
    source: str,
    *,
    local: bool,
    project: ProjectFolder,
    engine: EngineName | None = None,
    report: Reporter | None = None,
) -> tuple[Ephemerals, Stack]:
    base = opened(source, local=local, project=project)

    def opener(name: str, settings_of: str, overrides: dict[str, str]) -> Stack:
        return open_stack(
            name,
            local=base.target.local is not None,
            project=project,
            engine=engine,
            settings_of=settings_of,
            overrides=overrides,
            report=report or (lambda _: None),
        )

    base.require_cloud()
    return Ephemerals(base.target, base.source.project_name, opener), base


def _show(checks: list[Check], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": passed(checks), "checks": plain(checks)}, indent=2))
    else:
        table = Table(box=None, padding=(0, 2), show_header=False)
        for check in checks:
            fix = f"\n  fix: {check.fix}" if check.fix else ""
            table.add_row(f"[{_STYLES[check.level]}]{check.level}[/]", check.name, f"{check.detail}{fix}")
        console.print(table)
    exit_unless(passed(checks))
