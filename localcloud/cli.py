"""The local cloud's own commands: set up this machine, start, stop. Stacks are run by `python -m automation`."""

import os
import sys

import typer

from localcloud import console, emulator, setup
from localcloud.errors import LocalCloudError
from localcloud.images.leftovers import remove_images
from localcloud.settings import CloudSettings

app = typer.Typer(
    name="localcloud",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An AWS on this machine for the Pulumi program of this repository.",
)


@app.command("setup")
def set_up() -> None:
    """Make this machine ready: Docker engine, BuildKit client, base image."""
    setup.prepare(CloudSettings.from_environment())


@app.command()
def start() -> None:
    """Set up this machine if needed and start the local cloud, empty."""
    settings = CloudSettings.from_environment()
    os.environ.setdefault("DOCKER_HOST", setup.prepare(settings).engine.host)
    with console.step("Local cloud") as progress:
        progress.done(f"answers at {emulator.start(settings).endpoint}")


@app.command()
def stop() -> None:
    """Stop the local cloud: its process, its containers, and the Docker engine if the set-up started it."""
    settings = CloudSettings.from_environment()
    with console.step("Local cloud") as progress:
        was_there = emulator.stop(settings)
        remove_images(settings)
        progress.done("stopped, with everything that ran in it" if was_there else "was not running")
    left = setup.stop_engine(settings)
    if left:
        console.info(left)


def main() -> None:
    """Entry point; a known failure is one message on stderr and exit code 1, Ctrl-C is 130."""
    try:
        app()
    except LocalCloudError as error:
        console.fail(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
