"""The operations CLI: `python -m automation <verb> [stack]`. Thin: every verb is a few calls of the library."""

import os
import sys
from collections.abc import Callable
from typing import Annotated

import typer
from rich.console import Console

from automation.cli import adoption, deploy, environments, observe, releases, starting
from automation.reporting import JsonLines
from localcloud import hints
from localcloud.errors import LocalCloudError, of_the_machine
from release import VERSION

app = typer.Typer(
    name="automation",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for part in (starting, adoption, deploy, observe, releases, environments):
    app.registered_commands += part.app.registered_commands
app.add_typer(environments.ephemeral, name="ephemeral")


def _version(wanted: bool) -> None:
    if wanted:
        print(VERSION)
        raise typer.Exit


@app.callback()
def automation(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Deploy, observe and operate the stacks of this program, on AWS and on the local cloud."""


def run_cli(command: Callable[[], object]) -> None:
    """Run a command; a known failure is one message on stderr and exit code 1, Ctrl-C is 130."""
    try:
        _run(command)
    except KeyboardInterrupt:  # around it all: a failure that is being told can be interrupted too
        sys.stderr.write("stopped\n")
        sys.exit(130)


def _run(command: Callable[[], object]) -> None:
    try:
        command()
    except LocalCloudError as error:
        _fail(str(error))
    except BrokenPipeError:
        sys.exit(0)
    except Exception as error:
        told = of_the_machine(error) if isinstance(error, OSError) else None
        message = str(told) if told else _cloud_message(error)
        if message is None:
            raise
        _fail(message)


def _cloud_message(error: Exception) -> str | None:
    """What AWS or botocore says, for errors that are not programming errors."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415  half a second, and some verbs never ask AWS

    if isinstance(error, NoCredentialsError):
        return "no AWS credentials were found\n  fix: set AWS_PROFILE, or log in: aws sso login"
    return str(error) if isinstance(error, BotoCoreError | ClientError) else None


def _fail(message: str) -> None:
    if "--json" in sys.argv:  # whoever reads lines of JSON gets the reason as one, too
        JsonLines().result(sys.argv[1], ok=False, error=message)
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"error: {message}", style="red", markup=False
    )
    sys.exit(1)


def main() -> None:
    """Entry point of `python -m automation`."""
    os.environ.setdefault(hints.VARIABLE, "make")  # what starts and stops the local cloud in this repository
    run_cli(app)
