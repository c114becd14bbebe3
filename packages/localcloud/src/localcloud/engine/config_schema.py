"""The `config:` section of Pulumi.yaml: declared types, defaults and project-level values.

Pulumi's rules (`pkg/workspace/config.go`, `sdk/go/common/workspace/project.go`): a key of the project's own
namespace has a type and perhaps a default, and is required without one; a key of another namespace has only a
value.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from localcloud.errors import LocalCloudError

_TYPES: Final = ("string", "integer", "boolean", "array", "object")
_ATTRIBUTES: Final = frozenset({"type", "items", "description", "secret", "default", "value"})


@dataclass(frozen=True, kw_only=True)
class ConfigDeclaration:
    """One declared configuration key.

    Args:
        key: `namespace:name`.
        type: Declared type; None when the project declares none.
        items: Declaration of an array's items.
        preset: Default, or project-level value; None when there is none.
        required: Whether the stack must give a value.
        secret: Whether the stack's value must be encrypted.
        own: Whether the key is of the project's own namespace.
    """

    key: str
    type: str | None = None
    items: Mapping[str, Any] | None = None
    preset: Any = None
    required: bool = False
    secret: bool = False
    own: bool = True

    @property
    def type_name(self) -> str:
        """The type as Pulumi writes it, such as `array<string>`."""
        return _type_name(self.type or "value", self.items)

    def check(self, value: Any, stack_file: Path, stack: str, *, secret: bool) -> list[str]:
        """Return what is wrong with a stack's value; nothing when it fits."""
        shown = "[secret]" if secret else repr(value)
        if self.secret and not secret:
            return [
                f"{stack_file}: {self.short_key} must be encrypted, the project declares it secret\n"
                f"  fix: {self._how_to_set(stack, '--secret ')}"
            ]
        # The CLI writes scalars into stack files as it got them, so a plain scalar counts as text first.
        content = str(value) if self.type == "string" and isinstance(value, int | float) else value
        if self.type is None or _fits(self.type, self.items, content):
            return []
        return [
            f"{stack_file}: {self.short_key} is {shown}; it must be of type {self.type_name}\n"
            f"  fix: {self.how_to_set(stack)}"
        ]

    def missing(self, stack_file: Path, stack: str) -> str:
        """Say that the stack does not give the value."""
        return (
            f"{stack_file}: {self.short_key} is missing, and the project gives it no default\n"
            f"  fix: {self.how_to_set(stack)}"
        )

    @property
    def short_key(self) -> str:
        """The key as a stack file spells it: one of the project's own without the project's name."""
        return self.key.partition(":")[2] if self.own else self.key

    def how_to_set(self, stack: str) -> str:
        """The command that asks for a value; in words where the value is more than a text."""
        if self.type in {"array", "object"}:
            return f"write {self.short_key} into the stack file as {self.type_name}"
        return self._how_to_set(stack, "--secret " if self.secret else "")

    def _how_to_set(self, stack: str, flags: str) -> str:
        return f"pulumi config set --stack {shlex.quote(stack)} {flags}{shlex.quote(self.short_key)}"


def read_declarations(
    project_file: Path, project: str, settings: Mapping[str, Any]
) -> list[ConfigDeclaration]:
    """Read the `config:` section of a project.

    Raises:
        LocalCloudError: A declaration is malformed; names the file and the key.
    """
    section = settings.get("config") or {}
    if not isinstance(section, dict):
        raise LocalCloudError(
            f"{project_file}: `config` must be a mapping of keys to declarations, is {section!r}"
        )
    return [_read(project_file, project, str(key), value) for key, value in section.items()]


def _read(project_file: Path, project: str, name: str, value: Any) -> ConfigDeclaration:
    key = name if ":" in name else f"{project}:{name}"
    own = key.startswith(f"{project}:")

    def wrong(what: str) -> LocalCloudError:
        return LocalCloudError(f"{project_file}: config.{name}: {what}")

    if not isinstance(value, dict) or (not own and not set(value) & _ATTRIBUTES):
        return ConfigDeclaration(key=key, preset=value, own=own)
    if unknown := set(value) - _ATTRIBUTES:
        raise wrong(f"unknown attribute {min(unknown)!r}; allowed: {', '.join(sorted(_ATTRIBUTES))}")
    if "default" in value and "value" in value:
        raise wrong("cannot have both `default` and `value`")
    if not own and ({"type", "default"} & set(value) or "value" not in value):
        raise wrong(
            "is not of the project's namespace, so it takes a `value` and neither `type` nor `default`"
        )
    kind, items = value.get("type"), value.get("items")
    if kind is not None and kind not in _TYPES:
        raise wrong(f"type is {kind!r}; allowed: {', '.join(_TYPES)}")
    if kind == "array" and not isinstance(items, dict):
        raise wrong("declares an array without the type of its `items`")
    preset = value.get("default", value.get("value"))
    if kind is not None and preset is not None and not _fits(kind, items, preset):
        raise wrong(f"its default {preset!r} is not of type {_type_name(kind, items)}")
    return ConfigDeclaration(
        key=key,
        type=kind,
        items=items,
        preset=preset,
        required=own and preset is None,
        secret=bool(value.get("secret")),
        own=own,
    )


def _type_name(kind: str, items: Mapping[str, Any] | None) -> str:
    if kind == "array" and items:
        return f"array<{_type_name(str(items.get('type')), items.get('items'))}>"
    return kind


def _fits(kind: str, items: Mapping[str, Any] | None, value: Any) -> bool:
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if kind == "integer":
        return _is_integer(value)
    if kind == "object":
        return isinstance(value, dict)
    return isinstance(value, list) and all(
        _fits(str((items or {}).get("type")), (items or {}).get("items"), item) for item in value
    )


def _is_integer(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return True
    return isinstance(value, str) and re.fullmatch(r"[+-]?\d+", value) is not None
