"""Property values and plain values: nothing is lost on the way there and back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.providers.threaded import from_engine, to_engine
from localcloud.providers.values import (
    UNKNOWN,
    has_unknown,
    secret_names,
    to_plain,
    to_plain_map,
    to_property,
    to_property_map,
)

SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: not value.is_integer()),
    st.text(),
    st.just(UNKNOWN),
)
PLAIN: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(PLAIN)
def test_plain_values_round_trip(value: Any) -> None:
    assert to_plain(to_property(value)) == value


@given(PLAIN)
def test_values_round_trip_through_the_engine(value: Any) -> None:
    sent = to_engine(to_property(value)).marshal()
    assert to_plain(from_engine(PropertyValue.unmarshal(sent))) == value


@given(PLAIN)
def test_finds_unknown_values_at_any_depth(value: Any) -> None:
    assert has_unknown(value) is ("<known after the update>" in repr(value).replace("'", ""))


@given(st.dictionaries(st.text(min_size=1), PLAIN, max_size=4), PLAIN)
def test_what_was_secret_stays_secret(values: dict[str, Any], changed: Any) -> None:
    originals = {key: to_property(item).with_secret(True) for key, item in values.items()}
    kept = to_property_map(values, originals)
    assert secret_names(kept) == frozenset(values)
    assert to_plain_map(kept) == values
    assert secret_names(to_property_map(dict.fromkeys(values, changed), originals)) == frozenset(values)
