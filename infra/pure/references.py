"""Values of a stack file that are known only when the program runs: `${stack:acme/network/prod#vpcId}`.

An output of another Pulumi stack, alone (`vpcId: "${stack:…#vpcId}"`) or inside a text
(`postgres://${stack:acme/db/prod#host}:5432/shop`). `${input:…}` is what a program that uses the components gives them;
a stack file has none of these.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STACK = r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+){0,2}"
_PATH = r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*"
PATTERN = rf"\$\{{(?:stack:{_STACK}#{_PATH}|input:\d+)\}}"
"""One reference, as a regular expression without anchors or named groups, for JSON schema."""

_ONE = re.compile(rf"\$\{{(?:stack:(?P<stack>{_STACK})#(?P<path>{_PATH})|input:(?P<input>\d+))\}}")
_ANY = re.compile(r"\$\{(?:stack|input):[^}]*\}?")


@dataclass(frozen=True, kw_only=True)
class StackOutput:
    """An output of another stack.

    Args:
        stack: `organization/project/stack`, `project/stack` or `stack`.
        name: The output.
        keys: Keys or list positions inside it.
    """

    stack: str
    name: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a program that uses the components has given, by its number."""

    number: int


Part = str | StackOutput | Given


def parts(text: str) -> list[Part]:
    """A text taken apart: plain pieces, and references in their order."""
    found: list[Part] = []
    end = 0
    for match in _ONE.finditer(text):
        if match.start() > end:
            found.append(text[end : match.start()])
        found.append(_reference(match))
        end = match.end()
    if end < len(text) or not found:
        found.append(text[end:])
    return found


def has_reference(text: str) -> bool:
    """Whether a text holds a reference."""
    return _ONE.search(text) is not None


def malformed(text: str) -> Iterator[str]:
    """What looks like a reference and is none, for example `${stack:prod}`."""
    for match in _ANY.finditer(text):
        if not _ONE.fullmatch(match[0]):
            yield match[0]


def or_reference(pattern: str) -> str:
    """`pattern`, which has anchors, or one reference alone."""
    return rf"{pattern}|^{PATTERN}$"


def inside(value: object, keys: tuple[str, ...]) -> object:
    """The part of an output that a reference names; None where there is none."""
    for key in keys:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list | tuple) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _reference(match: re.Match[str]) -> StackOutput | Given:
    if match["input"]:
        return Given(number=int(match["input"]))
    name, *keys = match["path"].split(".")
    return StackOutput(stack=match["stack"], name=name, keys=tuple(keys))
