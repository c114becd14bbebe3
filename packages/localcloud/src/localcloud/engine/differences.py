"""Where two long values differ: JSON documents property by property, other texts around what changed.

A container definition, a policy or a dashboard is one string to Pulumi; printed from its beginning, two versions of it
look the same.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from localcloud.engine.events import PropertyChange

_LONG: Final = 80
_AROUND: Final = 24
_MISSING: Final = object()


def expanded(change: PropertyChange) -> list[PropertyChange]:
    """The change as people read it: one entry per differing place of a document, in the order of the document.

    Lists of objects that all have a name are compared by name, so that one more in front does not change them all;
    where such a list is only in another order, its own path is the change.
    """
    old, new = _document(change.old), _document(change.new)
    if old is None or new is None:
        return [change]
    found = [
        replace(
            change,
            path=change.path + path,
            old=None if before is _MISSING else before,
            new=None if after is _MISSING else after,
        )
        for path, before, after in _walk("", old, new)
    ]
    return found or [replace(change, old="the same, written otherwise", new="the same")]


def _document(value: Any) -> Any:
    """The object or list that a text holds; None for any other value."""
    if not isinstance(value, str) or value.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        found = json.loads(value)
    except ValueError:
        return None
    return found if isinstance(found, dict | list) else None


def _walk(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            step = f".{key}" if key.isidentifier() else f"[{json.dumps(key)}]"
            yield from _walk(path + step, old.get(key, _MISSING), new.get(key, _MISSING))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _walk_list(path, old, new)
    elif (old != new or isinstance(old, bool) != isinstance(new, bool)) and not (_no(old) and _no(new)):
        yield path, old, new


def _walk_list(path: str, old: list[Any], new: list[Any]) -> Iterator[tuple[str, Any, Any]]:
    before, after = _by_name(old), _by_name(new)
    if before is None or after is None:
        for index in range(max(len(old), len(new))):
            yield from _walk(f"{path}[{index}]", _at(old, index), _at(new, index))
        return
    kept = [name for name in before if name in after]
    if kept != [name for name in after if name in before]:
        yield path, list(before), list(after)
    for name in [*before, *(name for name in after if name not in before)]:
        yield from _walk(f"{path}[{name}]", before.get(name, _MISSING), after.get(name, _MISSING))


def _by_name(items: list[Any]) -> dict[str, Any] | None:
    """The items by their names, in their order; None where not each has one of its own."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if any(not isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return dict(zip(map(str, names), items, strict=True))


def _no(value: Any) -> bool:
    """Whether there is no value: AWS makes no difference between null and nothing."""
    return value is None or value is _MISSING


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _MISSING


def windows(old: str, new: str) -> tuple[str, str]:
    """Two texts cut down to where they differ, with some of what is around it; short ones as they are."""
    if max(len(old), len(new)) <= _LONG:
        return old, new
    start = next(
        (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    most = min(len(old), len(new)) - start
    end = next((at for at in range(most) if old[-1 - at] != new[-1 - at]), most)
    return _window(old, start, end), _window(new, start, end)


def _window(text: str, start: int, end: int) -> str:
    first, last = max(start - _AROUND, 0), min(len(text) - end + _AROUND, len(text))
    return ("…" if first else "") + text[first:last] + ("…" if last < len(text) else "")
