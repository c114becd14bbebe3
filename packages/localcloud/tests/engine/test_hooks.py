"""Resource hooks and error hooks: when they run, what they are told, and what their failures do."""

import json

import pytest

from localcloud.engine import Diagnostic, Op, Severity, Status
from packages.localcloud.tests.engine.conftest import Workbench

# Every hook writes down what it was told, into a file that the test reads.
TOLD = """
import json, pathlib
from pulumi import ErrorHook, ResourceHook, ResourceHookBinding, ResourceHookOptions

def told(kind, fails=None, **options):
    async def hook(args):
        seen = {name: (getattr(args, name) or {}).get("value") for name in
                ("new_inputs", "old_inputs", "new_outputs", "old_outputs")}
        with open("told", "a") as file:
            line = {"kind": kind, "name": args.name, "id": bool(args.id), **seen}
            file.write(json.dumps({key: value for key, value in line.items() if value}) + "\\n")
        if fails:
            raise Exception(fails)
    return ResourceHook(kind, hook, ResourceHookOptions(**options))

def all_hooks(**fails):
    kinds = ["before_create", "after_create", "before_update", "after_update", "before_delete", "after_delete"]
    return ResourceHookBinding(**{kind: [told(kind, fails.get(kind))] for kind in kinds})
"""


def told(bench: Workbench) -> list[dict[str, object]]:
    path = bench.root / "told"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return [json.loads(line) for line in lines]


def warnings(bench: Workbench) -> list[str]:
    return [e.message for e in bench.events if isinstance(e, Diagnostic) and e.severity is Severity.WARNING]


def thing(value: str, hooks: str = "all_hooks()", more: str = "") -> str:
    return TOLD + f'Thing("a", name="a", value="{value}", {more} opts=Options(hooks={hooks}))\n'


def test_hooks_run_around_every_step_and_are_told_what_changes(bench: Workbench) -> None:
    assert bench.up(thing("1")).ok
    assert told(bench) == [
        {"kind": "before_create", "name": "a", "new_inputs": "1"},
        {"kind": "after_create", "name": "a", "id": True, "new_inputs": "1", "new_outputs": "1"},
    ]
    assert bench.up(thing("1")).ok
    assert told(bench) == []

    before = {"name": "a", "id": True, "new_inputs": "2", "old_inputs": "1", "old_outputs": "1"}
    assert bench.up(thing("2")).ok
    assert told(bench) == [
        {"kind": "before_update", **before},
        {"kind": "after_update", **before, "new_outputs": "2"},
    ]
    # A deletion needs the program's functions, so they are kept until it is over; the program must have them still.
    assert bench.up(TOLD + "all_hooks()").ok
    gone = {"name": "a", "id": True, "old_inputs": "2", "old_outputs": "2"}
    assert told(bench) == [{"kind": "before_delete", **gone}, {"kind": "after_delete", **gone}]


def test_a_replacement_runs_the_hooks_of_both_its_halves(bench: Workbench) -> None:
    bench.up(thing("1", more='kind="x",'))
    told(bench)
    assert bench.up(thing("1", more='kind="y",').replace('name="a"', 'name="b"')).ok
    kinds = [line["kind"] for line in told(bench)]
    assert kinds == ["before_create", "after_create", "before_delete", "after_delete"]


def test_a_failing_before_hook_fails_the_step(bench: Workbench) -> None:
    outcome = bench.up(thing("1", 'all_hooks(before_create="not now")') + 'Thing("b")')
    assert outcome.errors == ('a (fake:index:Thing): before hook "before_create" failed: not now',)
    assert [item["name"] for item in bench.cloud.objects().values()] != []
    assert all(item["name"] != "a" for item in bench.cloud.objects().values())

    bench.up(thing("1"))
    outcome = bench.up(thing("2", 'all_hooks(before_update="not now")'))
    assert not outcome.ok
    assert bench.steps(Status.FAILED) == [(Op.UPDATE, "a")]
    assert [item["value"] for item in bench.cloud.objects().values() if item["name"] == "a"] == ["1"]


def test_a_failing_after_hook_fails_the_run_and_keeps_what_was_done(bench: Workbench) -> None:
    """Pulumi: the step succeeded; nothing that follows it runs."""
    dependent = "b = Thing('b', opts=Options(depends_on=[a]))\npulumi.export('arn', b.arn)"
    source = thing("1", 'all_hooks(after_create="rolled back")').replace("Thing(", "a = Thing(")
    outcome = bench.up(source + dependent)
    assert outcome.errors == ('a (fake:index:Thing): after hook "after_create" failed: rolled back',)
    assert bench.steps() == [(Op.CREATE, "a")]
    assert bench.steps(Status.SKIPPED) == [(Op.CREATE, "b")]

    # It is recorded as it is, so that the next run does not do it again.
    told(bench)
    assert bench.up(thing("1").replace("Thing(", "a = Thing(") + dependent).changes == {
        Op.CREATE: 1,
        Op.SAME: 2,
    }
    assert told(bench) == []


def test_a_failing_run_deletes_nothing(bench: Workbench) -> None:
    bench.up('Thing("old", name="old")')
    assert not bench.up(thing("1", 'all_hooks(after_create="no")')).ok
    assert sorted(item["name"] for item in bench.cloud.objects().values()) == ["a", "old"]


def test_errors_that_are_to_be_ignored_are_warnings(bench: Workbench) -> None:
    hooks = 'ResourceHookBinding(after_create=[told("h", "so what", ignore_errors=True)])'
    assert bench.up(thing("1", hooks)).ok
    assert warnings(bench) == ['AfterCreate hook "h" failed: so what']


