"""Runs `up` over a fake cloud in processes of their own, for tests that interrupt or kill them.

With arguments it runs once. Without, it is a server: for every line `<folder> <cloud> <delay> <writes>` it forks a run,
prints its process id, and when it has ended its exit code; so that killing dozens of runs costs one start of Python.
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from localcloud.engine import Engine, Project
from localcloud.engine.display import Display
from localcloud.engine.state import State
from tests.localcloud.engine.fake_cloud import FakeCloud, factory


def die_after(writes: int) -> None:
    """Kill this process right after its n-th write of the state."""
    write = State._write
    count = 0

    def counted(state: State) -> None:
        nonlocal count
        write(state)
        count += 1
        if count == writes:
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(State, "_write", counted)  # noqa: B010  mypy minds the plain assignment; it is for this process only


def run(root: Path, cloud: FakeCloud, delay: float) -> int:
    engine = Engine(
        Project.load(root, "test"),
        state_file=root / ".home" / "stacks" / "test.json",
        secrets_key=root / ".home" / "key",
        world="world-1",
        providers={"fake": factory(cloud, delay)},
        on_event=Display(),
    )
    return 0 if engine.up().ok else 1


def serve() -> None:
    for line in sys.stdin:
        root, cloud, delay, writes = line.split()
        pid = os.fork()
        if pid == 0:
            os.dup2(2, 1)
            if int(writes):
                die_after(int(writes))
            os._exit(run(Path(root), FakeCloud(Path(cloud)), float(delay)))
        print(pid, flush=True)  # noqa: T201  the protocol
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) > 1:
        raise SystemExit(run(Path(sys.argv[1]), FakeCloud(Path(sys.argv[2])), float(sys.argv[3])))
    serve()
