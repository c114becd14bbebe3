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

from localcloud.engine import Diagnostic, Op
from packages.localcloud.tests.engine.conftest import PRELUDE, Workbench

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

    def start(self, source: str, *, delay: float = 0, moment: str = "-", verb: str = "up") -> int:
        """Begin a run; returns its process id."""
        (self._bench.root / "__main__.py").write_text(PRELUDE + source)
        assert self._server.stdin is not None
        self._server.stdin.write(f"{verb} {self._bench.root} {self._bench.cloud.folder} {delay} {moment}\n")
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
    assert state["pending"] == state["condemned"] == state["deleting"] == []
    again = bench.up()
    assert again.changes == {Op.SAME: len(wanted(generation)) + 2}


def test_a_kill_after_every_single_state_write_converges(bench: Workbench, runs: Runs) -> None:
    """The exact moments, one by one: right after each write of the state, before anything else happens."""
    for write in range(1, 100):
        generation = write % 4
        runs.start(PROGRAM.format(generation=generation), moment=f"write:{write}")
        if runs.ended() == 0:
            break
        if write % 5 == 0:
            converges(bench, generation)
    assert write > 8
    bench.up(PROGRAM.format(generation=1))
    converges(bench, 1)


@pytest.mark.parametrize("what", ["write", "remove"])
def test_a_destroy_killed_at_every_single_moment_is_made_whole_again(
    bench: Workbench, runs: Runs, what: str
) -> None:
    """Right after each write of the state, and right after each object has gone and before that is recorded."""
    source = PROGRAM.format(generation=1)
    bench.up(source)
    for count in range(1, 100):
        runs.start(source, verb="destroy", moment=f"{what}:{count}")
        if runs.ended() == 0:
            break
        if count % 3:  # a destroy that is killed twice is no different
            bench.program(source)
            converges(bench, 1)
    assert count > 6
    assert bench.cloud.objects() == {}


def test_a_killed_destroy_is_finished_by_the_next_one(bench: Workbench, runs: Runs) -> None:
    source = PROGRAM.format(generation=1)
    bench.up(source)
    runs.start(source, verb="destroy", moment="remove:3")
    assert runs.ended() == -signal.SIGKILL

    assert bench.engine().destroy().ok
    assert bench.cloud.objects() == {}
    assert json.loads(bench.state_file.read_text())["resources"] == []


def test_the_next_run_says_what_a_killed_destroy_had_deleted(bench: Workbench, runs: Runs) -> None:
    source = '\nThing("a", name="a")\n'
    bench.up(source)
    runs.start(source, verb="destroy", moment="remove:1")
    assert runs.ended() == -signal.SIGKILL

    bench.program(source)
    outcome = bench.engine().up()

    assert outcome.changes == {Op.CREATE: 1, Op.SAME: 1}
    said = [event.message for event in bench.events if isinstance(event, Diagnostic)]
    assert said == ["an earlier run ended while it deleted a (fake:index:Thing): gone"]


def test_what_an_interrupted_delete_took_away_is_put_back_whoever_owns_it(
    bench: Workbench, runs: Runs
) -> None:
    """As a service is scaled to nothing before it is deleted, also where its count belongs to an autoscaler."""
    source = '\nThing("a", name="a", size=2, opts=Options(ignore_changes=["size"]))\n'
    bench.up(source)
    runs.start(source, verb="destroy", moment="write:1")
    assert runs.ended() == -signal.SIGKILL
    (object_id,) = bench.cloud.objects()
    bench.cloud.put(object_id, {**bench.cloud.objects()[object_id], "size": 0})

    bench.program(source)
    assert bench.engine().up().changes == {Op.UPDATE: 1, Op.SAME: 1}

    assert bench.cloud.objects()[object_id]["size"] == 2
    assert bench.engine().up().changes == {Op.SAME: 2}
