"""Kill `destroy` at chosen moments on a real local cloud, and see that the next `up` makes the stack whole.

By hand, for many moments: `python -m tests.e2e.killing --kills 100`. It prints a line per moment and ends with 1 when
one of them was not made whole. `LOCALCLOUD_ENGINE=pulumi` lets Pulumi's engine do the work.
"""
# ruff: noqa: T201  a script speaks by printing

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.stage import Ran, Stage, counted


@dataclass(frozen=True)
class Killed:
    """One killed destroy.

    Args:
        seconds: When, after it had begun to delete.
        code: Its exit code: minus SIGKILL when it was still at work.
        up: The `up` that followed.
    """

    seconds: float
    code: int
    up: Ran


def begin_destroy(stage: Stage) -> subprocess.Popen[str]:
    """Start a destroy and wait until it says that it begins to delete."""
    process = subprocess.Popen(
        stage.command("destroy", "local"),
        cwd=stage.project,
        env=stage.environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Destroying"):
            return process
    raise AssertionError(f"the destroy ended with {process.wait()} before it began")


def kill_destroy(stage: Stage, seconds: float) -> Killed:
    """Kill a destroy with everything it started, some seconds after it began, and deploy again."""
    process = begin_destroy(stage)
    time.sleep(seconds)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    code = process.wait()
    assert process.stdout is not None
    process.stdout.close()
    return Killed(seconds, code, stage.run("up", "local"))


def time_of_deleting(process: subprocess.Popen[str]) -> float:
    """Seconds from the first delete to the last, of a destroy that is left alone."""
    started = time.monotonic()
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Resources:"):
            break
    return time.monotonic() - started


def problem(stage: Stage, killed: Killed) -> str:
    """What is not as it was before; empty when all is."""
    if killed.up.code != 0:
        return f"up ended with {killed.up.code}\n{killed.up.output}"
    answer = stage.get()
    if answer.status_code != 200:
        return f"the URL answers {answer.status_code}\n{killed.up.output}"
    again = stage.run("up", "local")
    if again.code != 0 or "No changes" not in again.output:
        return f"another up changes something\n{killed.up.output}\n{again.output}"
    return ""


def main() -> int:
    """Kill many destroys of one stack, one after the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)  # noqa: S311  a choice of moments
    failed = killed_at_work = 0
    with tempfile.TemporaryDirectory(prefix="killing-") as folder:
        stage = Stage(Path(folder))
        try:
            stage.up()
            whole = begin_destroy(stage)
            longest = time_of_deleting(whole)
            whole.communicate()
            stage.up()
            for number in range(1, arguments.kills + 1):
                killed = kill_destroy(stage, chance.uniform(0, longest))
                killed_at_work += killed.code == -signal.SIGKILL
                wrong = problem(stage, killed)
                failed += bool(wrong)
                made, kept = counted(killed.up.output, "created"), counted(killed.up.output, "unchanged")
                print(
                    f"{number:3} killed at {killed.seconds:.2f} of {longest:.2f} s ({killed.code}): "
                    f"{made} created, {kept} unchanged: {wrong or 'whole'}",
                    flush=True,
                )
            emptied = stage.run("destroy", "local")
            failed += emptied.code != 0
            print(f"{killed_at_work} of {arguments.kills} killed at work, {failed} not made whole")
        finally:
            stage.down()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
