"""The AWS account a stack is deployed to: provider, partition, region, account id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.deployments.session import SESSION_NAME, Identity, Role
from infra.pure import iam
from infra.settings.aws import AwsSettings


@dataclass(frozen=True, kw_only=True)
class AwsAccount:
    """Facts about the account that names and documents are built from.

    Args:
        provider: Explicit provider of every AWS resource; it carries the default tags.
        identity: As whom that provider talks to AWS, for what the program asks AWS by itself.
        tags: Those tags, for what AWS makes by itself and the provider does not tag.
        boundary: Managed policy that bounds every role; None for none.
        partition: `aws`, `aws-cn`, `aws-us-gov`, …
        region: Region code.
        account_id: Twelve digits.
        tasks_trust: Trust policy of the roles of ECS tasks, as JSON.
        given: Whether the provider was handed in, so that as whom it talks to AWS is not known here: `identity` is the
            stack's configuration then.
        registry_credentials: User name and password for the account's image registry, valid for twelve hours.
    """

    provider: pulumi.ProviderResource
    identity: Identity
    tags: Mapping[str, str]
    boundary: str | None
    partition: pulumi.Output[str]
    region: pulumi.Output[str]
    account_id: pulumi.Output[str]
    tasks_trust: pulumi.Output[str]
    registry_credentials: pulumi.Output[aws.ecr.GetAuthorizationTokenResult]
    given: bool = False

    @classmethod
    def connect(
        cls,
        settings: AwsSettings,
        tags: Mapping[str, str],
        *,
        boundary: str | None = None,
        name: str = "aws",
        parent: pulumi.Resource | None = None,
        provider: pulumi.ProviderResource | None = None,
    ) -> AwsAccount:
        """Make the provider and ask AWS who and where we are.

        Args:
            settings: Region, credentials and guards.
            tags: Tags that every resource gets.
            boundary: Managed policy that bounds every role.
            name: Name of the provider.
            parent: What it belongs to; None for the stack.
            provider: A provider to use in its place, which knows none of the tags; None makes one.
        """
        given = provider is not None
        provider = provider or _provider(name, settings, tags, parent)
        options = pulumi.InvokeOutputOptions(provider=provider)
        account_id = aws.get_caller_identity_output(opts=options).account_id
        return cls(
            provider=provider,
            identity=_identity(settings),
            tags=tags,
            boundary=boundary,
            partition=aws.get_partition_output(opts=options).partition,
            region=aws.get_region_output(opts=options).region,
            account_id=account_id,
            tasks_trust=pulumi.Output.json_dumps(
                account_id.apply(lambda known: iam.service_trust("ecs-tasks.amazonaws.com", account_id=known))
            ),
            registry_credentials=aws.ecr.get_authorization_token_output(opts=options),
            given=given,
        )

    @property
    def facts(self) -> pulumi.Output[dict[str, str]]:
        """Partition, region and account id together, by the names that documents take them."""
        return pulumi.Output.all(partition=self.partition, region=self.region, account_id=self.account_id)

    def managed_policy(self, name: str) -> pulumi.Output[str]:
        """ARN of a policy that AWS manages, for example `service-role/AmazonECSTaskExecutionRolePolicy`."""
        return pulumi.Output.concat("arn:", self.partition, ":iam::aws:policy/", name)


def _identity(settings: AwsSettings) -> Identity:
    roles = [
        Role(
            arn=role.role_arn,
            session=role.session_name or SESSION_NAME,
            external_id=role.external_id or "",
        )
        for role in settings.assume_roles
    ]
    return Identity(profile=settings.profile or "", roles=tuple(roles))


def _provider(
    name: str, settings: AwsSettings, tags: Mapping[str, str], parent: pulumi.Resource | None
) -> aws.Provider:
    roles = [
        aws.ProviderAssumeRoleArgs(
            role_arn=role.role_arn, session_name=role.session_name, external_id=role.external_id
        )
        for role in settings.assume_roles
    ]
    return aws.Provider(
        name,
        region=settings.region,
        profile=settings.profile,
        allowed_account_ids=list(settings.allowed_account_ids) or None,
        assume_roles=roles or None,
        max_retries=settings.max_retries,
        default_tags=aws.ProviderDefaultTagsArgs(tags=tags),
        opts=pulumi.ResourceOptions(parent=parent),
    )
