"""StackContext: what every part of a stack may need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from infra.components.aws_account import AwsAccount
from infra.components.references import References
from infra.pure.live import LiveStack
from infra.pure.names import StackNames
from infra.settings.root import Settings


@dataclass(frozen=True, kw_only=True)
class StackContext:
    """The stack's account, names and settings; no resources of its own.

    Args:
        account: Provider and facts of the AWS account.
        names: Physical names.
        settings: All settings of the stack.
        secrets: Encrypted configuration values, by name.
        references: Where `${stack:…#…}` in the settings is looked up.
        key_arn: Key that encrypts logs and notifications; None for AWS's own.
        live: What of the stack is live already.
    """

    account: AwsAccount
    names: StackNames
    settings: Settings
    secrets: Mapping[str, pulumi.Output[str]]
    references: References = field(default_factory=References)
    key_arn: pulumi.Output[str] | None = None
    live: LiveStack = field(default_factory=LiveStack)
