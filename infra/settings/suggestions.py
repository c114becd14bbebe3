"""Values that would be accepted in the place of one that was not."""

import difflib
from typing import Any

from infra.settings.problems import Remove
from infra.settings.schema import Schema, resolve


def example(schema: Schema) -> Any:
    """Some allowed value; None where only the author can know one."""
    found = resolve(schema)
    if found.get("examples"):
        return found["examples"][0]
    if "enum" in found:
        return found["enum"][0]
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
    default = schema.get("default")
    if default is None or isinstance(default, dict | list):
        default = example(schema)
    return Remove() if default is None else default


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
