"""Failures: one message each, dependents skipped, the rest goes on, and the next run continues."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcloud.engine import Op, ResourceEvent, Status
from localcloud.errors import LocalCloudError
from packages.localcloud.tests.engine.conftest import PRELUDE, Workbench

RUNNER = Path(__file__).with_name("runner.py")


def test_a_failed_create_skips_its_dependents_and_lets_the_others_go_on(bench: Workbench) -> None:
    source = """
        a = Thing("a", fail="{}", name="a")
        b = Thing("b", value=a.arn)
        c = Thing("c", opts=Options(depends_on=[b]))
        Thing("d", name="d")
        pulumi.export("a", a.arn)
        pulumi.export("one", 1)
    """

    outcome = bench.up(source.format("create"))

    assert not outcome.ok
    assert outcome.errors == ("a (fake:index:Thing): the cloud says no to a",)
    assert bench.steps(Status.FAILED) == [(Op.CREATE, "a")]
    assert {name for _, name in bench.steps(Status.SKIPPED)} == {"b", "c"}
    assert bench.cloud.names() == ["d"]

    again = bench.up(source.format(""))
    assert again.ok
    assert again.changes == {Op.CREATE: 3, Op.SAME: 2}


def test_a_failed_update_keeps_what_was_and_deletes_nothing(bench: Workbench) -> None:
    bench.up(
        'a = Thing("a", value="1", name="a")\nThing("b", value=a.value, name="b")\nThing("old", name="old")'
    )

    outcome = bench.up(
        'a = Thing("a", value="2", name="a", fail="update")\nThing("b", value=a.value, name="b")'
    )

    assert not outcome.ok
    assert bench.cloud.names() == ["a", "b", "old"]
    assert {item["value"] for item in bench.cloud.objects().values() if "value" in item} == {"1"}
    assert bench.up('a = Thing("a", value="2", name="a")\nThing("b", value=a.value, name="b")').ok
    assert bench.cloud.names() == ["a", "b"]


def test_a_failed_delete_leaves_what_it_needs_and_is_tried_again(bench: Workbench) -> None:
    bench.up(
        'a = Thing("a", name="a")\nThing("b", name="b", value=a.arn, fail="delete")\nThing("c", name="c")'
    )

    outcome = bench.up("")

    assert not outcome.ok
    assert outcome.errors == ("b (fake:index:Thing): b is still in use",)
    assert bench.cloud.names() == ["a", "b"]
    assert bench.steps(Status.SKIPPED) == [(Op.DELETE, "a")]


def test_a_resource_that_does_not_become_ready_is_recorded_and_updated_again(bench: Workbench) -> None:
    source = 'a = Thing("a", name="a", ready={})\nThing("b", value=a.arn)'

    outcome = bench.up(source.format(False))

    assert not outcome.ok
    assert outcome.errors == ("a (fake:index:Thing): it is not ready\nlast log line",)
    assert bench.steps(Status.SKIPPED) == [(Op.CREATE, "b")]
    (resource,) = [item for item in bench.engine().resources() if item.name == "a"]
    assert resource.init_errors == ("it is not ready", "last log line")

    # The same inputs again: not "unchanged", but another attempt.
    assert bench.up(source.format(False)).errors == ("a (fake:index:Thing): it is still not ready",)
    assert bench.up(source.format(True)).changes == {Op.UPDATE: 1, Op.CREATE: 1, Op.SAME: 1}
    assert len(bench.cloud.objects()) == 2


def test_every_invalid_input_is_named_with_its_resource_in_preview_already(bench: Workbench) -> None:
    outcome = bench.preview('Thing("a", colour="red", size="big")\nThing("b", weight=1)')

    assert not outcome.ok
    assert tuple(sorted(outcome.errors)) == (
        "a (fake:index:Thing): invalid inputs\n"
        "  colour: is not a property of fake:index:Thing\n"
        "  size: is 'big'; must be a number",
        "b (fake:index:Thing): invalid inputs\n  weight: is not a property of fake:index:Thing",
    )


def test_a_name_used_twice_is_an_error_that_names_it(bench: Workbench) -> None:
    outcome = bench.up('Thing("a")\nThing("a")')

    assert not outcome.ok
    assert "a (fake:index:Thing) is registered twice" in outcome.errors[0]


def test_an_exception_of_the_program_is_shown_with_the_programs_lines_only(bench: Workbench) -> None:
    (bench.root / "helper.py").write_text("def fail():\n    raise ValueError('wrong size')\n")
    bench.up('Thing("kept", name="kept")')

    outcome = bench.up('import helper\nThing("new", name="new")\nhelper.fail()')

    assert not outcome.ok
    (message,) = outcome.errors
    assert message.startswith("the program failed:")
    assert 'helper.py", line 2, in fail' in message
    assert message.endswith("ValueError: wrong size")
    assert "site-packages" not in message
    assert "localcloud/engine" not in message
    # Nothing of the unfinished program is taken as "no longer wanted".
    assert bench.cloud.names() == ["kept", "new"]


def test_a_program_that_stops_half_way_does_not_take_the_outputs_away(bench: Workbench) -> None:
    assert bench.up('pulumi.export("url", "http://one")\npulumi.export("n", 1)').ok
    failed = bench.up('pulumi.export("n", 2)\nraise ValueError("no")')
    assert not failed.ok
    assert bench.engine().outputs() == {"url": "http://one", "n": 2}
    assert bench.up('pulumi.export("n", 3)').ok
    assert bench.engine().outputs() == {"n": 3}


def test_a_run_error_is_shown_as_its_message_alone(bench: Workbench) -> None:
    assert bench.up('raise pulumi.RunError("set shop:size")').errors == ("set shop:size",)


def test_errors_in_apply_and_syntax_errors_are_shown(bench: Workbench) -> None:
    broken = bench.up('Thing("a").arn.apply(lambda arn: 1 / 0)')
    assert "ZeroDivisionError" in broken.errors[0]

    (bench.root / "__main__.py").write_text("def broken(:\n")
    assert "SyntaxError" in bench.engine().up().errors[0]

    (bench.root / "__main__.py").unlink()
    assert "there is no program" in bench.engine().up().errors[0]


def test_messages_of_the_program_arrive_as_events(bench: Workbench) -> None:
    outcome = bench.up('pulumi.log.warn("careful")\npulumi.log.error("bad")')

    assert not outcome.ok
    assert outcome.errors == ("bad",)
    assert any(getattr(event, "message", "") == "careful" for event in bench.events)


def test_a_second_run_on_a_stack_is_refused_with_the_holders_process_id(bench: Workbench) -> None:
    bench.delay = 0.3
    process = start(bench, 'Thing("a", slow=5.0)')
    wait_for(lambda: "create-start a" in " ".join(bench.cloud.calls()))

    with pytest.raises(
        LocalCloudError, match=rf"another run is changing the stack test \(process {process.pid}\)"
    ):
        bench.up("")
    assert bench.preview("").ok
    process.kill()
    process.wait()
    # The lock of a dead process does not block.
    assert bench.up("").ok


def test_ctrl_c_ends_running_operations_starts_no_new_ones_and_keeps_the_state_right(
    bench: Workbench,
) -> None:
    source = 'a = Thing("a", name="a", slow=1.0)\nThing("b", name="b", value=a.arn)'
    # What was left out makes the rest of the program fail, which is not worth a word.
    unhappy = '\na.arn.apply(lambda _: pulumi.runtime.invoke("fake:index:ask", {}, ' + (
        'pulumi.InvokeOptions(provider=Fake("p", region="south"))))'
    )
    process = start(bench, source + unhappy)
    wait_for(lambda: "create-start a" in bench.cloud.calls())

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)

    assert process.returncode == 1
    assert "waiting for: create a (fake:index:Thing)" in output
    assert "skipped: the run was stopped" in output
    assert "Failed with" not in output
    assert bench.cloud.names() == ["a"]
    assert bench.up(source).changes == {Op.SAME: 2, Op.CREATE: 1}


def test_a_second_ctrl_c_leaves_at_once_and_says_what_was_running(bench: Workbench) -> None:
    process = start(bench, 'Thing("a", name="a", slow=60.0)')
    wait_for(lambda: "create-start a" in bench.cloud.calls())
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=20)

    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert "left while running: create a (fake:index:Thing)" in output
    assert json.loads(bench.state_file.read_text())["pending"]
    assert bench.up("").ok
    assert bench.cloud.objects() == {}


def test_an_interrupted_create_is_found_again_not_made_twice(bench: Workbench) -> None:
    # The object is there, the record is not: what a kill between the two leaves.
    process = start(bench, 'Thing("a", slow=60.0)')
    wait_for(lambda: "create-start" in " ".join(bench.cloud.calls()))
    process.kill()
    process.wait()
    (pending,) = json.loads(bench.state_file.read_text())["pending"]
    bench.cloud.put("id-left", {key: pending["goal"]["inputs"][key] for key in ("name", "slow")})

    outcome = bench.up('Thing("a", slow=60.0)')

    assert outcome.changes == {Op.SAME: 2}
    assert list(bench.cloud.objects()) == ["id-left"]


def test_a_full_disk_stops_before_anything_is_made(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    outcome = bench.up('Thing("a")')
    assert not outcome.ok
    assert "cannot write the state file" in outcome.errors[0]
    assert "No space left on device" in outcome.errors[0]
    assert bench.cloud.objects() == {}

    monkeypatch.undo()
    assert bench.up('Thing("a")').ok


def test_failed_steps_carry_their_message_and_duration(bench: Workbench) -> None:
    bench.up('Thing("a", fail="create")')

    (failed,) = [e for e in bench.events if isinstance(e, ResourceEvent) and e.status is Status.FAILED]
    assert failed.message is not None
    assert failed.message.startswith("the cloud says no to a-")
    assert failed.duration is not None


def start(bench: Workbench, source: str) -> subprocess.Popen[str]:
    """Run the engine in a process of its own."""
    (bench.root / "__main__.py").write_text(PRELUDE + source)
    return subprocess.Popen(
        [sys.executable, str(RUNNER), str(bench.root), str(bench.cloud.folder), str(bench.delay)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: object, seconds: float = 20) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
