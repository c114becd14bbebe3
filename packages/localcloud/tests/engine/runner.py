"""Runs `up` or `destroy` over a fake cloud in processes of their own, for tests that interrupt or kill them.

With arguments it runs `up` once. Without, it is a server: for every line `<verb> <folder> <cloud> <delay> <moment>` it
forks a run, prints its process id, and when it has ended its exit code; so that killing dozens of runs costs one start
of Python.
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))

from localcloud.engine import Engine, Project
from localcloud.engine.display import Display
from localcloud.engine.state import State
from packages.localcloud.tests.engine.fake_cloud import FakeCloud, factory


def die_after(moment: str) -> None:
    """Kill this process right after its n-th write of the state (`write:n`), or removal of an object (`remove:n`)."""
    what, _, number = moment.partition(":")
    owner, name = (State, "_write") if what == "write" else (FakeCloud, "remove")
    work = getattr(owner, name)
    count = 0

    def counted(*arguments: Any) -> None:
        nonlocal count
        work(*arguments)
        count += 1
        if count == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, counted)


def run(root: Path, cloud: FakeCloud, delay: float, verb: str = "up") -> int:
    engine = Engine(
        Project.load(root, "test"),
        state_file=root / ".home" / "stacks" / "test.json",
        secrets_key=root / ".home" / "key",
        world="world-1",
        providers={"fake": factory(cloud, delay)},
        on_event=Display(),
    )
    return 0 if getattr(engine, verb)().ok else 1


def serve() -> None:
    for line in sys.stdin:
        verb, root, cloud, delay, moment = line.split()
        pid = os.fork()
        if pid == 0:
            os.dup2(2, 1)
            if moment != "-":
                die_after(moment)
            os._exit(run(Path(root), FakeCloud(Path(cloud)), float(delay), verb))
        print(pid, flush=True)  # noqa: T201  the protocol
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(run(Path(sys.argv[1]), FakeCloud(Path(sys.argv[2])), float(sys.argv[3])))
    serve()
