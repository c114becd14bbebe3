"""Verbs on releases: list them, go back to one, hand one to the next environment."""

import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.table import Table

from automation.cli.deploy import finish
from automation.cli.options import (
    AsJson,
    Engine,
    NonInteractive,
    OnLocalCloud,
    ProjectFolder,
    Service,
    StackName,
    Yes,
    confirm,
    console,
    known,
    opened,
    reporter,
)
from automation.image_store import held
from automation.ledger import Release
from automation.ledger import as_json as release_json
from automation.promotion import promote as promote_images
from automation.promotion import roll_back

app = typer.Typer()
# A registry other than ECR, or another account's repository that this one may not look into, is not asked.
_AVAILABLE = {True: "there", False: "gone", None: "not checked"}


@app.command()
def releases(
    stack: StackName = "local",
    service: Service = None,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what was deployed: number, digest, who, when, how it ended, and whether its image can still be run."""
    found = opened(stack, local=local, project=project)
    services = found.services()
    names = [known(service, services)] if service else list(services)
    history = [release for name in names for release in found.ledger.releases(name)]
    there = held(found.target, {release.image for release in history})
    if as_json:
        listed = [release_json(release) | {"available": there[release.image]} for release in history]
        print(json.dumps(listed, indent=2))
    else:
        console.print(_table(history, there))


@app.command()
def rollback(
    stack: StackName = "local",
    service: Service = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="Digest (or its beginning) or number of a release; by default the previous one."
        ),
    ] = None,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
    as_json: AsJson = False,
    yes: Yes = False,
    non_interactive: NonInteractive = False,
) -> None:
    """Run an earlier release's image again, without a build.

    The settings stay those of the stack file; the next plain `up` builds and deploys the source again.
    """
    report = reporter(as_json)
    found = opened(stack, local=local, project=project, engine=engine, report=report)
    confirm(found, "roll back", yes=yes, non_interactive=non_interactive)
    finish("rollback", found.target, roll_back(found, service=service, to=to, check=False), report)


@app.command()
def promote(
    source: Annotated[str, typer.Argument(metavar="FROM", help="Stack whose releases are taken.")],
    destination: Annotated[str, typer.Argument(metavar="TO", help="Stack that gets them.")],
    service: Service = None,
    local: OnLocalCloud = False,
    project: ProjectFolder = None,
    engine: Engine = None,
    as_json: AsJson = False,
    yes: Yes = False,
    non_interactive: NonInteractive = False,
) -> None:
    """Deploy the images that FROM runs to TO: the same digests, no rebuild."""
    report = reporter(as_json)
    giver = opened(source, local=local, project=project)
    taker = opened(destination, local=local, project=project, engine=engine, report=report)
    confirm(taker, f"promote {source} to", yes=yes, non_interactive=non_interactive)
    finish("promote", taker.target, promote_images(giver, taker, service=service, check=False), report)


def _table(history: list[Release], there: Mapping[str, bool | None]) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in (
        "service",
        "release",
        "image",
        "revision",
        "when",
        "how",
        "commit",
        "by",
        "ended",
        "image now",
    ):
        table.add_column(column)
    for release in history:
        table.add_row(
            release.service,
            f"#{release.number}",
            release.digest.removeprefix("sha256:")[:12],
            release.task_definition.rsplit("/", 1)[-1],
            f"{release.at:%Y-%m-%d %H:%M}",
            release.how + (f" from {release.source}" if release.source else ""),
            release.commit,
            release.by,
            "completed" if release.ok else "failed",
            _AVAILABLE[there[release.image]],
        )
    return table
