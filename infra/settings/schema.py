"""What the settings allow, in words: the source of error messages, of the docs' table and of the JSON schema."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from infra.settings.root import Settings

Schema = Mapping[str, Any]


@functools.cache
def json_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a stack's settings, with the keys as they stand in the stack file."""
    return Settings.model_json_schema(by_alias=True)


def resolve(schema: Schema) -> Schema:
    """`schema` with its reference followed and the alternative `null` left out."""
    if "$ref" in schema:
        target = json_schema()["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
        return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**resolve(choices[0]), **rest}
    return schema


def at(path: tuple[str | int, ...]) -> Schema | None:
    """The schema of the value at `path`; None where the settings have no such key."""
    schema: Schema = json_schema()
    for part in path:
        current = resolve(schema)
        if isinstance(part, int):
            found = current.get("items")
        else:
            found = current.get("properties", {}).get(part)
            if found is None and isinstance(current.get("additionalProperties"), Mapping):
                found = current["additionalProperties"]
            if found is None and current.get("patternProperties"):
                found = next(iter(current["patternProperties"].values()))
        if found is None:
            return None
        schema = found
    return resolve(schema)


def keys(path: tuple[str | int, ...]) -> list[str]:
    """Keys of the object at `path`, as the stack file spells them."""
    schema = at(path) if path else json_schema()
    return sorted(resolve(schema).get("properties", {})) if schema else []


def describe(schema: Schema) -> str:  # noqa: PLR0911  one return per kind of value reads as the table it is
    """What a value may be, for people: `256, 512 or 1024`, `a whole number from 1 to 65535`."""
    schema = resolve(schema)
    if "enum" in schema:
        return _one_of(schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "anyOf" in schema:
        return " or ".join(describe(choice) for choice in schema["anyOf"] if choice.get("type") != "null")
    match schema.get("type"):
        case "boolean":
            return "true or false"
        case "integer" | "number":
            return _number(schema)
        case "string":
            return _text(schema)
        case "array":
            return _list(schema)
        case "object":
            return _object(schema)
    return "any value"


def _one_of(values: list[Any]) -> str:
    words = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]


def _number(schema: Schema) -> str:
    kind = "a whole number" if schema["type"] == "integer" else "a number"
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None and high is not None:
        return f"{kind} from {low} to {high}"
    if low is not None:
        return f"{kind} {'above' if 'exclusiveMinimum' in schema else 'of at least'} {low}"
    return kind if high is None else f"{kind} of at most {high}"


def _text(schema: Schema) -> str:
    examples = schema.get("examples", [])
    if examples:
        return "text such as " + " or ".join(map(str, examples))
    if "pattern" in schema:
        return f"text matching {schema['pattern']}"
    return "text" if not schema.get("minLength") else "text that is not empty"


def _list(schema: Schema) -> str:
    limits = []
    if "minItems" in schema:
        limits.append(f"at least {schema['minItems']}")
    if "maxItems" in schema:
        limits.append(f"at most {schema['maxItems']}")
    count = f" ({', '.join(limits)})" if limits else ""
    inner = describe(schema.get("items", {}))
    return f"a list{count} of {inner.replace('an object with', 'objects with', 1)}"


def _object(schema: Schema) -> str:
    if schema.get("properties"):
        return f"an object with the keys {', '.join(schema['properties'])}"
    inner: Any = schema.get("additionalProperties")
    inner = inner or next(iter(schema.get("patternProperties", {}).values()), {})
    return f"a map of name → {describe(inner) if isinstance(inner, Mapping) else 'any value'}"
