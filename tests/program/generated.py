"""Stack files that nobody would write, made from the settings' own schema."""

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from infra.settings.schema import Schema, json_schema, resolve
from infra.settings.validation import validate

SECRETS = frozenset({"dbPassword"})
ARNS = ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:kms:us-east-1:123456789012:key/abc"]

# Values that must exist outside the settings.
FIXED: Mapping[str, st.SearchStrategy[Any]] = {
    "context": st.just("app"),
    "dockerfile": st.just("Dockerfile"),
    "conditions": st.just({}),
    "name": st.sampled_from(["shop.example.com", "example.com", "*.example.com"]),
    "zone": st.sampled_from(["example.com", "shop.example.com"]),
}
NAMES = st.sampled_from(["web", "api", "worker", "a2345678901234567890-b34"])


def stacks(*, wild: bool) -> st.SearchStrategy[dict[str, Any]]:
    """Stack files; wild ones have keys misspelt and values of any kind among the sensible ones."""

    def make(name: str, schema: Schema) -> st.SearchStrategy[Any]:
        sensible = FIXED[name] if name in FIXED else _values(schema, make)
        return st.one_of(sensible, sensible, sensible, JUNK) if wild else sensible

    return _objects(json_schema(), make)


JUNK = st.one_of(
    st.none(), st.integers(-10, 10**7), st.text("aZ-*/", max_size=5), st.booleans(), st.just([1]), st.just({"x": 1})
)  # fmt: skip

Maker = Callable[[str, Schema], st.SearchStrategy[Any]]


def _values(schema: Schema, make: Maker) -> st.SearchStrategy[Any]:
    nullable = any(choice.get("type") == "null" for choice in schema.get("anyOf", ()))
    found = resolve(schema)
    if "anyOf" in found:
        choices = [choice for choice in found["anyOf"] if choice.get("type") != "null"]
        value = st.one_of([_values(choice, make) for choice in choices])
    elif "enum" in found:
        value = st.sampled_from(found["enum"])
    else:
        value = _BY_TYPE[found.get("type", "string")](found, make)
    return st.one_of(st.none(), value) if nullable else value


def _objects(schema: Schema, make: Maker) -> st.SearchStrategy[Any]:
    properties = schema.get("properties")
    if not properties:
        inner = schema.get("additionalProperties") or next(iter(schema["patternProperties"].values()))
        key = schema.get("propertyNames", {})
        examples = key.get("examples") or next(iter(schema.get("patternProperties", {"": ""})))
        return st.dictionaries(
            _keys(key, examples), make("", inner), min_size=schema.get("minProperties", 0), max_size=3
        )
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {key: make(key, value) for key, value in properties.items() if key in required},
        optional={key: make(key, value) for key, value in properties.items() if key not in required},
    )


def _keys(schema: Schema, examples: Any) -> st.SearchStrategy[Any]:
    if schema.get("maxLength") == 24:
        return NAMES
    if schema.get("enum"):
        return st.sampled_from(schema["enum"])
    return st.sampled_from(examples) if isinstance(examples, list) else st.sampled_from(["A", "B_2"])


def _texts(schema: Schema, _: Maker) -> st.SearchStrategy[Any]:
    if schema.get("format") == "arn":
        return st.sampled_from(ARNS)
    if schema.get("examples"):
        return st.sampled_from(schema["examples"])
    if "pattern" in schema:
        return st.from_regex(str(schema["pattern"]), fullmatch=True).filter(lambda text: len(text) < 60)
    return st.sampled_from(["x", "some text"])


def _integers(schema: Schema, _: Maker) -> st.SearchStrategy[int]:
    low = schema.get("minimum", 0)
    return st.integers(low, min(schema.get("maximum", 1000), low + 3000))


def _lists(schema: Schema, make: Maker) -> st.SearchStrategy[list[Any]]:
    low = schema.get("minItems", 0)
    return st.lists(make("", schema["items"]), min_size=low, max_size=max(low, 2))


_BY_TYPE: Mapping[str, Callable[[Schema, Maker], st.SearchStrategy[Any]]] = {
    "boolean": lambda _, __: st.booleans(),
    "integer": _integers,
    "number": lambda _, __: st.floats(0.5, 99, allow_nan=False),
    "string": _texts,
    "array": _lists,
    "object": _objects,
}


def without_mistakes(data: dict[str, Any]) -> dict[str, Any]:
    """`data` as an author leaves it who takes out whatever is complained about."""
    for _ in range(20):
        settings, problems = validate(data, SECRETS)
        if settings is not None:
            return data
        for problem in problems:
            path = problem.path
            # What is not there cannot go: then what lacks it goes.
            while path and not _remove(data, path):
                path = path[:-1]
        data = _prune(data) or {}
        if not data.get("services"):
            data["services"] = {"web": {"route": {"paths": ["/web"]}}}
    raise AssertionError(f"still wrong: {[problem.render('p') for problem in problems]}")


def _remove(data: Any, path: tuple[str | int, ...]) -> bool:
    *parents, last = path
    for part in parents:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    if not isinstance(data, dict) or last not in data:
        return False
    del data[last]
    return True


def _prune(data: Any) -> Any:
    return (
        {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data
    )
