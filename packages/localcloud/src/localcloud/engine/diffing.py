"""What differs between two versions of a resource's properties, and whether that means to replace it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pulumi.provider.experimental.provider import DiffResponse, PropertyDiffKind

from localcloud.engine.events import PropertyChange
from localcloud.engine.paths import Path, contains_path, parse_path, render_path
from localcloud.engine.resources import Resource
from localcloud.engine.values import (
    ARCHIVE,
    ASSET,
    SIGNATURE,
    UNKNOWN,
    Properties,
    Wire,
    is_secret,
    plain,
    printable,
)

# No input is called that: a provider that replaces an object for its id says that it does not find it.
GONE: Final = "id"
_DELETING = {PropertyDiffKind.DELETE, PropertyDiffKind.DELETE_REPLACE}
_REPLACING = {PropertyDiffKind.ADD_REPLACE, PropertyDiffKind.DELETE_REPLACE, PropertyDiffKind.UPDATE_REPLACE}


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The answer to "what has to be done with this resource?".

    Args:
        changed: Whether anything differs.
        replaces: Whether the difference forces a replacement.
        delete_before_replace: Whether the provider wants the old object gone first.
        changes: The differing properties, safe to print.
        gone: Whether the object is not there any more, so that its replacement replaces nothing.
    """

    changed: bool
    replaces: bool = False
    delete_before_replace: bool = False
    changes: tuple[PropertyChange, ...] = ()
    gone: bool = False


def property_changes(old: Mapping[str, Wire], new: Mapping[str, Wire]) -> tuple[PropertyChange, ...]:
    """Return every differing property at its own path, in the order of the names; secrets stay hidden."""
    return tuple(
        PropertyChange(path=render_path(path), old=before, new=after)
        for path, before, after in _walk((), dict(old), dict(new))
    )


def _walk(path: Path, old: Wire, new: Wire) -> list[tuple[Path, Wire, Wire]]:
    if is_secret(old) or is_secret(new):
        if plain(old) == plain(new):
            return []
        return [(path, None if old is None else "[secret]", None if new is None else "[secret]")]
    if _is_map(old) and _is_map(new):
        keys = sorted(old.keys() | new.keys())
        return [item for key in keys for item in _walk((*path, key), old.get(key), new.get(key))]
    if isinstance(old, list) and isinstance(new, list):
        size = max(len(old), len(new))
        return [item for at in range(size) for item in _walk((*path, at), _at(old, at), _at(new, at))]
    if old == new and isinstance(old, bool) == isinstance(new, bool):
        return []
    return [(path, printable(old), printable(new))]


def _is_map(value: Wire) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) not in {ASSET, ARCHIVE}


def _at(items: list[Wire], index: int) -> Wire:
    return items[index] if index < len(items) else None


def difference(
    old: Resource, inputs: Properties, answer: DiffResponse, replace_on_changes: Sequence[str]
) -> Difference:
    """Combine a provider's answer with the engine's own view of the inputs.

    The provider decides; where it says neither yes nor no, differing inputs do. `replace_on_changes` turns
    changes of the named properties into a replacement (Pulumi: `diffResource`, `applyReplaceOnChanges`).
    """
    own = property_changes(old.inputs, inputs)
    changed = bool(own) if answer.changes is None else answer.changes
    if not changed:
        return Difference(changed=False)
    if answer.detailed_diff:
        # The provider knows which of them mean anything, and only these are shown (Pulumi: `translateDetailedDiff`).
        meant = {str(_path(text)[0]) for text in answer.detailed_diff}
        own = tuple(item for item in own if str(_path(item.path)[0]) in meant)
    forcing = {*answer.replaces} | {
        key for key, item in answer.detailed_diff.items() if item.kind in _REPLACING
    }
    named = {*answer.diffs, *answer.detailed_diff, *answer.replaces}
    known = {str(_path(item.path)[0]) for item in own}
    unseen = {text for text in named if str(_path(text)[0]) not in known}
    changes = own + _from_outputs(old, inputs, unseen, answer)
    patterns = [_path(text) for text in replace_on_changes]
    touched = {_path(item.path) for item in changes} | {_path(text) for text in named}
    asked = any(contains_path(pattern, path) for pattern in patterns for path in touched)
    roots = {str(_path(text)[0]) for text in forcing}
    marked = tuple(
        replace(item, replaces=True) if _forces(_path(item.path), roots, patterns) else item
        for item in changes
    )
    gone = GONE in answer.replaces
    return Difference(
        changed=True,
        replaces=bool(forcing) or asked,
        delete_before_replace=answer.delete_before_replace,
        changes=(PropertyChange(path=GONE, old=old.id, new=None, replaces=True), *marked) if gone else marked,
        gone=gone,
    )


def _path(text: str) -> Path:
    try:
        return parse_path(text)
    except ValueError:
        return (text,)


def _forces(path: Path, roots: set[str], patterns: Sequence[Path]) -> bool:
    return str(path[0]) in roots or any(contains_path(pattern, path) for pattern in patterns)


def _from_outputs(
    old: Resource, inputs: Properties, named: set[str], answer: DiffResponse
) -> tuple[PropertyChange, ...]:
    """Return changes that only the provider sees: what it computes, or an object that differs from its inputs."""
    computed = {
        str(_path(text)[0])
        for text, item in answer.detailed_diff.items()
        if not item.input_diff and item.kind not in _DELETING
    }
    keys = sorted({str(_path(text)[0]) for text in named})
    before = {key: old.outputs[key] for key in keys if key in old.outputs}
    after = {key: inputs.get(key, UNKNOWN) for key in keys if key in inputs or key in computed}
    return property_changes(before, after)
