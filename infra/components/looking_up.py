"""Looking things up that something else owns: what is not there is one message with its key, not a traceback."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import pulumi

T = TypeVar("T")


def looked_up(found: pulumi.Output[T], key: str, asked: str, command: str) -> pulumi.Output[T]:
    """The answer of a data source, or one message.

    Args:
        found: The answer.
        key: Key of the stack file that asks for it.
        asked: What that says.
        command: An AWS command that lists what there is.

    Raises:
        pulumi.RunError: (of the output) There is no such thing, several are, or AWS refused to say.
    """

    async def answer() -> T:
        try:
            return await found.future()  # type: ignore[return-value]  # None only where it is unknown
        except pulumi.RunError:
            raise  # what it was asked with has said it
        except Exception as error:  # noqa: BLE001  the SDK raises nothing more exact
            reason = str(error).strip() or type(error).__name__
            raise pulumi.RunError(
                f"{key} is {asked!r}: it was not found, or not told: {reason}\n  fix: look what there is: {command}"
            ) from None

    async def or_else(what: Awaitable[bool], otherwise: bool) -> bool:
        try:
            return await what
        except Exception:  # noqa: BLE001  the answer itself says it
            return otherwise

    async def resources() -> set[pulumi.Resource]:
        try:
            return await found.resources()
        except Exception:  # noqa: BLE001  as above
            return set()

    return pulumi.Output(
        resources(), answer(), or_else(found.is_known(), True), or_else(found.is_secret(), False)
    )
