"""Resource options: each does what Pulumi documents for it."""

from localcloud.engine import Op, Status
from packages.localcloud.tests.engine.conftest import Workbench


def test_protect_refuses_replacement_and_deletion_until_it_is_taken_off(bench: Workbench) -> None:
    bench.up('Thing("a", kind="one", opts=Options(protect=True))')
    before = bench.cloud.objects()

    replaced = bench.up('Thing("a", kind="two", opts=Options(protect=True))')
    assert not replaced.ok
    assert "a (fake:index:Thing) is protected and cannot be replaced" in replaced.errors[0]
    assert "protect=True" in replaced.errors[0]

    deleted = bench.up('Thing("b")')
    assert not deleted.ok
    assert "a (fake:index:Thing) is protected and cannot be deleted" in deleted.errors[0]

    destroyed = bench.engine().destroy()
    assert not destroyed.ok
    assert before.items() <= bench.cloud.objects().items()

    taken_off = bench.up('Thing("a", kind="two")')
    assert taken_off.ok, taken_off.errors
    assert taken_off.changes[Op.REPLACE] == 1
    assert len(bench.cloud.objects()) == 1


def test_ignore_changes_keeps_old_values_also_deep_inside(bench: Workbench) -> None:
    options = 'opts=Options(ignore_changes=["value", "tags.x", "items[0].v"])'
    bench.up(f'Thing("a", value="1", tags={{"x": "1", "y": "1"}}, items=[{{"v": 1, "w": 1}}], {options})')

    outcome = bench.up(
        f'Thing("a", value="2", tags={{"x": "2", "y": "2"}}, items=[{{"v": 2, "w": 2}}], {options})'
    )

    assert outcome.changes == {Op.UPDATE: 1, Op.SAME: 1}
    (content,) = bench.cloud.objects().values()
    assert content["value"] == "1"
    assert content["tags"] == {"x": "1", "y": "2"}
    assert content["items"] == [{"v": 1, "w": 2}]


def test_delete_before_replace_deletes_first(bench: Workbench) -> None:
    source = 'Thing("a", kind="{}", name="fixed", opts=Options(delete_before_replace=True))'
    bench.up(source.format("one"))
    calls = len(bench.cloud.calls())

    assert bench.up(source.format("two")).changes == {Op.REPLACE: 1, Op.SAME: 1}

    assert bench.cloud.calls(calls) == [
        "delete-start fixed",
        "delete fixed",
        "create-start fixed",
        "create fixed",
    ]


def test_delete_before_replace_takes_along_dependents_that_it_would_replace(bench: Workbench) -> None:
    # b's kind comes from a, so a's replacement replaces b; c only gets a new value, so it stays; d hangs on b.
    source = """
        a = Thing("a", kind="exclusive-{}", name="a{}")
        b = Thing("b", name="b", kind=a.arn)
        c = Thing("c", name="c", value=a.arn)
        d = Thing("d", name="d", kind=b.arn)
    """
    bench.up(source.format(1, 1))
    calls = len(bench.cloud.calls())

    assert bench.preview(source.format(2, 2)).changes == {Op.REPLACE: 3, Op.UPDATE: 1, Op.SAME: 1}
    outcome = bench.up(source.format(2, 2))

    assert outcome.changes == {Op.REPLACE: 3, Op.UPDATE: 1, Op.SAME: 1}
    done = [call for call in bench.cloud.calls(calls) if "-start" not in call]
    assert done[:4] == ["delete d", "delete b", "delete a1", "create a2"]
    assert sorted(done[4:]) == ["create b", "create d", "update c"]
    assert done.index("create b") < done.index("create d")
    assert bench.cloud.names() == ["a2", "b", "c", "d"]
    assert bench.up(source.format(2, 2)).changes == {Op.SAME: 5}


def test_a_protected_dependent_stops_a_delete_before_replace_before_anything_is_deleted(
    bench: Workbench,
) -> None:
    source = """
        a = Thing("a", kind="exclusive-{}", name="a")
        b = Thing("b", name="b", kind=a.arn, opts=Options(protect=True))
    """
    bench.up(source.format(1))
    before = bench.cloud.objects()

    outcome = bench.up(source.format(2))

    assert not outcome.ok
    assert "b (fake:index:Thing) is protected and cannot be replaced together with a" in outcome.errors[0]
    assert bench.cloud.objects() == before


def test_retain_on_delete_leaves_the_object(bench: Workbench) -> None:
    bench.up('Thing("a", name="kept", opts=Options(retain_on_delete=True))')

    assert bench.engine().destroy().changes == {Op.DELETE: 2}

    assert bench.cloud.names() == ["kept"]
    assert bench.engine().resources() == []


