"""Take a running stack through one edit after the other, under constant requests."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import httpx

from changes.stackfile import PATHS, Edit, Journey, StackFile
from tests.e2e.stage import Stage

CLOCK = "60"
"""Bake times of a minute take a second."""
PAUSE = 0.03
CLIENTS = 2
_AFTERWARDS = 1.0
_NOT_A_CHANGE = {"same", "read", "refresh"}
_CAUSE = ("error: ", "RunError: ")

Counts = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a verb of the operations CLI told in JSON.

    Args:
        ok: Whether it worked.
        changes: Number of resources by what was done to them; unchanged ones left out.
        touched: Resources that something was done to, or was tried to be.
        errors: Its errors.
        seconds: How long it took.
        output: All that it printed.
    """

    ok: bool
    changes: Counts
    touched: Sequence[str]
    errors: Sequence[str]
    seconds: float
    output: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """What came of one edit.

    Args:
        change: The edit.
        engine: Who made it.
        foreseen: What the preview said would be done, by kind; None where it failed.
        done: What `up` did.
        lost: Requests without an answer of 200.
        total: All requests.
        seconds: How long `up` took.
        refusal: Its words where the program refused the edit; empty where it was made.
        faults: What is wrong; empty when nothing is.
        output: What the verbs printed, for whoever looks for the reason.
    """

    change: str
    engine: str
    foreseen: Counts | None
    done: Counts
    lost: int
    total: int
    seconds: float
    refusal: str = ""
    faults: Sequence[str] = ()
    output: str = ""


@dataclass
class Runner:
    """One stack on a local cloud of its own.

    Args:
        journey: Where it goes.
        engine: `built-in` or `pulumi`.
        folder: An empty folder for both.
        stop: Set to end after the present edit.
    """

    journey: Journey
    engine: str
    folder: Path
    stop: Event = field(default_factory=Event)
    stage: Stage = field(init=False)
    present: StackFile = field(init=False)

    def __post_init__(self) -> None:
        self.stage = Stage(self.folder)
        self.stage.environment |= {"LOCALCLOUD_CLOCK": CLOCK, "LOCALCLOUD_ENGINE": self.engine}
        self.present = self.journey.start.copy()

    def run(self) -> Iterator[Row]:
        """Deploy the stack, make every edit, and take everything away at the end."""
        try:
            self._write(self.present)
            first = self._tell("up")
            if not first.ok:
                yield Row(
                    change=f"{self.journey.name}: the first deployment", engine=self.engine, foreseen=None,
                    done=first.changes, lost=0, total=0, seconds=first.seconds,
                    faults=[_words(first.errors)], output=first.output,
                )  # fmt: skip
                return
            for edit in self.journey.edits(self.present):
                if self.stop.is_set():
                    return
                yield self.make(edit)
        finally:
            self.stage.down()

    def make(self, edit: Edit) -> Row:
        """Make one edit, and go back where it is refused."""
        if edit.outside:
            edit.outside(self.stage.aws)
        wanted = self.present.copy()
        edit.apply(wanted)
        self._write(wanted)
        with self.stage.traffic(CLIENTS, host=self._host(), paths=PATHS, pause=PAUSE) as traffic:
            preview = self._tell("preview")
            up = self._tell("up")
            faults = list(
                self._made(edit, wanted, preview, up) if up.ok else self._refused(edit, preview, up)
            )
            time.sleep(_AFTERWARDS)
        if traffic.failed:
            faults.append(f"lost {lost(traffic.answers)}")
        return Row(
            change=edit.name, engine=self.engine, foreseen=preview.changes if preview.ok else None,
            done=up.changes, lost=traffic.failed, total=traffic.total, seconds=up.seconds,
            refusal="" if up.ok else _words(up.errors), faults=faults, output=preview.output + up.output,
        )  # fmt: skip

    def _made(self, edit: Edit, wanted: StackFile, preview: Told, up: Told) -> Iterator[str]:
        self.present.become(wanted)
        if edit.refused:
            yield "made, though it should have been refused"
        if not preview.ok:
            yield f"the preview failed: {_words(preview.errors)}"
        elif preview.changes != up.changes and not (edit.uncertain and covers(preview.changes, up.changes)):
            yield "the preview said something else"
        yield from self._answers()
        again = self._tell("up")
        if not again.ok or again.changes:
            yield f"a second up: {_counted(again.changes) or _words(again.errors)}"

    def _refused(self, edit: Edit, preview: Told, up: Told) -> Iterator[str]:
        if not edit.refused and not self.journey.free:
            yield "should have been made"
        if up.touched:
            yield f"half-way: after {_counted(up.changes) or 'a failure'}, at {', '.join(up.touched[-3:])}"
        elif preview.ok:
            yield "the preview did not refuse it"
        self._write(self.present)
        yield from self._answers()
        again = self._tell("preview")
        if not again.ok or again.changes:
            yield f"not as before: {_counted(again.changes) or _words(again.errors)}"

    def _answers(self) -> Iterator[str]:
        """Every path is answered by the service that the settings say."""
        try:
            yield from self._wrong_answers(self._host())
        except httpx.HTTPError as error:
            yield f"no answer afterwards: {type(error).__name__}"

    def _wrong_answers(self, host: str) -> Iterator[str]:
        greeting = httpx.get(self._url("/"), headers={"Host": host}, timeout=10, trust_env=False)
        if greeting.is_redirect:
            host = httpx.URL(greeting.headers["location"]).netloc.decode()
        for path in PATHS:
            answer = httpx.get(self._url(path), headers={"Host": host}, timeout=10, trust_env=False)
            wanted = self.present.answering(path)
            if wanted is not None and wanted not in answer.text:
                yield f"{path} answers {answer.status_code} {answer.text[:60]!r} instead of {wanted}"

    def _url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.stage.port}{path}"

    def _host(self) -> str:
        """The load balancer's local name, which is there with and without a domain."""
        (balancer,) = self.stage.aws("elbv2").describe_load_balancers()["LoadBalancers"]
        return f"{balancer['LoadBalancerName']}.alb.localhost:{self.stage.port}"

    def _write(self, stack: StackFile) -> None:
        (self.stage.project / "Pulumi.local.yaml").write_text(stack.text(), encoding="utf-8")
        dockerfile = self.stage.project / "app" / "Dockerfile"
        before = dockerfile.read_text(encoding="utf-8")
        after = re.sub(r"(?m)^EXPOSE \d+$", f"EXPOSE {stack.exposes}", before)
        if after != before:
            dockerfile.write_text(after, encoding="utf-8")

    def _tell(self, verb: str) -> Told:
        started = time.monotonic()
        ran = self.stage.run(verb, "local", "--json")
        return told(ran.output, ok=ran.code == 0, seconds=time.monotonic() - started)


