"""Patterns of botocore's models are Java's; what Python can say of them is checked, and nothing falls over them."""

import pytest

from localcloud.emulator.model_rules import _compiled


@pytest.mark.parametrize(
    ("tag", "allowed"), [("ecs-microservice", True), ("Größe 1/2", True), ("a;b", False)]
)
def test_the_pattern_of_tags_is_understood(tag: str, allowed: bool) -> None:
    """TagKey of Elastic Load Balancing."""
    pattern = _compiled(r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$")
    assert pattern is not None
    assert bool(pattern.search(tag)) is allowed


def test_what_python_cannot_say_is_not_checked() -> None:
    assert _compiled(r"^\p{Print}+$") is None