def test_replace_on_changes_replaces_instead_of_updating(bench: Workbench) -> None:
    source = (
        'Thing("a", value="1", tags={{"x": "{}", "y": "{}"}}, opts=Options(replace_on_changes=["tags.x"]))'
    )
    bench.up(source.format(1, 1))

    assert bench.up(source.format(1, 2)).changes[Op.UPDATE] == 1
    assert bench.up(source.format(2, 2)).changes[Op.REPLACE] == 1


def test_aliases_rename_and_reparent_without_touching_the_object(bench: Workbench) -> None:
    bench.up('a = Thing("a", name="a")\nThing("b", name="b", value=a.arn)')
    before = bench.cloud.objects()
    source = """
        g = Group("g")
        a = Thing("renamed", name="a", opts=Options(
            parent=g, aliases=[pulumi.Alias(name="a", parent=pulumi.ROOT_STACK_RESOURCE)]))
        Thing("b", name="b", value=a.arn)
    """

    assert bench.preview(source).changes == {Op.SAME: 3, Op.CREATE: 1}
    assert bench.up(source).changes == {Op.SAME: 3, Op.CREATE: 1}

    assert bench.cloud.objects() == before
    assert {item.name for item in bench.engine().resources()} == {"shop-test", "g", "renamed", "b"}
    assert bench.up(source).changes == {Op.SAME: 4}


def test_an_alias_of_a_component_takes_its_children_along(bench: Workbench) -> None:
    bench.up('g = Group("old")\nThing("old-a", name="a", opts=Options(parent=g))')
    source = 'g = Group("new", Options(aliases=[pulumi.Alias(name="old")]))\n'
    source += 'Thing("new-a", name="a", opts=Options(parent=g))'

    assert bench.up(source).changes == {Op.SAME: 3}
    assert len(bench.cloud.objects()) == 1


def test_import_adopts_an_existing_object_whose_inputs_match(bench: Workbench) -> None:
    bench.cloud.put("id-by-hand", {"name": "n", "value": "1"})

    wrong = bench.up('Thing("a", name="n", value="2", opts=Options(import_="id-by-hand"))')
    assert not wrong.ok
    assert "do not match" in wrong.errors[0]
    assert "value: is '1', the program says '2'" in wrong.errors[0]
    assert not bench.up('Thing("a", name="n", opts=Options(import_="id-nowhere"))').ok

    source = 'Thing("a", name="n", value="1", opts=Options(import_="id-by-hand"))'
    assert bench.up(source).changes == {Op.IMPORT: 1, Op.SAME: 1}
    assert bench.up(source).changes == {Op.SAME: 2}
    assert bench.up('Thing("a", name="n", value="3")').changes == {Op.UPDATE: 1, Op.SAME: 1}
    assert bench.cloud.objects()["id-by-hand"]["value"] == "3"


def test_get_reads_an_object_and_never_deletes_it(bench: Workbench) -> None:
    bench.cloud.put("id-by-hand", {"name": "n", "value": "1"})
    source = """
        seen = Thing("seen", opts=Options(id="id-by-hand"))
        Thing("b", value=seen.value)
        pulumi.export("value", seen.value)
    """

    outcome = bench.up(source)
    assert outcome.ok, outcome.errors
    assert outcome.changes == {Op.READ: 1, Op.CREATE: 2}
    assert outcome.outputs == {"value": "1"}
    assert bench.up("").ok
    assert list(bench.cloud.objects()) == ["id-by-hand"]


def test_deleted_with_skips_the_deletion_of_what_goes_anyway(bench: Workbench) -> None:
    bench.up('a = Thing("a", name="a")\nThing("b", name="b", opts=Options(deleted_with=a))')
    calls = len(bench.cloud.calls())

    assert bench.engine().destroy().changes == {Op.DELETE: 3}

    assert [call for call in bench.cloud.calls(calls) if "-start" not in call] == ["delete a"]


def test_depends_on_orders_creation_and_deletion(bench: Workbench) -> None:
    bench.delay = 0.05
    bench.up("""
        a = Thing("a", name="a")
        g = Group("g", Options(depends_on=[a]))
        b = Thing("b", name="b", opts=Options(parent=g))
        c = Thing("c", name="c", opts=Options(depends_on=[g]))
        Thing("d", name="d", opts=Options(depends_on=[c]))
    """)
    bench.engine().destroy()

    calls = [call for call in bench.cloud.calls() if call.startswith(("create-start", "create ", "delete"))]
    assert calls.index("create b") < calls.index("create-start c") < calls.index("create-start d")
    assert calls.index("delete d") < calls.index("delete-start c") < calls.index("delete c")


