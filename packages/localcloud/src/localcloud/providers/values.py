"""Plain Python values for Pulumi's property values: unknown and secret values survive the round trip."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pulumi.provider.experimental.property_value import Computed, PropertyValue

Values = dict[str, Any]


class Unknown:
    """The value of a property that is known only after an update has run."""

    def __repr__(self) -> str:
        return "<known after the update>"

    def __deepcopy__(self, memo: dict[int, Any]) -> "Unknown":
        return self


UNKNOWN: Final = Unknown()


def to_plain(value: PropertyValue) -> Any:
    """Convert one property value; whole numbers become int, unknown ones `UNKNOWN`."""
    inner = value.value
    if isinstance(inner, Computed):
        return UNKNOWN
    if isinstance(inner, float):
        return int(inner) if inner.is_integer() else inner
    if isinstance(inner, Mapping):
        return {key: to_plain(item) for key, item in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [to_plain(item) for item in inner]
    return inner


def to_plain_map(values: Mapping[str, PropertyValue]) -> Values:
    """Convert a property map; properties that are null are left out, as Pulumi's engine does."""
    return {key: plain for key, item in values.items() if (plain := to_plain(item)) is not None}


def to_property(value: Any) -> PropertyValue:  # noqa: PLR0911  one return per kind of value
    """Convert a plain value; times become RFC 3339 text as in the Terraform provider."""
    if value is UNKNOWN:
        return PropertyValue.computed()
    if isinstance(value, bool) or value is None or isinstance(value, str | float):
        return PropertyValue(value)
    if isinstance(value, int):
        return PropertyValue(float(value))
    if isinstance(value, datetime):
        return PropertyValue(value.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if isinstance(value, Mapping):
        return PropertyValue({str(key): to_property(item) for key, item in value.items() if item is not None})
    if isinstance(value, Iterable):
        return PropertyValue([to_property(item) for item in value])
    return PropertyValue(value)


def to_property_map(
    values: Mapping[str, Any], originals: Mapping[str, PropertyValue] | None = None
) -> dict[str, PropertyValue]:
    """Convert plain properties, keeping secret what is secret in `originals`.

    Args:
        values: Plain properties; None values are left out.
        originals: The property values they came from: an unchanged one is passed through as it is, and a changed
            one stays secret when its original held a secret anywhere.
    """
    result = {}
    for key, value in values.items():
        if value is None:
            continue
        original = (originals or {}).get(key)
        if original is None:
            result[key] = to_property(value)
        elif value is not UNKNOWN and to_plain(original) == value:
            result[key] = original
        else:
            result[key] = to_property(value).with_secret(original.contains_secret())
    return result


def secret_names(values: Mapping[str, PropertyValue]) -> frozenset[str]:
    """Names of the properties that hold a secret anywhere."""
    return frozenset(key for key, item in values.items() if item.contains_secret())


def has_unknown(value: Any) -> bool:
    """Whether a plain value is or contains an unknown one."""
    if value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in value)
    return False


def without_unknown(value: Any) -> Any:
    """`value` without the parts that are unknown; maps and lists around them stay."""
    if isinstance(value, Mapping):
        return {key: without_unknown(item) for key, item in value.items() if item is not UNKNOWN}
    if isinstance(value, list | tuple):
        return [without_unknown(item) for item in value if item is not UNKNOWN]
    return value


def type_token(qualified: str) -> str:
    """The type itself, from a request's type that the SDK takes from the URN with its parents: `parent$type`."""
    return qualified.rsplit("$", 1)[-1]
