"""Make an environment for one test run, run a command against it, and take it away again, whatever happened.

    python -m examples.ephemeral_environment pr-17 --source dev -- pytest tests/smoke

The command finds the address in the variable URL. If this script is killed, `ephemeral reap` takes the environment away
when its time is over.
"""

import os
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from automation import Ephemerals, LocalCloudError, Stack, open_stack
from automation.cli import run_cli


def main(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the environment, such as pr-17.")],
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND", help="Command to run against the environment.")
    ],
    source: Annotated[str, typer.Option(help="Stack whose settings it has.")] = "dev",
    local: Annotated[bool, typer.Option("--local", help="On the local cloud.")] = False,
    project: Annotated[Path | None, typer.Option(help="Folder of Pulumi.yaml.")] = None,
) -> None:
    """Run COMMAND against an environment of its own, NAME."""
    base = open_stack(source, local=local, project=project)
    base.require_cloud()

    def opener(stack: str, settings_of: str, overrides: dict[str, str]) -> Stack:
        return open_stack(stack, local=local, project=project, settings_of=settings_of, overrides=overrides)

    environments = Ephemerals(base.target, base.source.project_name, opener)
    code = 1
    try:
        deployment = environments.up(
            name, settings_of=source, lives=timedelta(hours=2), folder=base.source.folder
        )
        print(f"{name} answers at {deployment.url}")
        code = subprocess.run(command, env=os.environ | {"URL": deployment.url or ""}, check=False).returncode
    except LocalCloudError as error:
        print(f"error: {error}")
    finally:
        for item in environments.all():
            if item.stack == name:
                gone = environments.remove(item)
                print(f"{name} is gone" if gone else f"{name} could not be removed; reap it later")
    raise SystemExit(code)


if __name__ == "__main__":
    run_cli(lambda: typer.run(main))