def told(output: str, *, ok: bool, seconds: float) -> Told:
    """Read the JSON lines of a verb; other lines are warnings, which belong to its output only."""
    changes: dict[str, int] = {}
    touched: list[str] = []
    errors: list[str] = []
    for line in output.splitlines():
        said: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
        match said.get("event"):
            case "resource" if said["op"] not in _NOT_A_CHANGE and said["status"] in {"finished", "failed"}:
                touched.append(
                    f"{said['op']} {said['name']} ({said['type'].rpartition(':')[2]}) {said['status']}"
                )
            case "finished":
                changes = {
                    op: count for op, count in said["changes"].items() if op not in _NOT_A_CHANGE and count
                }
                errors += said["errors"]
            case "verified" if not said.get("ok", True):
                errors.append(str(said))
            case "result" if not said["ok"]:
                errors += [str(said[key]) for key in ("error", "problem") if said.get(key)]
    return Told(ok=ok, changes=changes, touched=touched, errors=errors, seconds=seconds, output=output)


def covers(foreseen: Counts, done: Counts) -> bool:
    """Whether everything that was done had been said before."""
    return all(count <= foreseen.get(op, 0) for op, count in done.items())


def lost(answers: Mapping[str, int]) -> dict[str, int]:
    """What was answered instead of 200, and how often."""
    return {answer: count for answer, count in answers.items() if answer != "200"}


def _counted(changes: Counts) -> str:
    return ", ".join(f"{count} {op}" for op, count in changes.items())


def _words(errors: Sequence[str]) -> str:
    return " ".join(" ".join(errors[:2]).split()) or "no reason given"


Report = Callable[[Row], None]
