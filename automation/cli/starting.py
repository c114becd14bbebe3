"""Verbs for somebody who has a service already."""

from pathlib import Path
from typing import Annotated

import typer

from automation.cli.options import ProjectFolder, console
from automation.commands import verb
from automation.init import add_to, look, text_of
from automation.repository import REPOSITORY_ROOT

app = typer.Typer()


@app.command()
def init(
    path: Annotated[
        Path,
        typer.Argument(help="Folder with a Dockerfile, a Compose file or Copilot manifests; or one of them."),
    ],
    name: Annotated[str | None, typer.Option(help="Name of the service; the folder's when left out.")] = None,
    stack: Annotated[
        str | None, typer.Option(help="Write into this stack's file; left out, the entry is printed.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option(help="Copilot environment whose overrides count.")
    ] = None,
    project: ProjectFolder = None,
) -> None:
    """Write a stack file's entry for a service that a Dockerfile, compose.yaml or Copilot manifest describes."""
    folder = (project or REPOSITORY_ROOT).resolve()
    finding = look(path, folder, name=name, environment=environment)
    if stack is None:
        print(text_of(finding), end="")
        return
    file = folder / f"Pulumi.{stack}.yaml"
    add_to(file, finding)
    names = ", ".join(entry.name for entry in finding.entries)
    open_points = sum(len(entry.unknown) for entry in finding.entries)
    console.print(
        f"{file}: {names} added"
        + (f", {open_points} to decide (comments in the file)" if open_points else "")
    )
    console.print(f"  next: {verb('preview', stack, folder=folder)}", markup=False)
