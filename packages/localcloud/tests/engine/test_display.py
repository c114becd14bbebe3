"""What people read: a line per change, the differing properties, then counts like Pulumi's."""

import io
import re

import pytest
from rich.console import Console

from localcloud.engine import Engine, Project
from localcloud.engine.display import Display, summary_line
from localcloud.errors import LocalCloudError, visible
from packages.localcloud.tests.engine.conftest import Workbench
from packages.localcloud.tests.engine.fake_cloud import factory


def shown(bench: Workbench, operation: str, source: str | None = None, *, terminal: bool = False) -> str:
    if source is not None:
        bench.program(source)
    text = io.StringIO()
    console = Console(file=text, force_terminal=terminal, width=80, highlight=False)
    engine = Engine(
        Project.load(bench.root, "test"),
        state_file=bench.state_file,
        secrets_key=bench.root / ".home" / "key",
        world="world-1",
        providers={"fake": factory(bench.cloud, bench.delay)},
        on_event=Display(console),
    )
    getattr(engine, operation)()
    return re.sub(r"\d+\.\d+s|-[0-9a-f]{7}\b", "#", text.getvalue()).replace(" (#)", "")


def test_up_prints_every_change_then_outputs_and_counts(bench: Workbench) -> None:
    text = shown(
        bench, "up", 'a = Thing("a", name="a")\npulumi.export("url", pulumi.Output.concat("http://", a.name))'
    )

    assert text.splitlines() == [
        "Updating (test):",
        " +  shop-test  pulumi:pulumi:Stack  created",
        " +  a  fake:index:Thing  created",
        "Outputs:",
        '    url: "http://a"',
        "Resources:",
        "    + 2 created",
        "Duration: #",
    ]


def test_preview_says_what_would_happen_and_which_property_makes_it(bench: Workbench) -> None:
    bench.up('Thing("a", value="1", tags={"x": "1"})\nThing("b", kind="1")\nThing("c")\nThing("d")')

    text = shown(
        bench,
        "preview",
        'Thing("a", value="2", tags={"y": "1"})\nThing("b", kind="2")\nThing("d")\nThing("e")',
    )

    lines = text.splitlines()
    assert lines[0] == "Previewing update (test):"
    at = lines.index(" ~  a  fake:index:Thing  to update")
    assert lines[at + 1 : at + 4] == [
        '      - tags.x: "1"',
        '      + tags.y: "1"',
        '      ~ value: "1" => "2"',
    ]
    at = lines.index(" +- b  fake:index:Thing  to replace")
    assert lines[at + 1] == '      ~ kind: "1" => "2"  (forces replacement)'
    assert " +  e  fake:index:Thing  to create" in lines
    assert " -  c  fake:index:Thing  to delete" in lines
    at = lines.index("Resources:")
    assert lines[at:-1] == [
        "Resources:",
        "    + 1 to create",
        "    ~ 1 to update",
        "    +- 1 to replace",
        "    - 1 to delete",
        "    2 unchanged",
    ]


def test_a_run_that_changes_nothing_says_so(bench: Workbench) -> None:
    bench.up('Thing("a")')

    assert shown(bench, "up").splitlines() == [
        "Updating (test):",
        "Resources:",
        "    2 unchanged",
        "No changes.",
        "Duration: #",
    ]


def test_failures_are_told_once_at_the_end_with_what_was_skipped(bench: Workbench) -> None:
    lines = shown(
        bench, "up", 'a = Thing("a", name="a", fail="create")\nThing("b", value=a.arn)'
    ).splitlines()

    assert " !  a  fake:index:Thing  creating failed" in lines
    assert sum("the cloud says no to a" in line for line in lines) == 1
    assert " ?  b  fake:index:Thing  skipped: it depends on a, which failed or was skipped" in lines
    assert lines[-3:-1] == ["Failed with 1 error:", "  a (fake:index:Thing): the cloud says no to a"]


def test_a_slow_step_is_announced_while_it_runs(bench: Workbench) -> None:
    lines = shown(bench, "up", 'Thing("a", slow=1.6)\nThing("b")').splitlines()

    announced = lines.index(" +  a  fake:index:Thing  creating …")
    assert announced < lines.index(" +  a  fake:index:Thing  created")
    assert " +  b  fake:index:Thing  creating …" not in lines


@pytest.mark.parametrize("terminal", [False, True])
def test_only_a_terminal_gets_control_characters(bench: Workbench, *, terminal: bool) -> None:
    long = "x" * 300
    text = shown(bench, "up", f'Thing("a")\npulumi.export("[bold]long[/bold]", "{long}")', terminal=terminal)

    assert ("\x1b" in text) == terminal
    assert "[bold]long[/bold]" in text
    assert long in text, "lines are not broken: people copy from them"


def test_secrets_are_not_shown(bench: Workbench) -> None:
    bench.up('Thing("a", value=pulumi.Output.secret("hidden-1"))')

    text = shown(
        bench,
        "up",
        's = pulumi.Output.secret("hidden-2")\nThing("a", value=s)\n'
        'pulumi.export("s", s)\npulumi.export("o", {"k": s})',
    )

    assert "hidden" not in text
    assert '      ~ value: "[secret]" => "[secret]"' in text
    assert '    s: "[secret]"' in text


def test_the_counts_also_come_in_one_line(bench: Workbench) -> None:
    bench.up('Thing("a", value="1")\nThing("b")')

    outcome = bench.preview('Thing("a", value="2")\nThing("b")\nThing("c")')

    assert summary_line(outcome) == "+ 1 to create, ~ 1 to update, 2 unchanged"


def test_values_move_no_cursor_and_turn_no_line_around() -> None:
    assert visible("a\x1b[2J\u202eb\r\x00\ud800é\tc\nd") == "a\\x1b[2J\\u202eb\\r\\x00\\ud800é\tc\nd"
    assert str(LocalCloudError("\x1b[31m", fix="\u202e")) == "\\x1b[31m\n  fix: \\u202e"
