"""Looking things up that something else owns: what is not there is one message with its key, not a traceback."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from infra.components.references import References

T = TypeVar("T")


def looked_up(found: pulumi.Output[T], key: str, asked: str, command: pulumi.Input[str]) -> pulumi.Output[T]:
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
            list_them = await pulumi.Output.from_input(command).future()
            raise pulumi.RunError(
                f"{key} is {asked!r}: it was not found, or not told: {reason}\n  fix: look what there is: {list_them}"
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


def security_group_id(
    text: str, key: str, references: References, vpc_id: pulumi.Input[str], opts: pulumi.InvokeOutputOptions
) -> pulumi.Output[str]:
    """Id of a security group that is named by id, by name in the VPC, or by another stack's output.

    Args:
        text: What the stack file says.
        key: Where it says so.
        references: Where outputs of other stacks are looked up.
        vpc_id: The VPC.
        opts: Options of the data source.
    """

    def found(name: str) -> pulumi.Output[str]:
        if name.startswith("sg-"):
            return pulumi.Output.from_input(name)
        group = aws.ec2.get_security_group_output(name=name, vpc_id=vpc_id, opts=opts)
        return looked_up(group, key, text, "aws ec2 describe-security-groups").apply(lambda known: known.id)

    return references.text(text).apply(found)
