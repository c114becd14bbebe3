"""Which processor an instance type has."""

import pytest

from infra.pure.instances import EXAMPLES, architecture


@pytest.mark.parametrize(
    "name", ["a1.large", "t4g.medium", "m7gd.large", "c6gn.xlarge", "im4gn.large", "g5g.xlarge", "x8g.large"]
)  # fmt: skip
def test_graviton(name: str) -> None:
    assert architecture(name) == "arm64"


@pytest.mark.parametrize(
    "name", ["t3.medium", "m7i-flex.large", "g4dn.xlarge", "g6e.xlarge", "u7i-12tb.224xlarge", "p5en.48xlarge"]
)  # fmt: skip
def test_others(name: str) -> None:
    assert architecture(name) == "x86_64"


def test_examples_are_what_they_stand_for() -> None:
    assert {architecture(example): example for example in EXAMPLES.values()} == EXAMPLES
