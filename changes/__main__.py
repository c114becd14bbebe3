"""`make changes`: take running stacks through ordinary edits, and print what each came to."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Lock
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from automation.engines import EngineName
from automation.engines.command import cli_available
from changes.journeys import SELECTION, journeys
from changes.running import Row, Runner
from changes.stackfile import Journey
from changes.table import HEAD, line, summary
from localcloud.errors import LocalCloudError

INTERRUPTED = 130  # as a shell reports a command that Ctrl-C ended


def main(
    only: Annotated[
        list[str] | None, typer.Argument(help="Journeys to take, by name (see --list); all when left out.")
    ] = None,
    engine: Annotated[
        EngineName | None, typer.Option(help="One engine; left out: each that this machine has.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the first random walk.")] = 1,
    walks: Annotated[int, typer.Option(min=0, help="Random walks of ten edits.")] = 1,
    either: Annotated[
        bool,
        typer.Option(
            "--either", help="Change strategies with either target group live, not the spare one only."
        ),
    ] = False,
    at_once: Annotated[int, typer.Option(min=1, help="Stacks at the same time, each on its own cloud.")] = 2,
    show: Annotated[bool, typer.Option("--list", help="List the journeys and their edits, and end.")] = False,
    logs: Annotated[Path | None, typer.Option(help="Folder for what was printed at faults.")] = None,
) -> None:
    """Take running stacks through ordinary edits under constant requests; end with 1 when one had a fault."""
    found = _chosen(journeys(seed, walks, either=either), only or [])
    console = Console(highlight=False, soft_wrap=True)
    if show:
        for journey in found:
            console.print(f"{journey.name}: " + "; ".join(edit.name for edit in journey.edits(journey.start)))
        return
    engines = [engine] if engine else [EngineName.BUILT_IN, *([EngineName.PULUMI] if cli_available() else [])]
    console.print(HEAD, markup=False)
    rows: list[Row] = []
    lock, stop = Lock(), Event()

    def tell(journey: Journey, row: Row) -> None:
        with lock:
            rows.append(row)
            console.print(line(row), markup=False)
            if row.faults and logs:
                _keep(logs, journey, row)

    with ThreadPoolExecutor(at_once) as pool:
        try:
            going = [pool.submit(_take, journey, name, stop, tell) for name in engines for journey in found]
            for ended in going:
                ended.result()
        except KeyboardInterrupt:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            console.print("stopping: the present edits end, and their local clouds", markup=False)
    console.print(summary(rows), markup=False)
    raise typer.Exit(INTERRUPTED if stop.is_set() else any(row.faults for row in rows))


def _take(journey: Journey, engine: EngineName, stop: Event, tell: Callable[[Journey, Row], None]) -> None:
    """Take one journey; whatever ends it early is a fault, and the others go on."""
    with tempfile.TemporaryDirectory(prefix="changes-", ignore_cleanup_errors=True) as folder:
        try:
            for row in Runner(journey, engine.value, Path(folder), stop).run():
                tell(journey, row)
        except (BotoCoreError, ClientError, subprocess.SubprocessError, ValueError) as error:
            broken = Row(
                change=f"{journey.name}: broken off", engine=engine.value, foreseen=None, done={},
                lost=0, total=0, seconds=0, faults=[f"{type(error).__name__}: {error}"],
            )  # fmt: skip
            tell(journey, broken)


def _chosen(all_of_them: Sequence[Journey], only: Sequence[str]) -> list[Journey]:
    known = {journey.name: journey for journey in all_of_them}
    for name in only:
        if name not in known:
            raise LocalCloudError(f"no journey is called {name!r}", fix=f"one of: {', '.join(known)}")
    return [known[name] for name in only] or [journey for journey in all_of_them if journey.name != SELECTION]


def _keep(folder: Path, journey: Journey, row: Row) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"\W+", "-", f"{row.engine} {journey.name} {row.change}").strip("-")
    (folder / f"{name}.log").write_text("\n".join([*row.faults, row.refusal, row.output]), encoding="utf-8")


if __name__ == "__main__":
    try:
        typer.run(main)
    except LocalCloudError as error:
        raise SystemExit(f"error: {error}") from None
