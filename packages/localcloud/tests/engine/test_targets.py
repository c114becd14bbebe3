"""Runs with targets touch those and nothing else; the program goes on with what is not known."""

import pytest

from localcloud.engine import Op
from localcloud.engine.targets import Targets
from packages.localcloud.tests.engine.conftest import Workbench

PROGRAM = """
group = Group("web")
repository = Thing("repository", value="%s", opts=Options(parent=group))
role = Thing("role", value="%s", opts=Options(parent=group))
service = Thing("service", value=role.arn.apply(lambda arn: arn.split(":")[0]), opts=Options(parent=group))
pulumi.export("service", service.arn.apply(str.upper))
"""
ONLY = ("**test:index:Group::web", "**fake:index:Thing::repository")


def test_only_the_targets_and_their_parents_are_made(bench: Workbench) -> None:
    bench.program(PROGRAM % (1, 1))
    outcome = bench.engine().up(ONLY)
    assert outcome.ok, outcome.errors
    assert bench.steps() == [(Op.CREATE, "web"), (Op.CREATE, "repository")]
    assert len(bench.cloud.objects()) == 1

    whole = bench.up()
    assert whole.ok
    assert (Op.CREATE, "repository") not in bench.steps()
    assert len(bench.cloud.objects()) == 3


def test_nothing_else_is_changed_or_deleted_and_outputs_stay(bench: Workbench) -> None:
    outputs = bench.up(PROGRAM % (1, 1)).outputs
    bench.program((PROGRAM % (2, 2)).replace('"service"', '"other"'))
    outcome = bench.engine().up(ONLY)
    assert outcome.ok, outcome.errors
    assert bench.steps() == [(Op.UPDATE, "repository")]
    assert {content["value"] for content in bench.cloud.objects().values()} >= {"2", "1"}
    assert outcome.outputs == outputs


@pytest.mark.parametrize(
    ("pattern", "included"),
    [
        ("urn:pulumi:dev::shop::a:b:C::web", True),
        ("**::web", True),
        ("**a:b:*::web", True),
        ("**a:*::web", False),  # one star ends at a colon
        ("**::we", False),
        ("**::w.b", False),
    ],
)
def test_patterns_are_those_of_pulumi(pattern: str, included: bool) -> None:
    """UrnTargets in the engine's deployment.go."""
    assert Targets((pattern,)).includes("urn:pulumi:dev::shop::a:b:C::web", "a:b:C") is included
    assert Targets((pattern,)).includes(
        "urn:pulumi:dev::shop::pulumi:providers:aws::x", "pulumi:providers:aws"
    )
