"""What a person waits for: deploying, deploying again, a changed line, a killed container, a rolling update."""

import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.e2e.stage import Stage, eventually


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One line of the result: what was measured, and what it is held against."""

    what: str
    measured: float
    limit: float
    unit: str

    @property
    def ratio(self) -> float:
        """Part of the bar that was used; above 1 the bar is missed."""
        return self.measured / self.limit


def main() -> None:
    """Measure everything on a stage of its own and print it."""
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        try:
            bars = _measure(stage)
        finally:
            stage.down()
    table = Table("what", "measured", "bar", "measured / bar", box=None, padding=(0, 2))
    for bar in bars:
        table.add_row(
            bar.what,
            f"{bar.measured:.1f} {bar.unit}",
            f"{bar.limit:g} {bar.unit}",
            f"{bar.ratio:.2f}",
        )
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
            what=f"failed requests of {traffic.total} in that update",
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
    ]


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
