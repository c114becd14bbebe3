"""Verbs that change a stack, or say what would change."""

import json
from collections.abc import Iterator
from typing import Annotated

import typer

from automation.cli.options import (
    AsJson,
    Engine,
    NonInteractive,
    OnLocalCloud,
    ProjectFolder,
    StackName,
    Yes,
    confirm,
    console,
    exit_unless,
    opened,
    reporter,
)
from automation.drift import DriftReport
from automation.events import Deployment
from automation.reporting import JsonLines, Reporter
from automation.target import Target
from infra.deployments.verdict import State
from localcloud.engine import Outcome
from localcloud.errors import LocalCloudError

app = typer.Typer()
# Between success and failure, as `diff` and `pulumi preview --expect-no-changes` have it for their own answers.
DRIFTED = 2
INTERRUPTED = 130  # as a shell reports a command that Ctrl-C ended


def finish(verb: str, target: Target, deployment: Deployment, report: Reporter) -> None:
    """Print the end of a deployment of a stack, and exit accordingly."""
    report.result(
        verb,
        deployment.ok,
        url=deployment.url,
        images=deployment.images,
        services=deployment.verdicts,
        errors=deployment.outcome.errors,
        problem=deployment.problem,
        unseen=deployment.unseen,
    )
    if not isinstance(report, JsonLines):
        _tell(deployment, target)
    if deployment.outcome.interrupted:
        raise typer.Exit(INTERRUPTED)
    exit_unless(deployment.ok)


def _tell(deployment: Deployment, target: Target) -> None:
    """What the lines of the run have not said."""
    if deployment.outcome.interrupted:
        console.print(deployment.problem, markup=False)
    elif deployment.problem:
        raise LocalCloudError(
            deployment.problem, fix="look at the tasks and their logs: the verbs status and logs"
        )
    elif any(verdict.state is State.ROLLED_BACK for verdict in deployment.verdicts.values()):
        back = target.verb("rollback")
        console.print(f"  fix: mend it and deploy again; or go back to what runs: {back}", markup=False)
    elif any(verdict.state is State.MISSING for verdict in deployment.verdicts.values()):
        refresh = target.verb("refresh")
        console.print(f"  fix: take what is gone out of the state and deploy again: {refresh}", markup=False)
    if deployment.url:
        console.print(f"\n{deployment.url}", style="bold")


def _finish_run(verb: str, outcome: Outcome, report: Reporter) -> None:
    report.result(verb, outcome.ok, changes=outcome.changes, errors=outcome.errors)
    if outcome.interrupted:
        raise typer.Exit(INTERRUPTED)
    exit_unless(outcome.ok)


@app.command()
def up(
    stack: StackName = "local",
    keep_images: Annotated[
        bool,
        typer.Option("--keep-images", help="Build nothing: go on with the images of the newest releases."),
    ] = False,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
    as_json: AsJson = False,
    yes: Yes = False,
    non_interactive: NonInteractive = False,
) -> None:
    """Build, push and deploy; end when every service runs what was asked and the URL answers.

    One that is rolled back, stuck or superseded fails, with the reason, the exit code and the last log lines.
    """
    report = reporter(as_json)
    found = opened(stack, local=local, project=project, engine=engine, report=report)
    confirm(found, "deploy", yes=yes, non_interactive=non_interactive)
    if keep_images:
        services = found.services()
        images = {name: found.ledger.find_current(name).image for name in services}
        finish("up", found.target, found.up_with_images(images, check=False), report)
    else:
        finish("up", found.target, found.up(check=False), report)


@app.command()
def preview(
    stack: StackName = "local",
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
    as_json: AsJson = False,
) -> None:
    """Show what `up` would change, and change nothing."""
    report = reporter(as_json)
    _finish_run(
        "preview", opened(stack, local=local, project=project, engine=engine, report=report).preview(), report
    )


@app.command()
def refresh(
    stack: StackName = "local",
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
    as_json: AsJson = False,
) -> None:
    """Read every resource and bring the recorded state up to date with it."""
    report = reporter(as_json)
    _finish_run(
        "refresh", opened(stack, local=local, project=project, engine=engine, report=report).refresh(), report
    )


@app.command()
def drift(
    stack: StackName = "local",
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
    as_json: AsJson = False,
) -> None:
    """Say what was changed outside of the program. Exit code 0: nothing; 2: something; 1: could not find out."""
    report = reporter(as_json)
    found = opened(stack, local=local, project=project, engine=engine).drift()
    report.result("drift", found.ok, drifted=found.drifted, errors=found.errors)
    if not as_json:
        console.print("\n".join(_drift_lines(found)), markup=False)
    exit_unless(found.ok)
    if found.drifted:
        raise typer.Exit(DRIFTED)


def _drift_lines(found: DriftReport) -> Iterator[str]:
    yield from (f"error: {error}" for error in found.errors)
    for item in found.drifted:
        yield f"{item.name}  {item.type}" + ("  is gone" if item.gone else "")
        for change in item.changes:
            note = "  (rotated; tasks that run have the old value: up)" if "secret-" in change.path else ""
            yield f"    {change.path}: {json.dumps(change.old)} => {json.dumps(change.new)}{note}"
    yield f"{len(found.drifted)} changed outside of the program" if found.drifted else "no drift"


@app.command()
def destroy(
    stack: StackName = "local",
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
    as_json: AsJson = False,
    yes: Yes = False,
    non_interactive: NonInteractive = False,
) -> None:
    """Delete every resource of the stack. On AWS it asks first, or needs --yes."""
    report = reporter(as_json)
    found = opened(stack, local=local, project=project, engine=engine, report=report)
    confirm(found, "destroy", yes=yes, non_interactive=non_interactive, required=True)
    _finish_run("destroy", found.destroy(), report)
