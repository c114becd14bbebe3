"""Killed at any moment, the next run converges: the cloud has exactly the wanted objects, and nothing is orphaned."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.engine import Op
from tests.localcloud.engine.conftest import PRELUDE, Workbench

RUNNER = Path(__file__).with_name("runner.py")
KILLS = 28
LONGEST = 0.25

# Each generation creates, updates, replaces both ways, and deletes relative to any other.
PROGRAM = """
net = Thing("net", kind="net-{generation}")
group = Group("group")
for n in range({generation} % 3 + 2):
    part = Thing(f"part-{{n}}", value=net.arn, opts=Options(parent=group))
    Thing(f"leaf-{{n}}", kind=f"exclusive-{generation}", tags={{"part": part.arn}}, opts=Options(depends_on=[part]))
Thing("alone", size={generation})
"""


def wanted(generation: int) -> list[str]:
    parts = generation % 3 + 2
    return sorted(
        ["net", "alone", *(f"part-{n}" for n in range(parts)), *(f"leaf-{n}" for n in range(parts))]
    )


def logical_names(bench: Workbench) -> list[str]:
    return sorted(name.rpartition("-")[0] for name in bench.cloud.names())


class Runs:
    """Runs of the engine in processes of their own."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._server = subprocess.Popen(
            [sys.executable, str(RUNNER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def start(self, source: str, *, delay: float = 0, writes: int = 0) -> int:
        """Begin a run; returns its process id."""
        (self._bench.root / "__main__.py").write_text(PRELUDE + source)
        assert self._server.stdin is not None
        self._server.stdin.write(f"{self._bench.root} {self._bench.cloud.folder} {delay} {writes}\n")
        self._server.stdin.flush()
        return int(self._line())

    def ended(self) -> int:
        """Wait for the end of the run; returns its exit code."""
        return int(self._line())

    def _line(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline()

    def close(self) -> None:
        self._server.kill()
        self._server.wait()


@pytest.fixture
def runs(bench: Workbench) -> Iterator[Runs]:
    runs = Runs(bench)
    yield runs
    runs.close()


def test_killed_at_many_random_moments_it_converges_without_orphans(bench: Workbench, runs: Runs) -> None:
    chance = random.Random(20)  # noqa: S311  a test's choice of moments
    killed = 0
    for generation in range(KILLS):
        calls = len(bench.cloud.calls())
        pid = runs.start(PROGRAM.format(generation=generation), delay=0.03)
        wait_for_work(bench, calls)
        time.sleep(chance.uniform(0, LONGEST))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        killed += runs.ended() == -signal.SIGKILL
        json.loads(bench.state_file.read_text())  # whole at every moment
        if generation % 4 == 3:
            converges(bench, generation)
    assert killed > KILLS / 2, "the runs were over before they were killed"

    bench.engine().destroy()
    assert bench.cloud.objects() == {}


def wait_for_work(bench: Workbench, calls: int) -> None:
    """Wait until the run has begun to change something, so that the kill falls into its work."""
    deadline = time.monotonic() + 20
    while len(bench.cloud.calls()) == calls:
        assert time.monotonic() < deadline, "the run did not begin"
        time.sleep(0.005)


def converges(bench: Workbench, generation: int) -> None:
    outcome = bench.up()
    assert outcome.ok, outcome.errors
    assert logical_names(bench) == wanted(generation)
    assert {item.id for item in bench.engine().resources() if item.type == "fake:index:Thing"} == set(
        bench.cloud.objects()
    )
    state = json.loads(bench.state_file.read_text())
    assert state["pending"] == state["condemned"] == []
    again = bench.up()
    assert again.changes == {Op.SAME: len(wanted(generation)) + 2}


def test_a_kill_after_every_single_state_write_converges(bench: Workbench, runs: Runs) -> None:
    """The exact moments, one by one: right after each write of the state, before anything else happens."""
    for write in range(1, 100):
        generation = write % 4
        runs.start(PROGRAM.format(generation=generation), writes=write)
        if runs.ended() == 0:
            break
        if write % 5 == 0:
            converges(bench, generation)
    assert write > 8
    bench.up(PROGRAM.format(generation=1))
    converges(bench, 1)
