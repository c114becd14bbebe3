"""`${stack:…#…}` in a stack file: outputs of other stacks, found in a text and told when they are malformed."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pure import references
from infra.pure.references import Given, StackOutput
from infra.settings.validation import validate

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,9}", fullmatch=True)
STACKS = st.lists(st.from_regex(r"[A-Za-z0-9_.-]{1,9}", fullmatch=True), min_size=1, max_size=3).map("/".join)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", ["plain"]),
        ("", [""]),
        ("${stack:prod#vpcId}", [StackOutput(stack="prod", name="vpcId")]),
        (
            "postgres://${stack:acme/db/prod#db.host}:5432",
            ["postgres://", StackOutput(stack="acme/db/prod", name="db", keys=("host",)), ":5432"],
        ),
        ("${stack:a#b}${input:3}", [StackOutput(stack="a", name="b"), Given(number=3)]),
        ("${region} $HOME ${stack:a}", ["${region} $HOME ${stack:a}"]),
    ],
)
def test_a_text_is_taken_apart(text: str, parts: list[references.Part]) -> None:
    assert references.parts(text) == parts


@given(STACKS, st.lists(NAMES, min_size=1, max_size=3), st.text(alphabet="ab:/$ ", max_size=5))
def test_every_output_of_every_stack_can_be_named(stack: str, path: list[str], around: str) -> None:
    reference = f"${{stack:{stack}#{'.'.join(path)}}}"

    found = references.parts(f"{around}{reference}{around}")

    assert [part for part in found if not isinstance(part, str)] == [
        StackOutput(stack=stack, name=path[0], keys=tuple(path[1:]))
    ]
    assert (
        "".join(reference if not isinstance(part, str) else part for part in found)
        == around + reference + around
    )
    assert re.search(references.or_reference("^vpc-1$"), reference)
    assert not list(references.malformed(reference))


@pytest.mark.parametrize(
    "text", ["${stack:prod}", "${stack:#x}", "${stack:a/b/c/d#x}", "x ${stack:a#b", "${stack:a#b c}"]
)
def test_what_only_looks_like_a_reference_is_told(text: str) -> None:
    assert list(references.malformed(text))
    settings, problems = validate({"services": {"web": {"environment": {"URL": text}}}})

    assert settings is None
    assert "names no output of another stack; allowed: ${stack:<stack>#<output>}" in problems[0].render()


@pytest.mark.parametrize(
    ("value", "keys", "found"),
    [
        ({"a": {"b": 1}}, ("a", "b"), 1),
        (["x", "y"], ("1",), "y"),
        (["x"], ("1",), None),
        ("text", ("a",), None),
        (5, (), 5),
    ],
)
def test_a_part_of_an_output(value: object, keys: tuple[str, ...], found: object) -> None:
    assert references.inside(value, keys) == found
