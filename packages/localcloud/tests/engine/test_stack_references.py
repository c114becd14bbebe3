"""A program reads the outputs of other stacks on the same local cloud."""

import shutil

from packages.localcloud.tests.engine.conftest import Workbench

NETWORK = """
    pulumi.export("vpcId", "vpc-1")
    pulumi.export("ids", ["a", "b"])
    pulumi.export("password", pulumi.Output.secret("pssst"))
"""
READER = """
    other = pulumi.StackReference("{}")
    pulumi.export("seen", pulumi.Output.concat(other.require_output("vpcId"), other.get_output("ids")[1]))
    pulumi.export("hidden", other.get_output("password"))
"""


def deploy_network(bench: Workbench) -> None:
    """Deploy the other stack, where `project/stack` keeps its state."""
    assert bench.up(NETWORK).ok
    place = bench.state_file.parent / "network" / "prod.json"
    place.parent.mkdir()
    shutil.move(bench.state_file, place)


def test_outputs_of_another_stack_are_read_and_secrets_stay_secret(bench: Workbench) -> None:
    deploy_network(bench)

    first = bench.up(READER.format("acme/network/prod"))

    assert first.ok, first.errors
    assert first.outputs == {"seen": "vpc-1b", "hidden": "[secret]"}
    assert "pssst" not in bench.state_file.read_text()
    assert bench.preview(READER.format("network/prod")).ok


def test_a_stack_that_is_not_there_is_one_message(bench: Workbench) -> None:
    outcome = bench.up(READER.format("acme/network/prod"))

    assert not outcome.ok
    assert "the stack 'acme/network/prod' that this one refers to is not deployed" in outcome.errors[0]
    assert "python -m automation up prod --local" in outcome.errors[0]


def test_a_stack_of_a_cloud_that_ended_is_not_there(bench: Workbench) -> None:
    deploy_network(bench)
    bench.world = "world-2"

    assert not bench.preview(READER.format("network/prod")).ok
