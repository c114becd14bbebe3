"""`pulumi config` command lines that can be pasted into a shell, whatever the names and values in them.

What the CLI makes of a key and a value: `ParsePropertyPathStrict` in its `sdk/go/common/resource/config`, `coerce` and
`Set` in `object.go` beside it, `looksLikeSecret` in `pkg/cmd/pulumi/config/config.go` (3.260).
"""

import json
import math
import re
import shlex
from collections.abc import Iterator, Mapping

from infra.pure.visible import visible

Path = tuple[str | int, ...]


class Unspeakable(Exception):  # noqa: N818  no mistake of anybody's: there is no such command
    """No `pulumi config` command can name this key or write this value."""


def show_key(namespace: str, path: Path) -> str:
    """The key for people: `services.web.ports[0]`, `aws:region` in a namespace."""
    return visible(_key(namespace, path, readable=True))


def removal(namespace: str, path: Path) -> str:
    """The command that takes a key out.

    Raises:
        Unspeakable: No command can.
    """
    return f"pulumi config rm {_arguments(namespace, path)}"


def assignments(namespace: str, path: Path, value: object) -> Iterator[str]:
    """One command per scalar in `value`; the CLI makes the objects around them.

    Raises:
        Unspeakable: No command can write a part of it: an empty object or list, null, a number that is none.
    """
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from assignments(namespace, (*path, key), inner)
    elif isinstance(value, list | tuple) and value:
        for index, inner in enumerate(value):
            yield from assignments(namespace, (*path, index), inner)
    else:
        yield _assignment(namespace, path, value)


def prompt(namespace: str, key: str) -> str:
    """The command that asks for a secret and stores it encrypted.

    Raises:
        Unspeakable: No command can.
    """
    return f"pulumi config set --secret {_word(_root(namespace, key))}"


def _assignment(namespace: str, path: Path, value: object) -> str:
    flags = ""
    if isinstance(value, str):
        text = value
        # Without its type the CLI reads a number or a boolean; one key deep everything is text anyway.
        if len(path) > 1 and re.fullmatch(r"true|false|[+-]?[0-9]+", text):
            flags = " --type string"
    elif isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        text = json.dumps(value)
    elif isinstance(value, float) and math.isfinite(value):
        text, flags = json.dumps(value), " --type float"
    else:
        raise Unspeakable
    key = _key(namespace, path)
    if re.search("passw|pass|pwd|secret|token", key, re.IGNORECASE):
        flags += " --plaintext"  # otherwise the CLI refuses what looks to it like a secret
    end = " --" if text.startswith("-") or key.startswith("-") else ""
    return f"pulumi config set --path{flags}{end} {_word(key)} {_word(text)}"


def _arguments(namespace: str, path: Path) -> str:
    if len(path) == 1:
        key = _root(namespace, str(path[0]))
        flags = "" if re.search(r"[.\[]", key) else "--path "
    else:
        key, flags = _key(namespace, path), "--path "
    return f"{flags}{'-- ' if key.startswith('-') else ''}{_word(key)}"


def _root(namespace: str, key: str) -> str:
    if not key or ":" in key:
        raise Unspeakable  # the CLI takes what is before a colon for a namespace
    return f"{namespace}:{key}" if namespace else key


def _key(namespace: str, path: Path, *, readable: bool = False) -> str:
    first, *rest = path
    text = f"{namespace}:{first}" if namespace else str(first)
    if not readable and re.search(r"[.\[:]", str(first)):
        raise Unspeakable
    return text + "".join(_step(part, readable=readable) for part in rest)


def _step(part: str | int, *, readable: bool) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if re.fullmatch(r"[A-Za-z0-9_-]+", part):
        return f".{part}"
    if not part.endswith("\\"):
        return '["' + part.replace('"', '\\"') + '"]'
    # In brackets, a backslash at the end would take the closing quote along.
    if readable or not re.search(r"[.\[]", part):
        return f".{part}"
    raise Unspeakable


def _word(text: str) -> str:
    """`text` as one word of a POSIX shell, in characters that print as themselves."""
    if text.isprintable():
        return shlex.quote(text)
    # `$(…)` drops newlines at the end, an argument cannot hold a NUL, and UTF-8 has no lone surrogates.
    if text.endswith("\n") or "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Unspeakable
    return '"$(printf ' + shlex.quote("".join(map(_printf, text))) + ')"'


def _printf(character: str) -> str:
    """One character in printf's format; `!` too, which an interactive shell looks for between double quotes."""
    if character.isprintable() and character != "!":
        return {"%": "%%", "\\": "\\\\"}.get(character, character)
    return "".join(f"\\{byte:03o}" for byte in character.encode())
