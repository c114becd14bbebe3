"""Property paths and what `ignore_changes` does with them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.engine.diffing import property_changes
from localcloud.engine.paths import Path, contains_path, keep_ignored, parse_path, render_path
from localcloud.engine.values import secret

keys = st.text(min_size=1, max_size=6).filter(lambda key: key != "*")
paths = st.lists(st.one_of(keys, st.integers(0, 20)), min_size=1, max_size=4).map(tuple)
trees = st.recursive(
    st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from("abc"), trees, max_size=3)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("a.b.c", ("a", "b", "c")),
        ("a[0].b", ("a", 0, "b")),
        ('a["b.c"].d', ("a", "b.c", "d")),
        ('["a"]["b"]', ("a", "b")),
        ('a["say \\"x\\""]', ("a", 'say "x"')),
        ("a.*.b", ("a", "*", "b")),
        ("a[*]", ("a", "*")),
        ("[0][1]", (0, 1)),
        ("a-b.c_d", ("a-b", "c_d")),
    ],
)
def test_paths_are_read_as_pulumi_documents_them(text: str, path: Path) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize("text", ["", "a[", "a[x]", 'a["b]', "a..b]"])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="property path"):
        parse_path(text)


@given(paths)
def test_a_written_path_reads_as_itself(path: Path) -> None:
    assert parse_path(render_path(path)) == path


@given(objects, objects)
def test_ignoring_everything_gives_the_old_properties(new: dict[str, Any], old: dict[str, Any]) -> None:
    assert keep_ignored(new, old, ["*"]) == old


@given(objects, objects)
def test_ignoring_nothing_gives_the_new_properties(new: dict[str, Any], old: dict[str, Any]) -> None:
    assert keep_ignored(new, old, []) == new


@given(objects, objects, st.sampled_from(["a", "b", "a.b", "a[0]", "a.*", "a.b.c", "c[1].a", "a[*].b"]))
def test_an_ignored_path_never_changes_what_lies_outside_it(
    new: dict[str, Any], old: dict[str, Any], ignored: str
) -> None:
    pattern = parse_path(ignored)
    before = repr(new)

    result = keep_ignored(new, old, [ignored])

    for change in property_changes(new, result):
        path = parse_path(change.path)
        assert contains_path(pattern, path) or contains_path(path, pattern)
    assert repr(new) == before


@given(objects, objects, st.sampled_from(["a", "b", "c"]))
def test_an_ignored_property_has_its_old_value_or_none(
    new: dict[str, Any], old: dict[str, Any], name: str
) -> None:
    result = keep_ignored(new, old, [name])

    assert result.get(name) == old.get(name)
    assert (name in result) == (name in old)


def test_an_old_secret_stays_secret_when_it_is_kept() -> None:
    old = {"a": secret({"b": "hidden", "c": 1})}
    assert keep_ignored({"a": {"b": "new", "c": 2}}, old, ["a.b"]) == {"a": {"b": secret("hidden"), "c": 2}}
    assert keep_ignored({"a": secret({"b": "new"})}, old, ["a.b"]) == {"a": secret({"b": "hidden"})}


@given(objects)
def test_equal_properties_have_no_changes(properties: dict[str, Any]) -> None:
    assert property_changes(properties, properties) == ()


@given(objects, objects)
def test_differing_properties_have_changes_and_each_names_a_different_path(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    changes = property_changes(old, new)

    assert bool(changes) == (old != new)
    assert len({change.path for change in changes}) == len(changes)
