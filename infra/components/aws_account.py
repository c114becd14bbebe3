"""The AWS account a stack is deployed to: provider, partition, region, account id."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import AwsSettings


@dataclass(frozen=True, kw_only=True)
class AwsAccount:
    """Facts about the account that names and documents are built from.

    Args:
        provider: Explicit provider of every AWS resource; it carries the default tags.
        partition: `aws`, `aws-cn`, `aws-us-gov`, …
        region: Region code.
        account_id: Twelve digits.
    """

    provider: aws.Provider
    partition: pulumi.Output[str]
    region: pulumi.Output[str]
    account_id: pulumi.Output[str]

    @classmethod
    def connect(cls, settings: AwsSettings, tags: Mapping[str, str]) -> "AwsAccount":
        """Make the provider and ask AWS who and where we are.

        Args:
            settings: Region, credentials and guards.
            tags: Tags that every resource gets.
        """
        provider = aws.Provider(
            "aws",
            region=settings.region,
            profile=settings.profile,
            allowed_account_ids=list(settings.allowed_account_ids) or None,
            assume_roles=[
                aws.ProviderAssumeRoleArgs(
                    role_arn=role.role_arn, session_name=role.session_name, external_id=role.external_id
                )
                for role in settings.assume_roles
            ]
            or None,
            max_retries=settings.max_retries,
            default_tags=aws.ProviderDefaultTagsArgs(tags=tags),
        )
        options = pulumi.InvokeOutputOptions(provider=provider)
        return cls(
            provider=provider,
            partition=aws.get_partition_output(opts=options).partition,
            region=aws.get_region_output(opts=options).region,
            account_id=aws.get_caller_identity_output(opts=options).account_id,
        )

    def managed_policy(self, name: str) -> pulumi.Output[str]:
        """ARN of a policy that AWS manages, for example `service-role/AmazonECSTaskExecutionRolePolicy`."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::aws:policy/", name)