def test_a_preview_runs_only_hooks_that_ask_for_it(bench: Workbench) -> None:
    hooks = 'ResourceHookBinding(before_create=[told("h"), told("dry", on_dry_run=True)])'
    assert bench.preview(thing("1", hooks)).ok
    assert [line["kind"] for line in told(bench)] == ["dry"]
    assert bench.up(thing("1", hooks)).ok
    assert [line["kind"] for line in told(bench)] == ["h", "dry"]


def test_a_components_hooks_after_a_step_see_its_children(bench: Workbench) -> None:
    source = TOLD + (
        "class Pair(pulumi.ComponentResource):\n"
        "    def __init__(self):\n"
        '        super().__init__("test:index:Pair", "pair", None, Options(hooks=all_hooks()))\n'
        '        thing = Thing("child", value="1", opts=Options(parent=self))\n'
        '        self.register_outputs({"value": thing.value})\n'
        "Pair()\n"
    )
    assert bench.up(source).ok
    assert told(bench) == [
        {"kind": "before_create", "name": "pair"},
        {"kind": "after_create", "name": "pair", "new_outputs": "1"},
    ]


def test_destroy_refuses_what_needs_the_program_to_delete(bench: Workbench) -> None:
    bench.up(thing("1"))
    outcome = bench.engine().destroy()
    assert not outcome.ok
    assert "a (fake:index:Thing): before_delete, after_delete" in outcome.errors[0]
    assert len(bench.cloud.objects()) == 1
    bench.up('Thing("a", name="a", value="1")')
    assert bench.engine().destroy().ok


def test_a_hook_that_is_gone_fails_the_deletion_that_needs_it(bench: Workbench) -> None:
    bench.up(thing("1"))
    outcome = bench.up("")
    assert outcome.errors == ('a (fake:index:Thing): hook "before_delete" was not registered',)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('told("h"), told("h")', 'resource hook already registered for name "h"'),
        ('told("")', "resource hook name cannot be empty"),
        ('told("h"), ErrorHook("h", lambda args: False)', 'resource hook already registered for name "h"'),
    ],
)
def test_names_of_hooks_are_given_once(bench: Workbench, source: str, said: str) -> None:
    outcome = bench.up(TOLD + source)
    assert not outcome.ok
    assert said in outcome.errors[0]


@pytest.mark.parametrize("operation", ["create", "update"])
def test_an_error_hook_asks_for_another_try(bench: Workbench, operation: str) -> None:
    """The fake provider fails as long as it is told to; the hook heals the cloud after the second failure."""
    heal = TOLD + (
        "import pathlib\n"
        "tries = []\n"
        "def again(args):\n"
        "    tries.append(args.errors)\n"
        f"    assert args.failed_operation == '{operation}', args\n"
        "    assert len(args.errors) == len(tries)\n"
        "    return len(tries) < 3\n"
        'on_error = ResourceHookBinding(on_error=[ErrorHook("again", again)])\n'
    )
    bench.up(
        heal + 'Thing("a", name="a", value="1", opts=Options(hooks=on_error))'
        if operation == "update"
        else ""
    )
    outcome = bench.up(
        heal + f'Thing("a", name="a", value="2", fail="{operation}", opts=Options(hooks=on_error))'
    )
    assert len(outcome.errors) == 1
    assert warnings(bench) == [
        f"retrying {operation} due to on-error hook request ({number}/100)" for number in (1, 2)
    ]


def test_an_error_hook_that_fails_ends_the_tries(bench: Workbench) -> None:
    source = TOLD + (
        "def broken(args):\n    raise ValueError('of itself')\n"
        'on_error = ResourceHookBinding(on_error=[ErrorHook("broken", broken)])\n'
        'Thing("a", fail="create", opts=Options(hooks=on_error))'
    )
    assert bench.up(source).errors == (
        'a (fake:index:Thing): error hooks execution failed: error hook "broken" failed: of itself',
    )


def test_error_hooks_give_up_after_a_hundred_tries(bench: Workbench) -> None:
    source = TOLD + (
        'on_error = ResourceHookBinding(on_error=[ErrorHook("always", lambda args: True)])\n'
        'Thing("a", fail="create", opts=Options(hooks=on_error))'
    )
    assert bench.up(source).errors == ("a (fake:index:Thing): maximum number of error hook retries reached",)
    assert warnings(bench)[-1] == "maximum number of error hook retries (100) reached"


def test_hooks_get_secrets_as_secrets_and_their_errors_hide_them(bench: Workbench) -> None:
    source = TOLD + (
        "async def hook(args):\n"
        "    value = args.new_inputs['value']\n"
        "    assert isinstance(value, pulumi.Output) and await value.is_secret()\n"
        "    raise ValueError('it is ' + await value.future())\n"
        "hooks = ResourceHookBinding(after_create=[hook])\n"
        "Thing('a', value=pulumi.Output.secret('hunter22'), opts=Options(hooks=hooks))\n"
    )
    outcome = bench.up(source)
    assert "it is [secret]" in outcome.errors[0]
    assert "hunter22" not in str(outcome) + str(bench.events)


def test_a_stopped_run_does_not_wait_for_a_hook_that_waits(bench: Workbench) -> None:
    """Ctrl-C, in the place of which the hook itself interrupts the run."""
    source = TOLD + (
        "import asyncio, os, signal\n"
        "async def hook(args):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    await asyncio.sleep(60)\n"
        "Thing('a', opts=Options(hooks=ResourceHookBinding(after_create=[ResourceHook('slow', hook)])))\n"
        "Thing('b', opts=Options(depends_on=[]))\n"
    )
    outcome = bench.up(source)
    assert outcome.interrupted
    assert outcome.duration < 30
    assert 'a (fake:index:Thing): after hook "slow" failed: the run was stopped' in outcome.errors
    assert bench.up('Thing("a")').ok
