"""Check a resource's inputs against the SDK's property types, and convert scalars as the Terraform provider does."""

import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.providers.aws.sdk import PropertyType
from localcloud.providers.values import UNKNOWN


@dataclass(frozen=True)
class Failure:
    """One reason why inputs are refused.

    Args:
        path: Pulumi property path, such as `loadBalancers[0].containerPort`.
        reason: What is wrong and what is allowed.
    """

    path: str
    reason: str


@dataclass
class InputChecker:
    """Collects every failure of one resource's inputs while it converts them.

    Args:
        json_documents: Properties that hold JSON text and may be given as an object.
        secrets: Top-level properties whose value must not be printed.
    """

    json_documents: Collection[str] = ()
    secrets: Collection[str] = ()
    failures: list[Failure] = field(default_factory=list)

    def fail(self, path: str, reason: str) -> None:
        """Record one failure."""
        self.failures.append(Failure(path, reason))

    def object(
        self,
        value: Mapping[str, Any],
        members: Mapping[str, PropertyType],
        required: Collection[str],
        path: str = "",
    ) -> dict[str, Any]:
        """Check an object's members and return it converted; null members are left out."""
        result = {}
        for name, item in value.items():
            where = f"{path}.{name}" if path else name
            if name not in members:
                self.fail(where, f"unknown property {name!r}; {suggestion(name, members)}")
            elif item is not None:
                result[name] = self.value(item, members[name], where)
        for name in sorted(required):
            if value.get(name) is None:
                self.fail(f"{path}.{name}" if path else name, "missing required property")
        return result

    def value(self, value: Any, kind: PropertyType, path: str) -> Any:
        """Check one value against its type and return it converted."""
        if value is UNKNOWN or kind.kind == "any":
            return value
        if path in self.json_documents:
            return self._document(value, path)
        if kind.kind == "object":
            return self._object(value, kind, path)
        if kind.kind == "list":
            return self._list(value, kind, path)
        if kind.kind == "map":
            return self._map(value, kind, path)
        return self._scalar(value, kind, path)

    def _object(self, value: Any, kind: PropertyType, path: str) -> Any:
        if isinstance(value, Mapping):
            return self.object(value, kind.members, kind.required, path)
        return self._wrong(value, f"an object with {', '.join(sorted(kind.members))}", path)

    def _list(self, value: Any, kind: PropertyType, path: str) -> Any:
        if not isinstance(value, list) or kind.element is None:
            return self._wrong(value, "a list", path)
        return [self.value(item, kind.element, f"{path}[{index}]") for index, item in enumerate(value)]

    def _map(self, value: Any, kind: PropertyType, path: str) -> Any:
        if not isinstance(value, Mapping) or kind.element is None:
            return self._wrong(value, "a map", path)
        return {
            key: self.value(item, kind.element, f'{path}["{key}"]')
            for key, item in value.items()
            if item is not None
        }

    def _document(self, value: Any, path: str) -> Any:
        if isinstance(value, Mapping | list):
            return value if _contains_unknown(value) else json.dumps(value)
        if not isinstance(value, str):
            return self._wrong(value, "a JSON document", path)
        try:
            json.loads(value)
        except ValueError as error:
            self.fail(path, f"is not a JSON document: {error}")
        return value

    def _scalar(self, value: Any, kind: PropertyType, path: str) -> Any:
        converted = convert_scalar(value, kind.kind)
        if converted is None:
            article = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
            return self._wrong(value, article.get(kind.kind, f"a {kind.kind}"), path)
        return converted

    def _wrong(self, value: Any, allowed: str, path: str) -> Any:
        self.fail(path, f"{self.shown(value, path)} is not allowed: give {allowed}")
        return value

    def shown(self, value: Any, path: str) -> str:
        """The value as messages print it: secrets never appear."""
        if path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0] in self.secrets:
            return "the secret value"
        text = json.dumps(value, default=repr)
        return text if len(text) <= 80 else f"{text[:77]}..."


def convert_scalar(value: Any, kind: str) -> Any:
    """Convert a scalar losslessly as Terraform's type system does, or return None.

    Numbers and booleans become strings, and strings that spell a number or a boolean become that; a number never
    becomes a boolean (Terraform: https://developer.hashicorp.com/terraform/language/expressions/types).
    """
    if isinstance(value, Mapping | list):
        return None
    if kind == "boolean":
        return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value))
    if kind == "string":
        return ("true" if value else "false") if isinstance(value, bool) else str(value)
    return None if isinstance(value, bool) else _number(value, whole=kind == "integer")


def _number(value: Any, *, whole: bool) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    if number.is_integer():
        return int(number)
    return None if whole else number


def suggestion(name: str, members: Collection[str]) -> str:
    """`did you mean …`, or the names that are allowed."""
    close = difflib.get_close_matches(name, members, n=1)
    return f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(sorted(members))}"


def _contains_unknown(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(_contains_unknown(item) for item in value)
    return value is UNKNOWN
