"""What a person waits for: deploying, a changed line, a killed container, a rolling update, scaling out and in."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.e2e.stage import Stage, eventually

ROLLOUT_REQUESTS = 5000
# Low, so that the clients of a busy machine reach it too.
SCALING = "{ min: 1, max: 3, cpu: { target: 10 }, scaleOutCooldown: 60, scaleInCooldown: 60 }"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One line of the result: what was measured, and what it is held against; None where nothing is."""

    what: str
    measured: float
    limit: float | None = None
    unit: str

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Its cells; a ratio above 1 has missed the bar."""
        measured = f"{self.measured:.1f} {self.unit}" if self.unit else f"{self.measured:g}"
        if self.limit is None:
            return self.what, measured, "-", "-"
        return self.what, measured, f"{self.limit:g} {self.unit}", f"{self.measured / self.limit:.2f}"


def main() -> None:
    """Measure everything on a stage of its own and print it."""
    # In a pipe there is no width to keep to.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        try:
            bars = _measure(stage)
        finally:
            stage.down()
    table = Table("what", "measured", "bar", "measured / bar", box=None, padding=(0, 2))
    for bar in bars:
        table.add_row(*bar.row)
    console.print(table)


def _measure(stage: Stage) -> list[Bar]:
    first = _seconds(stage.up)
    again = min(_seconds(stage.up) for _ in range(3))
    url = stage.url

    stage.edit("app/service/config.py", "Hello from ECS!", "Hello, changed!")
    started = time.monotonic()
    with stage.traffic() as traffic:
        stage.up()
        changed = time.monotonic() - started
        eventually(lambda: traffic.total >= ROLLOUT_REQUESTS, 300, f"{ROLLOUT_REQUESTS} requests")
    assert stage.get(url=url).text == "Hello, changed!"  # noqa: S101  a benchmark of nothing would be a lie

    return [
        Bar(what="up on a set-up machine, first deployment", measured=first, limit=240, unit="s"),
        Bar(what="up again, nothing changed (best of 3)", measured=again, limit=8, unit="s"),
        Bar(
            what="a changed line of the app, built, rolled and answering",
            measured=changed,
            limit=15,
            unit="s",
        ),
        Bar(
            what=f"failed requests of {traffic.total} during and after that rolling update",
            measured=traffic.failed,
            limit=1,
            unit="",
        ),
        Bar(
            what="killed container: until its replacement answers",
            measured=_recovery(stage),
            limit=3,
            unit="s",
        ),
        Bar(what="layers of the image above its base", measured=_app_megabytes(stage), limit=40, unit="MB"),
        *_scaling(stage),
    ]


def _scaling(stage: Stage) -> list[Bar]:
    """From load to three tasks by target tracking on the CPU, and back; every container killed in between."""
    stage.edit(
        "Pulumi.local.yaml", "      desiredCount: 1", f"      scaling: {SCALING}\n      desiredCount: 1"
    )
    stage.up()
    url = stage.url
    with stage.traffic(clients=6) as traffic:
        grown = eventually(lambda: _running(stage) == 3, 180, "three tasks")
    ended = time.monotonic()
    killed = stage.containers()
    started = time.monotonic()
    subprocess.run(["docker", "kill", *killed], check=True, capture_output=True)
    answering = eventually(lambda: stage.get(url=url).status_code == 200, 30, "a replacement answers")
    eventually(lambda: len(set(stage.containers()) - set(killed)) == 3, 60, "all are replaced")
    replaced = time.monotonic() - started
    eventually(lambda: _running(stage) == 1, 300, "one task")
    shrunk = time.monotonic() - ended
    return [
        Bar(what="from load to 3 tasks (CPU target tracking)", measured=grown, unit="s"),
        Bar(
            what=f"failed requests of {traffic.total} while it grew",
            measured=traffic.failed,
            limit=1,
            unit="",
        ),
        Bar(what="all 3 containers killed: until one answers", measured=answering, limit=3, unit="s"),
        Bar(what="all 3 containers killed: until all are replaced", measured=replaced, unit="s"),
        Bar(what="from the end of the load back to 1 task", measured=shrunk, unit="s"),
    ]


def _running(stage: Stage) -> int:
    ecs = stage.aws("ecs")
    cluster = ecs.list_clusters()["clusterArns"][0]
    return int(ecs.describe_services(cluster=cluster, services=["web"])["services"][0]["runningCount"])


def _seconds(command: Callable[[], object]) -> float:
    started = time.monotonic()
    command()
    return time.monotonic() - started


def _recovery(stage: Stage) -> float:
    """Seconds from the kill to the first answer that the replacement gave."""
    url = stage.url
    (killed,) = stage.containers()
    started = time.monotonic()
    subprocess.run(["docker", "kill", killed], check=True, capture_output=True)
    eventually(
        lambda: stage.get(url=url).status_code != 200 or killed not in stage.containers(),
        10,
        "the kill is seen",
    )
    eventually(lambda: stage.get(url=url).status_code == 200, 30, "the replacement answers")
    return time.monotonic() - started


def _app_megabytes(stage: Stage) -> float:
    """Size of what the Dockerfile adds to the base image."""
    (container,) = stage.containers()
    image = subprocess.check_output(["docker", "inspect", "-f", "{{.Image}}", container], text=True).strip()
    history = subprocess.check_output(
        ["docker", "history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", image],
        text=True,
    )
    lines = history.splitlines()
    # The Dockerfile's own lines are BuildKit's; the base image's come after the last of them.
    own = [line for line in lines if "buildkit" in line]
    return sum(int(line.split()[0]) for line in own) / 1e6


if __name__ == "__main__":
    main()
