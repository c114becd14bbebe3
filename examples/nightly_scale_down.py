"""Stop every task of some environments for the night, or start them again in the morning.

    python -m examples.nightly_scale_down dev staging
    python -m examples.nightly_scale_down dev staging --tasks 2

Services with an autoscaler are left alone: theirs is the count, and scheduled scaling (`scaling.schedules`) is the way.
"""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from automation import LocalCloudError, open_stack, scale_service
from automation.cli import run_cli


def main(
    stacks: Annotated[list[str], typer.Argument(metavar="STACKS", help="Stacks to scale.")],
    tasks: Annotated[int, typer.Option(min=0, help="Tasks per service.")] = 0,
    local: Annotated[bool, typer.Option("--local", help="On the local cloud.")] = False,
    project: Annotated[Path | None, typer.Option(help="Folder of Pulumi.yaml.")] = None,
) -> None:
    """Run this many tasks of every service in STACKS."""
    failed = False
    for name in stacks:
        try:
            stack = open_stack(name, local=local, project=project)
            scaled = {
                item.name for item in stack.resources() if item.type == "aws:appautoscaling/target:Target"
            }
            cluster = stack.output("cluster")
            for key, service in stack.services().items():
                if key in scaled:
                    print(f"{name}: {key} belongs to its autoscaler")
                else:
                    say = partial(print, f"{name}:")
                    scale_service(stack.target, cluster, service, tasks, report=say)
        except LocalCloudError as error:
            failed = True
            print(f"{name}: error: {error}")
    raise SystemExit(int(failed))


if __name__ == "__main__":
    run_cli(lambda: typer.run(main))
