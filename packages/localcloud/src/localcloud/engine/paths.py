"""Property paths as in Pulumi's `ignore_changes`: `a.b[0]["c"]`, with `*` for every element."""

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Final

from localcloud.engine.values import Properties, Wire, is_secret, secret

Path = tuple[str | int, ...]

_STEP: Final = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[(\*)\]|\.?([^.\[\]"]+)')
_MISSING: Final = object()


def parse_path(text: str) -> Path:
    """Split a property path into keys and indices.

    Raises:
        ValueError: The text is no property path.
    """
    steps: list[str | int] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None:
            raise ValueError(f"{text!r} is not a property path (at character {position + 1})")
        index, quoted, star, name = match.groups()
        steps.append(int(index) if index is not None else _name(quoted, star, name))
        position = match.end()
    if not steps:
        raise ValueError("a property path must not be empty")
    return tuple(steps)


def _name(quoted: str | None, star: str | None, name: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else star or name


def render_path(path: Path) -> str:
    """Write a path the way Pulumi shows it."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif re.search(r'[.\[\]"]', step):
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{step}" if text else step
    return text


def contains_path(pattern: Path, path: Path) -> bool:
    """Whether `path` is what `pattern` names, or lies below it."""
    return len(path) >= len(pattern) and all(
        step in ("*", other) for step, other in zip(pattern, path, strict=False)
    )


def keep_ignored(inputs: Mapping[str, Wire], old: Mapping[str, Wire], ignored: Iterable[str]) -> Properties:
    """Return inputs whose ignored properties have the old values (Pulumi: `processIgnoreChanges`).

    A path that exists only in the old inputs is put back, one that exists only in the new ones is taken out.
    A path that leads through an element that was itself added or removed changes nothing.
    """
    result: Properties = copy.deepcopy(dict(inputs))
    for text in ignored:
        _reset(parse_path(text), dict(old), result)
    return result


def _unwrap(value: Wire) -> tuple[Wire, bool]:
    was_secret = False
    while is_secret(value):
        value, was_secret = value["value"], True
    return value, was_secret


def _reset(path: Path, old: Wire, new: Wire, *, old_secret: bool = False, new_secret: bool = False) -> None:
    old, inner_old = _unwrap(old)
    new, inner_new = _unwrap(new)
    old_secret, new_secret = old_secret or inner_old, new_secret or inner_new
    if not (
        (isinstance(old, dict) and isinstance(new, dict)) or (isinstance(old, list) and isinstance(new, list))
    ):
        return
    step, rest = path[0], path[1:]
    for key in _keys(old, new) if step == "*" else [step]:
        old_value, new_value = _get(old, key), _get(new, key)
        if rest:
            if old_value is not _MISSING and new_value is not _MISSING:
                _reset(rest, old_value, new_value, old_secret=old_secret, new_secret=new_secret)
        elif old_value is not _MISSING:
            kept = copy.deepcopy(old_value)
            _put(new, key, secret(kept) if old_secret and not new_secret else kept)
        elif isinstance(new, dict):
            new.pop(key, None)


def _keys(old: Wire, new: Wire) -> list[str | int]:
    if isinstance(old, dict):
        return list(old | new)
    return list(range(max(len(old), len(new))))


def _get(container: Wire, key: str | int) -> Wire:
    if isinstance(container, dict):
        return container.get(key, _MISSING)
    return container[key] if isinstance(key, int) and key < len(container) else _MISSING


def _put(container: Wire, key: str | int, value: Wire) -> None:
    if isinstance(container, dict) or (isinstance(key, int) and key < len(container)):
        container[key] = value
