"""Remote components, such as awsx's: built by their provider, with resources of this program."""

from localcloud.engine import Op, Status
from packages.localcloud.tests.engine.conftest import Workbench

PROGRAM = """
    class Pair(pulumi.ComponentResource):
        arn: pulumi.Output[str]

        def __init__(self, name, opts=None, **props):
            super().__init__("fake:index:Pair", name, {"arn": None, **props}, opts, remote=True)
"""


def test_a_remote_component_is_built_of_resources_of_its_own(bench: Workbench) -> None:
    source = (
        PROGRAM
        + """
    seed = Thing("seed", name="seed", value="s")
    south = Fake("south", region="south")
    pair = Pair("pair", value=seed.value, opts=Options(provider=south))
    Thing("after", name="after", value=pair.arn)
    pulumi.export("arn", pair.arn)
"""
    )
    planned = bench.preview(source)
    assert planned.ok, planned.errors
    assert bench.cloud.objects() == {}

    outcome = bench.up(source)

    assert outcome.ok, outcome.errors
    assert outcome.changes == planned.changes == {Op.CREATE: 7}
    content = {item["name"]: item for item in bench.cloud.objects().values()}
    assert content.keys() == {"seed", "pair-first", "pair-second", "after"}
    assert content["pair-first"]["value"] == "s"
    assert content["pair-first"]["region"] == "south"
    assert content["after"]["value"] == outcome.outputs["arn"]
    children = {
        item.name: item.parent.rpartition("::")[2] for item in bench.engine().resources() if item.parent
    }
    assert children["pair-first"] == children["pair-second"] == "pair"
    assert bench.up(source).changes == {Op.SAME: 7}
    assert bench.engine().destroy().ok
    assert bench.cloud.objects() == {}


def test_a_secret_given_to_a_remote_component_stays_one(bench: Workbench) -> None:
    outcome = bench.up(PROGRAM + '    Pair("pair", value=pulumi.Output.secret("hidden-text"))')

    assert outcome.ok, outcome.errors
    assert "hidden-text" not in bench.state_file.read_text()
    assert "hidden-text" not in repr(bench.events)


def test_a_remote_component_that_cannot_be_built_fails_and_skips_its_dependents(bench: Workbench) -> None:
    outcome = bench.up(
        PROGRAM + '    pair = Pair("pair", value="x", fail=True)\n    Thing("after", value=pair.arn)'
    )

    assert outcome.errors == ("pair (fake:index:Pair): cannot be built",)
    assert {name for _, name in bench.steps(Status.SKIPPED)} == {"pair", "after"}
