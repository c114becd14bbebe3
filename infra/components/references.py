"""References: the values behind `${stack:…#…}` in settings (see `infra.pure.references`)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from infra.pure import references


class References:
    """Looks outputs of other stacks up, each stack once.

    Args:
        given: What a program that uses the components has given for `${input:N}`, by number.
    """

    def __init__(self, given: Sequence[pulumi.Input[Any]] = ()) -> None:
        self._given = given
        self._stacks: dict[str, pulumi.StackReference] = {}

    def text(self, text: str) -> pulumi.Output[str]:
        """A text with the values in the place of its references.

        Raises:
            pulumi.RunError: (of the output) Another stack has no such output, or none that is a text or number.
        """
        known = [part if isinstance(part, str) else self._value(part) for part in references.parts(text)]
        return pulumi.Output.all(*known).apply(lambda values: "".join(_as_text(text, one) for one in values))

    def texts(self, texts: Sequence[str]) -> pulumi.Output[list[str]]:
        """Texts with the values in the place of their references; a reference to a list stands for all of it."""
        if not any(map(references.has_reference, texts)):
            return pulumi.Output.from_input(list(texts))
        known = [self._value(parts[0]) if self._is_alone(parts := references.parts(text)) else self.text(text)
                 for text in texts]  # fmt: skip
        return pulumi.Output.all(*known).apply(
            lambda values: [
                _as_text(text, one)
                for text, value in zip(texts, values, strict=True)
                for one in (value if isinstance(value, list | tuple) else [value])
            ]
        )

    def values(self, values: Mapping[str, str]) -> dict[str, pulumi.Input[str]]:
        """A map with the values in the place of its references."""
        return {
            key: self.text(value) if references.has_reference(value) else value
            for key, value in values.items()
        }

    @staticmethod
    def _is_alone(parts: Sequence[references.Part]) -> bool:
        return len(parts) == 1 and not isinstance(parts[0], str)

    def _value(self, part: references.Part) -> pulumi.Input[Any]:
        match part:
            case references.Given(number=number):
                return self._given[number]
            case references.StackOutput(stack=stack, name=name, keys=keys):
                if stack not in self._stacks:
                    self._stacks[stack] = pulumi.StackReference(stack)
                output = self._stacks[stack].get_output(name)
                return output.apply(lambda value: _found(stack, name, keys, value))
        return part


def _found(stack: str, name: str, keys: tuple[str, ...], value: Any) -> Any:
    found = references.inside(value, keys)
    if found is None:
        path = ".".join((name, *keys))
        raise pulumi.RunError(
            f"the stack {stack} has no output {path}; allowed: one of its outputs\n"
            f"  fix: pulumi stack output --stack {shlex.quote(stack)}"
        )
    return found


def _as_text(text: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        kind = (
            "a list"
            if isinstance(value, list | tuple)
            else "true or false"
            if isinstance(value, bool)
            else "a map"
        )
        raise pulumi.RunError(f"{text} is {kind}; allowed here: an output that is a text or a number")
    return f"{value:g}" if isinstance(value, float) else str(value)
