"""Mistakes of a stack file, each with its key, value, what is allowed, and the command that fixes it."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
HIDDEN = "(not shown)"
SENSITIVE = frozenset({"environment", "args", "secrets"})
"""Maps whose values a person may have filled with a secret by mistake: a message never repeats them."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake.

    Args:
        path: The key, from the top: `("services", "web", "cpu")`.
        message: What is wrong and what is allowed.
        value: The value found; `...` where there is none to show.
        fix: A value that would be accepted, `REMOVE`, or None when only the author can know.
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
        """The problem as lines of text.

        Args:
            namespace: Namespace of the keys, such as `aws`; empty for the project's own, which a stack file does not
                name.
        """
        shown = "" if self.value is ... else f" is {HIDDEN if self._hides else _show(self.value)}"
        lines = [f"{full_key(namespace, self.path)}{shown}: {self.message}"]
        lines += [f"  fix: {command}" for command in self._commands(namespace)]
        return "\n".join(lines)

    @property
    def _hides(self) -> bool:
        """Whether the value may be a secret: where it stands, or where it was meant to stand."""
        meant = (*self.path[:-1], self.fix.key) if isinstance(self.fix, Rename) else self.path
        return is_sensitive(self.path) or is_sensitive(meant)

    def _commands(self, namespace: str) -> Iterator[str]:
        match self.fix:
            case None:
                return
            case Remove():
                yield f"pulumi config rm --path {_word(namespace, self.path)}"
            case Rename(key=key, value=value):
                commands = [] if self._hides else list(_assignments(namespace, (*self.path[:-1], key), value))
                if commands or not value:
                    yield f"pulumi config rm --path {_word(namespace, self.path)}"
                    yield from commands
                else:  # a value that is not to be seen, or empty objects in it, which `config set` cannot write
                    yield f"rename it in the stack file: {key}"
            case ByHand(words=words):
                yield words
            case Command(words=words, key=key):
                yield f"pulumi {' '.join(words)} {_word(namespace, (key,))}"
            case Assign(path=path, value=value):
                yield from _assignments(namespace, path, value)
            case value:
                inside = isinstance(value, Mapping | list | tuple)
                # `config set` does not go into a value that is no object or list: that one has to go first.
                if inside and self.value is not ... and not isinstance(self.value, Mapping | list | tuple):
                    yield f"pulumi config rm --path {_word(namespace, self.path)}"
                yield from _assignments(namespace, self.path, value)


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
    """Fix: a value for another key than the one that is wrong."""

    path: Path
    value: Any


@dataclass(frozen=True)
class ByHand:
    """Fix: an edit of the stack file that no command can make, in words."""

    words: str


@dataclass(frozen=True)
class Command:
    """Fix: another pulumi command on a key of the namespace; it asks for the value itself."""

    words: Sequence[str]
    key: str


def full_key(namespace: str, path: Path) -> str:
    """`services.web.ports[0]`, in the form that `pulumi config --path` takes; `aws:region` in a namespace."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z0-9_-]+", part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part)}]"
    return f"{namespace}:{text}" if namespace else text


def _word(namespace: str, path: Path) -> str:
    """The key as one word of a shell's command line."""
    return shlex.quote(full_key(namespace, path))


def _assignments(namespace: str, path: Path, value: Any) -> Iterator[str]:
    """One `pulumi config set` line per scalar; `--path` makes the objects around it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _assignments(namespace, (*path, key), inner)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _assignments(namespace, (*path, index), inner)
    else:
        text = value if isinstance(value, str) else json.dumps(value)
        yield f"pulumi config set --path {_word(namespace, path)} {shlex.quote(text)}"


def is_sensitive(path: Path) -> bool:
    """Whether the value at `path`, or a part of it, may be a secret that somebody put there by mistake."""
    return any(part in SENSITIVE for part in path[2:])


def _show(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}..."
