"""Deploy to one environment, hold it to a health gate, and only then hand the same images to the next.

    python -m examples.deploy_in_order dev staging

The gate: nothing that `preflight` checks has failed, and the URL answers a number of requests in a row.
"""

import time
from pathlib import Path
from typing import Annotated

import httpx
import typer

from automation import Deployment, LocalCloudError, Stack, open_stack, preflight, promote
from automation.answering import wait_for_answer
from automation.cli import run_cli


def gate(stack: Stack, deployment: Deployment, *, requests: int, pause: float = 0.2) -> None:
    """Let a healthy environment pass.

    Raises:
        LocalCloudError: It is not healthy.
    """
    failed = [
        check
        for check in preflight(stack.target, stack.output("cluster"), stack.services())
        if check.level == "failed"
    ]
    if failed:
        raise LocalCloudError(
            f"{stack.name} is not healthy: " + "; ".join(f"{c.name}: {c.detail}" for c in failed)
        )
    for number in range(requests):
        answer = wait_for_answer(deployment.url or "", timeout=0)
        if not answer.ok:
            raise LocalCloudError(f"{stack.name} failed request {number + 1} of {requests}: {answer.detail}")
        time.sleep(pause)


def main(
    first: Annotated[str, typer.Argument(metavar="FIRST", help="Stack that is built and deployed.")],
    second: Annotated[str, typer.Argument(metavar="SECOND", help="Stack that gets the same images.")],
    requests: Annotated[int, typer.Option(min=1, help="Answers in a row that the gate asks for.")] = 20,
    local: Annotated[bool, typer.Option("--local", help="Both stacks on the local cloud.")] = False,
    project: Annotated[Path | None, typer.Option(help="Folder of Pulumi.yaml.")] = None,
) -> None:
    """Deploy FIRST, wait for the gate, promote to SECOND."""
    one = open_stack(first, local=local, project=project)
    two = open_stack(second, local=local, project=project)

    try:
        gate(one, one.up(), requests=requests)
    except (LocalCloudError, httpx.HTTPError) as error:
        raise SystemExit(f"{error}\n{second} was not touched") from None

    promoted = promote(one, two)  # raises when it is not what runs in the end
    for service, image in promoted.images.items():
        print(f"{service}: {image.partition('@')[2]} runs in {first} and in {second}")
    print(promoted.url)


if __name__ == "__main__":
    run_cli(lambda: typer.run(main))