def test_custom_timeouts_reach_the_provider_in_seconds(bench: Workbench) -> None:
    timeouts = 'pulumi.CustomTimeouts(create="1m30s", delete="5m")'
    bench.up(f'Thing("a", opts=Options(custom_timeouts={timeouts}))')
    (thing,) = [item for item in bench.engine().resources() if item.name == "a"]
    assert (thing.timeouts.create, thing.timeouts.update, thing.timeouts.delete) == (90, 0, 300)

    wrong = bench.up('Thing("a", opts=Options(custom_timeouts=pulumi.CustomTimeouts(create="soon")))')
    assert "a (fake:index:Thing): the custom timeout 'soon' is no duration" in wrong.errors[0]


def test_explicit_providers_have_their_own_configuration(bench: Workbench) -> None:
    source = """
        south = Fake("south", region="south")
        Thing("a", name="a")
        Thing("b", name="b", opts=Options(provider=south))
        g = Group("g", Options(providers=[south]))
        Thing("c", name="c", opts=Options(parent=g))
        answer = pulumi.runtime.invoke_async
    """
    assert bench.preview(source).ok
    outcome = bench.up(source)

    assert outcome.ok, outcome.errors
    regions = {item["name"]: item["region"] for item in bench.cloud.objects().values()}
    assert regions == {"a": "north", "b": "south", "c": "south"}
    assert bench.up(source).changes == {Op.SAME: 6}
    # The provider outlives its resources, and their deletion still goes through it.
    assert bench.up("").changes == {Op.DELETE: 5, Op.SAME: 1}
    assert bench.cloud.objects() == {}


def test_a_changed_provider_configuration_updates_the_provider_and_keeps_its_resources(
    bench: Workbench,
) -> None:
    source = 'p = Fake("p", region="{}")\nThing("a", value="{}", opts=Options(provider=p))'
    bench.up(source.format("south", 1))

    assert bench.up(source.format("west", 1)).changes == {Op.UPDATE: 1, Op.SAME: 2}
    assert bench.up(source.format("west", 2)).changes == {Op.UPDATE: 1, Op.SAME: 2}
    assert [item["region"] for item in bench.cloud.objects().values()] == ["west"]


def test_functions_use_the_provider_they_are_given(bench: Workbench) -> None:
    outcome = bench.up("""
        from pulumi.runtime import invoke
        south = Fake("south", region="south")
        ask = lambda o=None: invoke("fake:index:ask", {"question": "where"}, o).value["answer"]
        pulumi.export("default", ask())
        pulumi.export("explicit", ask(pulumi.InvokeOptions(provider=south)))
        try:
            invoke("fake:index:fail", {})
        except Exception as error:
            pulumi.export("failed", str(error))
        try:
            invoke("fake:index:check", {})
        except Exception as error:
            pulumi.export("refused", str(error))
    """)

    assert outcome.ok, outcome.errors
    assert outcome.outputs["default"] == "where in north"
    assert outcome.outputs["explicit"] == "where in south"
    assert "no such thing" in outcome.outputs["failed"]
    assert "is missing (name)" in outcome.outputs["refused"]


def test_transforms_of_stack_component_and_resource_run_innermost_first(bench: Workbench) -> None:
    outcome = bench.up("""
        def add(tag):
            def transform(args):
                if args.type_ != "fake:index:Thing":
                    return None
                props = {**args.props, "tags": [*(args.props.get("tags") or []), tag]}
                opts = Options.merge(args.opts, Options(ignore_changes=["value"]))
                return pulumi.ResourceTransformResult(props, opts)
            return transform
        pulumi.runtime.register_resource_transform(add("stack"))
        class Wrapped(pulumi.ComponentResource):
            def __init__(self, name):
                super().__init__("test:index:Wrapped", name, None, Options(transforms=[add("component")]))
                Thing("a", value="1", opts=Options(parent=self, transforms=[add("own")]))
        Wrapped("w")
    """)

    assert outcome.ok, outcome.errors
    (content,) = bench.cloud.objects().values()
    assert content["tags"] == ["own", "component", "stack"]
    (thing,) = [item for item in bench.engine().resources() if item.name == "a"]
    assert set(thing.ignore_changes) == {"value"}


def test_replacement_trigger_and_replace_with_force_replacement(bench: Workbench) -> None:
    source = """
        a = Thing("a", opts=Options(replacement_trigger="{}"))
        Thing("b", opts=Options(replace_with=[a], depends_on=[a]))
        Thing("c")
    """
    bench.up(source.format(1))

    assert bench.up(source.format(1)).changes == {Op.SAME: 4}
    assert bench.up(source.format(2)).changes == {Op.REPLACE: 2, Op.SAME: 2}
    assert len(bench.cloud.objects()) == 3


def test_what_the_engine_does_not_do_is_refused_by_name(bench: Workbench) -> None:
    unknown = bench.up('pulumi.CustomResource("gcp:storage/bucket:Bucket", "b", {})')
    assert not unknown.ok
    assert "no provider for 'gcp'" in unknown.errors[0]
    assert bench.steps(Status.FAILED) == []
