"""Names and their limits."""

import re

from hypothesis import given
from hypothesis import strategies as st

from infra.pure.names import AUTO_NAME_SUFFIX, LOAD_BALANCER_LIMIT, StackNames, shorten, target_group

WORDS = st.from_regex(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", fullmatch=True)
STACKS = st.text("abcXYZ019-_.", min_size=1, max_size=100)


@given(WORDS, st.integers(8, 64))
def test_short_names_stay_and_long_ones_fit(name: str, limit: int) -> None:
    short = shorten(name, limit)
    assert len(short) <= limit
    assert (short == name) is (len(name) <= limit)
    assert not short.endswith("-")
    assert "--" not in short


def test_long_names_with_the_same_beginning_stay_apart() -> None:
    assert shorten("a" * 40 + "x", 32) != shorten("a" * 40 + "y", 32)


@given(st.from_regex(r"[a-z][a-z0-9]{0,23}", fullmatch=True), st.sampled_from(["", "green"]))
def test_auto_named_target_groups_fit_their_32_characters(service: str, colour: str) -> None:
    """pulumi-aws#2121: 32-character names overflow."""
    assert len(target_group(service, colour)) + AUTO_NAME_SUFFIX <= LOAD_BALANCER_LIMIT


@given(STACKS, st.from_regex(r"[a-z][a-z0-9]{0,23}", fullmatch=True))
def test_physical_names_are_what_ecs_ecr_and_logs_accept(stack: str, service: str) -> None:
    names = StackNames("ecs-microservice", stack)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,255}", names.cluster)
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,255}", names.family(service))
    repository = names.repository(service)
    assert re.fullmatch(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*", repository)
    assert len(repository) <= 256
    assert re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", names.log_group(service))
