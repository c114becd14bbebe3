"""Whatever the program declares, check answers with inputs and failures, never with a crash."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localcloud.providers.aws.checking import check_inputs
from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.aws.sdk import PropertyType, resource_schema
from localcloud.providers.aws.table import RESOURCE_TYPES
from localcloud.providers.values import UNKNOWN

ROWS = [pytest.param(kind, id=kind.kind) for kind in RESOURCE_TYPES.values()]
TEXT = st.sampled_from(
    ["", "web", "a-b", "10.0.0.0/16", "true", "12", "{}", "[]", '{"Statement": []}', "x" * 300]
)


def values(kind: PropertyType, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that the SDK's type lets through, some unknown, some of another type."""
    return st.one_of(_typed(kind, depth), st.just(UNKNOWN), TEXT)


def _typed(kind: PropertyType, depth: int) -> st.SearchStrategy[Any]:
    scalars: dict[str, st.SearchStrategy[Any]] = {
        "string": TEXT,
        "integer": st.integers(-1, 70000),
        "number": st.floats(-1, 1000, allow_nan=False),
        "boolean": st.booleans(),
        "any": TEXT,
    }
    if kind.kind in scalars:
        return scalars[kind.kind]
    if depth > 3:
        return st.just({}) if kind.kind in ("object", "map") else st.just([])
    if kind.kind == "list" and kind.element is not None:
        return st.lists(values(kind.element, depth + 1), max_size=2)
    if kind.kind == "map" and kind.element is not None:
        return st.dictionaries(TEXT, values(kind.element, depth + 1), max_size=2)
    return objects(kind.members, kind.required, depth + 1)


def objects(members: Any, required: Any, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    chosen = st.sets(st.sampled_from(sorted(members)), max_size=6) if members else st.just(set())
    return chosen.flatmap(
        lambda names: st.fixed_dictionaries(
            {name: values(members[name], depth) for name in {*names, *required}}
        )
    )


@pytest.mark.parametrize("kind", ROWS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_check_answers_anything(kind: ResourceType, data: st.DataObject) -> None:
    schema = resource_schema(kind.type)
    inputs = data.draw(objects(schema.inputs, schema.required, 0))
    checked, failures = check_inputs(kind, "subject", inputs, {}, b"seed", default_tags={"team": "web"})
    assert all(failure.reason for failure in failures)
    if not failures:
        again, still = check_inputs(kind, "subject", checked, checked, b"other seed")
        assert not still
        assert again == checked, "checked inputs are a fixed point"
