"""The journeys cover what they promise, and every stack file on the way is one that the program takes."""

import json
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from changes.journeys import every_strategy, is_refused, journeys, random_walk
from changes.running import Row, covers, lost, told
from changes.stackfile import STRATEGIES, Journey, StackFile
from changes.table import line, summary
from infra.settings.validation import validate


def stack_files(journey: Journey) -> list[StackFile]:
    """The stack file at the start and after each edit; what is expected to be refused is taken back."""
    present = journey.start.copy()
    files = [present.copy()]
    for edit in journey.edits(present):
        wanted = present.copy()
        edit.apply(wanted)
        files.append(wanted)
        if not edit.refused:
            present.become(wanted)
    return files


@pytest.mark.parametrize("journey", journeys(walks=3), ids=lambda journey: journey.name)
def test_every_edit_changes_the_stack_file_or_what_is_outside(journey: Journey) -> None:
    present = journey.start.copy()
    for edit in journey.edits(present):
        wanted = present.copy()
        edit.apply(wanted)
        assert wanted != present or edit.outside, edit.name
        if not edit.refused:
            present.become(wanted)


@pytest.mark.parametrize("journey", journeys(walks=3), ids=lambda journey: journey.name)
def test_every_stack_file_on_the_way_is_one_that_loads(journey: Journey) -> None:
    """What is refused is refused because a stack runs, not because of a mistake in the file."""
    for file in stack_files(journey):
        values = {key: value for key, value in file.config.items() if key != "aws:region"}
        problems = [problem.render() for problem in validate(values)[1]]
        assert not problems


@pytest.mark.parametrize("either", [False, True])
def test_every_strategy_changes_to_every_other_one(either: bool) -> None:
    steps = [edit.name.partition(",")[0] for edit in every_strategy(either=either)]
    wanted = {f"{one} → {other}" for one in STRATEGIES for other in STRATEGIES if one != other}
    assert wanted <= set(steps)
    spare = {edit.name.partition(",")[0] for edit in every_strategy() if "spare group live" in edit.name}
    assert wanted <= spare
    made = [step.split(" → ") for step in steps if not is_refused(*step.split(" → "))]
    assert all(before[1] == after[0] for before, after in pairwise(made)), (
        "each begins where the last one ended"
    )


@settings(max_examples=20)
@given(st.integers(min_value=0, max_value=10_000))
def test_a_walk_is_ten_edits_and_the_same_ones_for_the_same_seed(seed: int) -> None:
    def names() -> list[str]:
        journey = random_walk(seed)
        present, made = journey.start.copy(), []
        for edit in journey.edits(present):
            edit.apply(present)
            made.append(edit.name)
        return made

    first = names()
    assert len(first) == 10
    assert names() == first


def event(**content: Any) -> str:
    return json.dumps({"at": "2026-01-01T00:00:00.000+00:00", **content})


def test_what_an_up_did_is_read_from_its_lines() -> None:
    lines = [
        "warning: not JSON",
        event(event="resource", op="update", status="started", name="web", type="aws:ecs/service:Service"),
        event(event="resource", op="update", status="failed", name="web", type="aws:ecs/service:Service"),
        event(event="resource", op="same", status="finished", name="cluster", type="aws:ecs/cluster:Cluster"),
        event(event="finished", changes={"same": 30, "create": 2, "delete": 0}, errors=["PriorityInUse: 7"]),
        event(event="result", verb="up", ok=False),
    ]
    found = told("\n".join(lines), ok=False, seconds=1)
    assert found.changes == {"create": 2}
    assert found.touched == ["update web (Service) failed"]
    assert found.errors == ["PriorityInUse: 7"]


def test_a_preview_may_say_more_than_is_done_and_never_less() -> None:
    assert covers({"replace": 3, "create": 2}, {"replace": 2, "create": 2})
    assert not covers({"replace": 2}, {"replace": 3})
    assert not covers({"replace": 2}, {"delete": 1})


def test_what_is_lost_is_every_answer_but_200() -> None:
    assert lost(Counter({"200": 400, "503": 3, "ReadTimeout": 1})) == {"503": 3, "ReadTimeout": 1}


def test_a_line_says_what_differs_what_was_lost_and_why() -> None:
    fault = Row(
        change="web: port 5001", engine="pulumi", foreseen={"update": 2}, done={"update": 2, "delete": 1},
        lost=3, total=500, seconds=12.34, faults=["lost {'503': 3}"],
    )  # fmt: skip
    refused = Row(
        change="2 zones",
        engine="pulumi",
        foreseen=None,
        done={},
        lost=0,
        total=100,
        seconds=2,
        refusal="no way",
    )
    assert "~2 ≠ ~2 -1" in line(fault)
    assert "3 / 500" in line(fault)
    assert "FAULT: lost {'503': 3}" in line(fault)
    assert line(refused).endswith("refused: no way")
    assert summary([fault, refused]).startswith(
        "2 changes: 0 made, 1 refused before anything was touched, 1 with a fault; 3 of 600 requests lost"
    )
