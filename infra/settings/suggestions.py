"""Values that would be accepted in the place of one that was not."""

import contextlib
import difflib
import ipaddress
import math
from collections.abc import Iterator, Mapping
from typing import Any

from infra.settings.base import CIDR_FORMAT
from infra.settings.problems import Remove
from infra.settings.schema import Schema, resolve

YES = frozenset({"yes", "on", "y", "true"})
"""What people write for `{}`; YAML 1.2 reads most of them as text."""


NO = frozenset({"no", "off", "n", "false"})


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


def candidates(schema: Schema | None, value: Any) -> Iterator[Any]:
    """Values that may be allowed in the place of `value`, the closest first; `Remove` where leaving it out may be."""
    if schema:
        if "enum" in schema:
            yield _closest_choice(schema["enum"], value)
        yield from _same_in_another_type(schema, value)
        if schema.get("properties") and not isinstance(value, list | dict):
            yield _object_around(schema["properties"], value)
        default = schema.get("default")
        if default is not None and not isinstance(default, dict | list):
            yield default
        if (some := example(schema)) is not None:
            yield some
    yield Remove()


def _same_in_another_type(schema: Schema, value: Any) -> Iterator[Any]:
    """A number within its limits, `true` for "true", "256" for 256, a list of the one value."""
    match schema.get("type"):
        case "integer" | "number" if isinstance(value, int | float):
            yield _within_limits(schema, value)
        case "integer" | "number" if isinstance(value, str):
            with contextlib.suppress(ValueError):
                yield _within_limits(schema, float(value))
        case "boolean" if isinstance(value, str) and value.lower() in YES | NO:
            yield value.lower() in YES
        case "string" if isinstance(value, int) and not isinstance(value, bool):
            with contextlib.suppress(ValueError):  # Python writes no integer of more than 4,300 digits
                yield str(value)
        case "string" if isinstance(value, str) and schema.get("format") == CIDR_FORMAT:
            with contextlib.suppress(ValueError):
                yield str(ipaddress.IPv4Network(value, strict=False))
        case "array" if not isinstance(value, list | dict):
            yield [value]


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
    if value in {math.inf, -math.inf} or value != value:  # noqa: PLR0124  how one asks for NaN without a float
        value = 0
    low: float = schema.get("minimum", schema.get("exclusiveMinimum", value - 1) + 1)
    high: float = schema.get("maximum", value)
    return max(low, min(high, round(value)))


def _closest_choice(choices: list[Any], value: Any) -> Any:
    numbers = [choice for choice in choices if isinstance(choice, int)]
    if numbers:
        try:
            wanted = float(value)
        except (TypeError, ValueError, OverflowError):
            return numbers[0]
        return min(numbers, key=lambda choice: abs(choice - wanted))
    by_lower = {str(choice).lower(): choice for choice in choices}
    close = difflib.get_close_matches(str(value).lower(), by_lower, n=1, cutoff=0.3)
    return by_lower[close[0]] if close else choices[0]
