"""The local cloud's own commands: set up this machine, start, stop, run a Pulumi program."""

import dataclasses
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localcloud import console, emulator, load, setup
from localcloud.emulator.leftovers import engine_problem
from localcloud.errors import LocalCloudError, of_the_machine
from localcloud.images.dockerfile import external_images
from localcloud.images.leftovers import remove_images
from localcloud.settings import CloudSettings
from localcloud.startup import bring_up

if TYPE_CHECKING:
    from localcloud.engine import Engine, Outcome

app = typer.Typer(
    name="localcloud",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An AWS on this machine, and an engine that runs Pulumi programs on it.",
)


PROJECT = Annotated[Path, typer.Option(help="Folder of Pulumi.yaml.", file_okay=False, exists=True)]
STACK = Annotated[str | None, typer.Option(help="NAME of Pulumi.NAME.yaml; the only one when left away.")]


@app.command("setup")
def set_up(
    dockerfile: Annotated[
        list[Path] | None,
        typer.Option(help="Bring the images that this Dockerfile starts from.", dir_okay=False, exists=True),
    ] = None,
) -> None:
    """Make this machine ready: Docker engine, BuildKit client, base images."""
    images = [image for path in dockerfile or () for image in external_images(path.read_text("utf-8"), {})]
    setup.prepare(CloudSettings.from_environment(), images)


@app.command()
def up(project: PROJECT = Path(), stack: STACK = None) -> None:
    """Make what a Pulumi Python program describes; starts the local cloud if needed."""
    _end(_program(project, stack).up())


@app.command()
def preview(project: PROJECT = Path(), stack: STACK = None) -> None:
    """Say what `up` would change."""
    _end(_program(project, stack).preview())


@app.command()
def destroy(project: PROJECT = Path(), stack: STACK = None) -> None:
    """Delete everything a stack has; the local cloud goes on."""
    _end(_program(project, stack, start=False).destroy())


@app.command()
def outputs(project: PROJECT = Path(), stack: STACK = None) -> None:
    """Print a stack's outputs as JSON; secrets are masked."""
    typer.echo(json.dumps(_program(project, stack, start=False).outputs(), indent=2, default=str))


def _program(project: Path, stack: str | None, *, start: bool = True) -> "Engine":
    # Pulumi's SDK takes longer to import than the other commands take to run.
    from localcloud.programs import open_program  # noqa: PLC0415

    return open_program(CloudSettings.from_environment(), project, stack, start=start)


def _end(outcome: "Outcome") -> None:
    if not outcome.ok:
        raise typer.Exit(1)


@app.command()
def start() -> None:
    """Set up this machine if needed and start the local cloud, empty."""
    bring_up(CloudSettings.from_environment())


@app.command("down")
@app.command("stop", hidden=True)
def stop() -> None:
    """Stop the local cloud: its process, its containers, and the Docker engine if the set-up started it."""
    settings = CloudSettings.from_environment()
    with console.step("Local cloud") as progress:
        # Its images carry the port that it runs on, whatever this command was told.
        found = emulator.running(settings)
        was_there = emulator.stop(settings)
        remove_images(dataclasses.replace(settings, port=found.port) if found else settings)
        # Where it never ran, or without Docker, there is nothing to ask an engine for.
        silent = engine_problem() if settings.log_file.exists() and shutil.which("docker") else ""
        if silent:
            raise LocalCloudError(
                f"{'its process is stopped' if was_there else 'it was not running'}, but no Docker engine "
                f"answers, so containers of it may still be there ({silent})",
                fix="start the engine, and stop the local cloud again",
            )
        progress.done("stopped, with everything that ran in it" if was_there else "was not running")
    left = setup.stop_engine(settings)
    if left:
        console.info(left)


@app.command("load")
def put_load(
    url: Annotated[str, typer.Argument(help="What to ask for, for example http://web.alb.localhost:4566/")],
    clients: Annotated[int, typer.Option(help="Connections at the same time.")] = 8,
    seconds: Annotated[float, typer.Option(help="When to end at the latest.")] = 60.0,
    requests: Annotated[int | None, typer.Option(min=1, help="After how many requests to end.")] = None,
) -> None:
    """Ask a service on this machine again and again; exit code 1 when a request failed."""
    tally = load.run(
        load.Plan(url=url, clients=clients, seconds=seconds, requests=requests), report=console.info
    )
    typer.echo(tally.summary())
    if tally.failed:
        raise typer.Exit(1)


@app.command("watch")
def watch_cloud(
    port: Annotated[int | None, typer.Option(help="The page's port; the local cloud's plus 100.")] = None,
) -> None:
    """Serve a page that draws requests, response times, CPU and tasks, with what happened, until Ctrl-C."""
    # Flask and boto3 take longer to import than the other commands take to run.
    from localcloud.watch.server import serve  # noqa: PLC0415

    settings = CloudSettings.from_environment()
    chosen = port or settings.port + 100
    console.info(f"http://localhost:{chosen} draws the local cloud; Ctrl-C ends it")
    serve(settings, chosen)


def main() -> None:
    """Entry point; a known failure is one message on stderr and exit code 1, Ctrl-C is 130."""
    try:
        _run()
    except KeyboardInterrupt:  # around it all: a failure that is being told can be interrupted too
        sys.stderr.write("stopped\n")
        sys.exit(130)


def _run() -> None:
    try:
        app()
    except LocalCloudError as error:
        console.fail(error)
        sys.exit(1)
    except OSError as error:
        told = of_the_machine(error)
        if told is None:
            raise
        console.fail(told)
        sys.exit(1)
