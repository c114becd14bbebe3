"""Physical names: made up once, within AWS's limits, the same for the same seed."""

from hypothesis import given
from hypothesis import strategies as st

from localcloud.providers.aws.names import made_up, with_name
from localcloud.providers.aws.resource_type import Name
from localcloud.providers.aws.sdk import camel, snake
from localcloud.providers.aws.wire import normal_form
from localcloud.providers.values import Values

LOGICAL = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
SEED = st.binary(min_size=1, max_size=32)


@given(LOGICAL, SEED)
def test_is_the_logical_name_and_seven_digits(logical: str, seed: bytes) -> None:
    values: Values = {}
    assert with_name(Name(), logical, values, {}, seed) == []
    start, _, digits = values["name"].rpartition("-")
    assert start == logical
    assert len(digits) == 7
    assert set(digits) <= set("0123456789abcdef")
    assert made_up(Name(), logical, values)


@given(LOGICAL, SEED, SEED)
def test_stays_on_update_and_changes_on_replacement(logical: str, first: bytes, second: bytes) -> None:
    old: Values = {}
    with_name(Name(), logical, old, {}, first)
    updated: Values = {}
    with_name(Name(), logical, updated, old, second)
    assert updated == old
    replaced: Values = {}
    with_name(Name(), logical, replaced, {}, second)
    assert (replaced == old) is (first == second)


@given(LOGICAL, st.integers(8, 64))
def test_is_refused_when_it_is_longer_than_aws_allows(logical: str, maximum: int) -> None:
    failures = with_name(Name(maximum=maximum), logical, {}, {}, b"seed")
    assert bool(failures) is (len(logical) + 8 > maximum)
    assert all(str(maximum) in item.reason for item in failures)


def test_given_names_are_kept_and_never_taken_for_made_up_ones() -> None:
    values: Values = {"name": "orders"}
    assert with_name(Name(), "orders", values, {"name": "orders-0123456"}, b"seed") == []
    assert values == {"name": "orders"}
    assert not made_up(Name(), "orders", values)


def test_a_prefix_starts_the_name() -> None:
    values: Values = {"namePrefix": "web"}
    with_name(Name(), "ignored", values, {}, b"seed")
    assert values["name"].startswith("web")
    assert len(values["name"]) == len("web") + 7


WORDS = st.lists(st.from_regex(r"[a-z][a-z]{1,8}", fullmatch=True), min_size=1, max_size=4)


@given(WORDS)
def test_sdk_names_round_trip(words: list[str]) -> None:
    assert snake(camel("_".join(words))) == "_".join(words)


@given(WORDS)
def test_the_default_rule_ignores_case_and_plural(words: list[str]) -> None:
    name = camel("_".join(words))
    assert normal_form(name) == normal_form(name[0].upper() + name[1:])
    if not name.endswith(("s", "x", "y", "ch", "i", "u", "ie", "xe", "sse", "che")):
        assert normal_form(f"{name}s") == normal_form(name)
