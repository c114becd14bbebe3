"""Properties that AWS keeps as key/value attributes (Elastic Load Balancing)."""

from collections.abc import Callable, Mapping
from typing import Any

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.inputs import convert_scalar
from localcloud.providers.aws.resource_type import Step
from localcloud.providers.values import Values


def attribute_step(
    operation: str,
    member: str,
    keys: Mapping[str, str],
    takes: Callable[[Values, str], bool] = lambda values, path: True,  # noqa: ARG005  a rule's signature
) -> Step:
    """The update step that puts attribute properties into effect.

    Args:
        operation: botocore operation that modifies attributes.
        member: Its request member with the object's ARN.
        keys: Property path → attribute key.
        takes: Whether an object of these properties takes the attribute of a property path at all.
    """

    def run(context: Context, wanted: Values, previous: Values) -> None:
        fitting = {path: key for path, key in keys.items() if takes(wanted, path)}
        now, before = attributes(fitting, wanted), attributes(fitting, previous)
        changed = {key: value for key, value in now.items() if before.get(key) != value} or now
        if changed:
            pairs = [{"Key": key, "Value": value} for key, value in changed.items()]
            context.call(operation, {member: wanted["id"], "Attributes": pairs})

    return Step(run=run, properties=frozenset(path.split(".")[0] for path in keys))


def attributes(keys: Mapping[str, str], values: Values) -> dict[str, str]:
    """The attributes that the given properties stand for."""
    found = {}
    for path, key in keys.items():
        value = _at(values, path.split("."))
        if value is not None:
            found[key] = convert_scalar(value, "string")
    return found


def described(keys: Mapping[str, str], pairs: list[Values]) -> Values:
    """The properties that described attributes stand for."""
    by_key = {pair["Key"]: pair.get("Value") for pair in pairs}
    result: Values = {}
    for path, key in keys.items():
        if by_key.get(key) is None:
            continue
        *parents, last = path.split(".")
        level = result
        for parent in parents:
            level = level.setdefault(parent, {})
        level[last] = by_key[key]
    return result


def _at(value: Any, path: list[str]) -> Any:
    for part in path:
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value
