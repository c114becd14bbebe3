"""Mistakes of a stack file, each with its key, value, what is allowed, and the command that fixes it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.pure.visible import visible
from infra.settings.commands import Path, Unspeakable, assignments, prompt, removal, show_key

__all__ = ["Assign", "ByHand", "Command", "Path", "Problem", "Remove", "Rename", "is_sensitive", "show"]

HIDDEN = "(not shown)"
SENSITIVE = frozenset({"environment", "args", "secrets"})
"""Maps whose values a person may have filled with a secret by mistake: a message never repeats them."""

LONGEST_RENAME = 12
"""Commands; a larger object is renamed in an editor."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake.

    Args:
        path: The key, from the top: `("services", "web", "cpu")`.
        message: What is wrong and what is allowed.
        value: The value found; `...` where there is none to show.
        fix: A value that would be accepted, `Remove()` or another of the fixes below, or None when only the author can
            know.
        related: Other keys the rule looked at.
        is_missing: Whether the key is not there at all.
    """

    path: Path
    message: str
    value: Any = ...
    fix: Any = None
    related: Sequence[Path] = ()
    is_missing: bool = False

    def render(self, namespace: str = "") -> str:
        """The problem as lines of text: the mistake, then its fix, as commands for a POSIX shell or in words.

        Args:
            namespace: Namespace of the keys, such as `aws`; empty for the project's own, which a stack file does not
                name.
        """
        shown = "" if self.value is ... else f" is {HIDDEN if self._hides else show(self.value)}"
        lines = [f"{show_key(namespace, self.path)}{shown}: {visible(self.message)}"]
        lines += [f"  fix: {visible(line)}" for line in self._fixes(namespace)]
        return "\n".join(lines)

    @property
    def _hides(self) -> bool:
        """Whether the value may be a secret: where it stands, or where it was meant to stand."""
        meant = (*self.path[:-1], self.fix.key) if isinstance(self.fix, Rename) else self.path
        return is_sensitive(self.path) or is_sensitive(meant)

    def _fixes(self, namespace: str) -> list[str]:
        match self.fix:
            case None:
                return []
            case ByHand(words=words):
                return [words]
            case Rename(key=key):
                by_hand = f"rename it in the stack file: {key}"
            case Remove():
                by_hand = "take it out of the stack file by hand"
            case Command(key=key):
                by_hand = f"give {show(key)} another name, and set it with --secret"
            case Assign(path=path, value=value):
                by_hand = f"write into the stack file: {show_key(namespace, path)}: {show(value)}"
            case value:
                by_hand = f"write into the stack file instead: {show(value)}"
        try:
            return list(self._commands(namespace))
        except Unspeakable:
            return [by_hand]

    def _commands(self, namespace: str) -> Iterator[str]:
        match self.fix:
            case Remove():
                yield removal(namespace, self.path)
            case Rename(key=key, value=value):
                yield removal(namespace, self.path)
                if value is not None:
                    yield from self._under(namespace, (*self.path[:-1], key), value)
            case Command(key=key):
                yield prompt(namespace, key)
            case Assign(path=path, value=value):
                yield from assignments(namespace, path, value)
            case value:
                if self._must_go_before(value):
                    if isinstance(self.path[-1], int):
                        raise Unspeakable  # `rm` would move the elements behind it
                    yield removal(namespace, self.path)
                yield from assignments(namespace, self.path, value)

    def _must_go_before(self, fix: Any) -> bool:
        """Whether `config set` can only write `fix` where nothing is.

        It goes into no scalar, leaves what else an object or a list holds, and keeps the quotes of a text, so that
        "256" stays text whatever is set.
        """
        if self.value is ... or self.value is None:
            return False
        if isinstance(fix, Mapping | list | tuple):
            return True
        return isinstance(self.value, str) and not isinstance(fix, str)

    def _under(self, namespace: str, path: Path, value: Any) -> Iterator[str]:
        if self._hides or any(is_sensitive(inner) for inner in _paths(path, value)):
            raise Unspeakable
        commands = list(assignments(namespace, path, value))
        if len(commands) > LONGEST_RENAME:
            raise Unspeakable
        yield from commands


@dataclass(frozen=True)
class Remove:
    """Fix: take the key out."""


@dataclass(frozen=True)
class Rename:
    """Fix: the value under another key of the same object."""

    key: str
    value: Any


@dataclass(frozen=True)
class Assign:
    """Fix: a value for another key than the one that is wrong; nothing may be there, or a list that it begins with."""

    path: Path
    value: Any


@dataclass(frozen=True)
class ByHand:
    """Fix: an edit of the stack file that no command can make, in words."""

    words: str


@dataclass(frozen=True)
class Command:
    """Fix: an encrypted value of this name; `pulumi config set --secret` asks for the value itself."""

    key: str


def is_sensitive(path: Path) -> bool:
    """Whether the value at `path`, or a part of it, may be a secret that somebody put there by mistake."""
    return any(part in SENSITIVE for part in path[2:])


def show(value: Any) -> str:
    """A value of a stack file on one line: JSON, shortened, every character visible."""
    try:
        text = visible(json.dumps(value, default=str, ensure_ascii=False))
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "(a number of more than 4,300 digits)"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _paths(path: Path, value: Any) -> Iterator[Path]:
    yield path
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _paths((*path, key), inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _paths((*path, index), inner)
