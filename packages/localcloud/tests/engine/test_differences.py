"""Where two long values differ."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from localcloud.engine.differences import expanded, windows
from localcloud.engine.events import PropertyChange

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=3)
DOCUMENTS = st.dictionaries(
    st.sampled_from("xyz"),
    LEAVES | st.lists(LEAVES.filter(lambda leaf: leaf is not None), max_size=3),
    max_size=3,
)


def shown(old: Any, new: Any, path: str = "doc") -> dict[str, tuple[Any, Any]]:
    change = PropertyChange(path=path, old=json.dumps(old), new=json.dumps(new))
    return {item.path: (item.old, item.new) for item in expanded(change)}


def container(image: str, **environment: str) -> dict[str, Any]:
    return {
        "name": "web",
        "image": image,
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
    }


def test_container_definitions_show_the_image_and_the_variable_that_differ() -> None:
    old = [container("web@sha256:1", LEVEL="INFO", ZONE="a")]
    new = [container("web@sha256:2", ADDED="yes", LEVEL="DEBUG", ZONE="a")]
    assert shown(old, new, "containerDefinitions") == {
        "containerDefinitions[web].image": ("web@sha256:1", "web@sha256:2"),
        "containerDefinitions[web].environment[LEVEL].value": ("INFO", "DEBUG"),
        "containerDefinitions[web].environment[ADDED]": (None, {"name": "ADDED", "value": "yes"}),
    }


def test_a_policy_shows_the_statement_that_differs() -> None:
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"}
    old = {"Version": "2012-10-17", "Statement": [statement]}
    new = {"Version": "2012-10-17", "Statement": [statement | {"Action": ["s3:GetObject", "s3:PutObject"]}]}
    assert shown(old, new, "policy") == {"policy.Statement[0].Action[1]": (None, "s3:PutObject")}


def test_other_values_and_other_texts_stay_as_they_are() -> None:
    for old, new in [("a", "b"), ("{not json", "[nor this"), ("[1]", "[unknown]"), (1, 2), (None, "[1]")]:
        change = PropertyChange(path="x", old=old, new=new)
        assert expanded(change) == [change]


def test_a_document_that_is_only_written_otherwise_says_so() -> None:
    (change,) = expanded(PropertyChange(path="x", old='{"a":1}', new='{"a": 1}'))
    assert change.old == "the same, written otherwise"


@given(DOCUMENTS, DOCUMENTS)
def test_what_is_shown_makes_the_one_document_into_the_other(old: Any, new: Any) -> None:
    made = json.loads(json.dumps(old))
    if old == new and json.dumps(old) == json.dumps(new):
        return
    changes = expanded(PropertyChange(path="", old=json.dumps(old), new=json.dumps(new)))
    keys = {item.path[1:2] for item in changes if item.path.startswith(".")}
    # What is not named did not change.
    assert {key: value for key, value in made.items() if key not in keys and value is not None} == {
        key: value for key, value in new.items() if key not in keys and value is not None
    }
    for item in changes:
        assert item.old != item.new or isinstance(item.old, bool) != isinstance(item.new, bool)


@given(st.text("ab", min_size=100, max_size=160), st.integers(0, 99), st.text("xy", min_size=1, max_size=5))
def test_long_texts_are_cut_down_to_where_they_differ(text: str, at: int, put: str) -> None:
    old, new = windows(text, text[:at] + put + text[at + len(put) :])
    assert put in new
    assert max(len(old), len(new)) <= 2 * 24 + len(put) + 2
    assert old != new
