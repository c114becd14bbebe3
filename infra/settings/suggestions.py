"""Values that would be accepted in the place of one that was not."""

import difflib
from collections.abc import Mapping
from typing import Any

from infra.settings.problems import Remove
from infra.settings.schema import Schema, resolve

YES = frozenset({"yes", "on", "y", "true"})
"""What people write for `{}`; YAML 1.2 reads most of them as text."""


def example(schema: Schema) -> Any:
    """Some allowed value; None where only the author can know one."""
    found = resolve(schema)
    if found.get("examples"):
        return found["examples"][0]
    if "enum" in found:
        return found["enum"][0]
    if found.get("type") == "array":
        inner = example(found["items"])
        return None if inner is None else [inner]
    return found.get("minimum")


def nearest(schema: Schema | None, value: Any) -> Any:
    """The allowed value closest to `value`; `Remove` where leaving the key out is best, None for no idea."""
    if not schema:
        return Remove()
    if "enum" in schema:
        return _closest_choice(schema["enum"], value)
    if schema.get("type") in {"integer", "number"} and isinstance(value, int | float):
        return _within_limits(schema, value)
    if schema.get("type") == "array" and not isinstance(value, list | dict):
        return [value]
    if schema.get("properties") and not isinstance(value, list | dict):
        return _object_around(schema["properties"], value)
    default = schema.get("default")
    if default is None or isinstance(default, dict | list):
        default = example(schema)
    return Remove() if default is None else default


def _object_around(properties: Mapping[str, Schema], value: Any) -> Any:
    """The object that a scalar was probably meant to be: `healthCheck: /healthz`, `cpu: 60`, `firewall: true`."""
    name, first = next(iter(properties.items()))
    wanted = resolve(first)
    numbers = wanted.get("type") in {"integer", "number"}
    meant = isinstance(value, int | float) if numbers else isinstance(value, str) and value not in YES
    if meant and not isinstance(value, bool) and wanted.get("type") in {"integer", "number", "string"}:
        return {name: value}
    for key, schema in properties.items():
        default = schema.get("default")
        if isinstance(default, str | int | float) and not isinstance(default, bool):
            return {key: default}
    return Remove()


def _within_limits(schema: Schema, value: float) -> float:
    low: float = schema.get("minimum", schema.get("exclusiveMinimum", value - 1) + 1)
    high: float = schema.get("maximum", value)
    return max(low, min(high, round(value)))


def _closest_choice(choices: list[Any], value: Any) -> Any:
    numbers = [choice for choice in choices if isinstance(choice, int)]
    if numbers:
        try:
            wanted = float(value)
        except (TypeError, ValueError):
            return numbers[0]
        return min(numbers, key=lambda choice: abs(choice - wanted))
    by_lower = {str(choice).lower(): choice for choice in choices}
    close = difflib.get_close_matches(str(value).lower(), by_lower, n=1, cutoff=0.3)
    return by_lower[close[0]] if close else choices[0]
