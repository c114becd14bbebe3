"""Create, update, replace, delete and keep: what the engine does as the program changes."""

from localcloud.engine import Op, ResourceEvent, Status
from packages.localcloud.tests.engine.conftest import Workbench


def test_creates_what_the_program_declares_and_exports_its_outputs(bench: Workbench) -> None:
    outcome = bench.up("""
        a = Thing("a", value="1")
        b = Thing("b", value=a.arn)
        pulumi.export("b", b.value)
    """)

    assert outcome.ok
    assert outcome.errors == ()
    assert outcome.changes == {Op.CREATE: 3}
    objects = {item["name"].rpartition("-")[0]: item for item in bench.cloud.objects().values()}
    assert objects["a"]["value"] == "1"
    assert objects["b"]["value"].startswith("arn:fake:id-")
    assert outcome.outputs == {"b": objects["b"]["value"]}
    assert bench.engine().outputs() == outcome.outputs


def test_second_run_changes_nothing(bench: Workbench) -> None:
    source = 'a = Thing("a", tags={"x": 1, "y": [1, 2.5]})\npulumi.export("a", a.arn)'
    bench.up(source)
    calls = len(bench.cloud.calls())
    written = bench.state_file.stat().st_mtime_ns

    outcome = bench.up(source)

    assert outcome.ok
    assert outcome.changes == {Op.SAME: 2}
    assert not outcome.changed
    assert bench.cloud.calls(calls) == []
    assert bench.state_file.stat().st_mtime_ns == written


def test_updates_in_place_and_tells_what_changed(bench: Workbench) -> None:
    bench.up('Thing("a", value="1", tags={"x": "old", "y": "same"})')
    (before,) = bench.cloud.objects()

    outcome = bench.up('Thing("a", value="2", tags={"x": "new", "y": "same", "z": "more"})')

    assert outcome.changes == {Op.UPDATE: 1, Op.SAME: 1}
    assert list(bench.cloud.objects()) == [before]
    changes = {item.path: (item.old, item.new) for item in bench.event("a").changes}
    assert changes == {"tags.x": ("old", "new"), "tags.z": (None, "more"), "value": ("1", "2")}


def test_replaces_by_creating_first_and_moves_dependents_before_deleting(bench: Workbench) -> None:
    bench.up('a = Thing("a", kind="one")\nThing("b", value=a.arn)')
    calls = len(bench.cloud.calls())

    outcome = bench.up('a = Thing("a", kind="two")\nThing("b", value=a.arn)')

    assert outcome.changes == {Op.REPLACE: 1, Op.UPDATE: 1, Op.SAME: 1}
    done = [call.split("-")[0] for call in bench.cloud.calls(calls) if "-start" not in call]
    assert done == ["create a", "update b", "delete a"]
    assert len(bench.cloud.objects()) == 2
    replaced = next(
        event for event in bench.events if isinstance(event, ResourceEvent) and event.op is Op.REPLACE
    )
    assert {change.path: change.replaces for change in replaced.changes} == {"kind": True}


def test_deletes_what_left_the_program_dependents_first(bench: Workbench) -> None:
    bench.up("""
        a = Thing("a")
        b = Thing("b", value=a.arn)
        c = Thing("c", value=b.arn)
        Thing("stays")
    """)
    calls = len(bench.cloud.calls())

    outcome = bench.up('Thing("stays")')

    assert outcome.changes == {Op.DELETE: 3, Op.SAME: 2}
    deleted = [call.split("-")[0] for call in bench.cloud.calls(calls) if "-start" not in call]
    assert deleted == ["delete c", "delete b", "delete a"]


def test_destroy_leaves_nothing(bench: Workbench) -> None:
    bench.up('g = Group("g")\na = Thing("a", opts=Options(parent=g))\nThing("b", value=a.arn)')

    outcome = bench.engine().destroy()

    assert outcome.ok
    assert outcome.changes == {Op.DELETE: 4}
    assert bench.cloud.objects() == {}
    assert bench.engine().resources() == []


def test_preview_changes_nothing_and_equals_up(bench: Workbench) -> None:
    first = 'a = Thing("a", kind="one")\nThing("b", value=a.arn)\nThing("gone")'
    second = 'a = Thing("a", kind="two")\nThing("b", value=a.arn)\nThing("new")'
    assert bench.preview(first).changes == {Op.CREATE: 4}
    assert bench.cloud.objects() == {}
    assert not bench.state_file.exists()
    bench.up(first)
    objects, state = bench.cloud.objects(), bench.state_file.read_text()

    planned = bench.preview(second)

    assert bench.cloud.objects() == objects
    assert bench.state_file.read_text() == state
    assert planned.changes == {Op.REPLACE: 1, Op.UPDATE: 1, Op.CREATE: 1, Op.DELETE: 1, Op.SAME: 1}
    assert planned.changes == bench.up(second).changes


def test_refresh_records_drift_and_drops_what_is_gone(bench: Workbench) -> None:
    source = 'Thing("a", value="1")\ngone = Thing("gone")\nThing("b", value=gone.arn)'
    bench.up(source)
    for object_id, content in bench.cloud.objects().items():
        if content["name"].startswith("gone"):
            bench.cloud.remove(object_id)
        elif content["name"].startswith("a"):
            bench.cloud.put(object_id, {**content, "value": "changed by hand"})

    outcome = bench.engine().refresh()

    assert outcome.changes == {Op.UPDATE: 1, Op.DELETE: 1, Op.SAME: 2}
    (change,) = bench.event("a").changes
    assert (change.path, change.old, change.new) == ("value", "1", "changed by hand")
    assert bench.up(source).changes == {Op.UPDATE: 2, Op.CREATE: 1, Op.SAME: 1}
    assert {item["value"] for item in bench.cloud.objects().values() if item["name"].startswith("a")} == {"1"}


def test_independent_resources_are_made_and_deleted_in_parallel(bench: Workbench) -> None:
    bench.delay = 1.0

    outcome = bench.up('[Thing(f"t{n}") for n in range(40)]')

    assert outcome.duration < 3
    assert max(provider.most_active for provider in bench.providers) == 40
    gone = bench.engine().destroy()
    assert gone.duration < 3
    assert max(provider.most_active for provider in bench.providers) == 40


def test_events_say_what_happens_to_each_resource(bench: Workbench) -> None:
    bench.up('Thing("a")')

    of_a = [event for event in bench.events if isinstance(event, ResourceEvent) and event.name == "a"]
    assert [(event.status, event.op) for event in of_a] == [
        (Status.STARTED, Op.CREATE),
        (Status.FINISHED, Op.CREATE),
    ]
    assert of_a[0].urn == "urn:pulumi:test::shop::fake:index:Thing::a"
    assert of_a[0].parent == "urn:pulumi:test::shop::pulumi:pulumi:Stack::shop-test"
    assert of_a[1].duration is not None
