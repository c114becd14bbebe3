"""StackKey: the key that encrypts a stack's logs and notifications."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.pure import iam
from infra.settings.encryption import Encryption

PRODUCTION_DAYS = 30
OTHER_DAYS = 7
"""Days in which the deletion of a key can be taken back; 7 is the shortest period KMS allows."""


@dataclass(frozen=True, kw_only=True)
class StackKeyArgs:
    """What a `StackKey` is made from.

    Args:
        account: Provider and facts of the AWS account.
        production: Whether the deletion of the key can be taken back for a month.
    """

    account: AwsAccount
    production: bool


class StackKey(pulumi.ComponentResource):
    """A KMS key that rotates, and that CloudWatch Logs, CloudWatch alarms and EventBridge may use.

    Outputs:
        arn: ARN of the key.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: StackKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:StackKey", name, None, opts)
        document = args.account.facts.apply(lambda known: iam.key_for_logs_and_notifications(**known))
        key = aws.kms.Key(
            name,
            description="Encrypts the stack's logs and notifications",
            enable_key_rotation=True,
            deletion_window_in_days=PRODUCTION_DAYS if args.production else OTHER_DAYS,
            policy=pulumi.Output.json_dumps(document),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})


def stack_key(
    encryption: Encryption | None, account: AwsAccount, opts: pulumi.ResourceOptions, *, production: bool
) -> pulumi.Output[str] | None:
    """ARN of the key that the settings ask for: theirs, or one that is made; None where they leave it to AWS."""
    if encryption is None:
        return None
    if encryption.kms_key_arn:
        return pulumi.Output.from_input(encryption.kms_key_arn)
    return StackKey("key", StackKeyArgs(account=account, production=production), opts).arn
