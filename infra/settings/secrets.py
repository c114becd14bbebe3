"""Secrets that a container gets as environment variables, and what its task may do in AWS."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from infra.settings.base import KeyArn, Late, Model

ConfigKey = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", examples=["dbPassword"])]
"""Name of an encrypted configuration value: `pulumi config set --secret dbPassword`."""

PolicyArn = Annotated[
    str,
    Field(
        pattern=r"^arn:[a-z-]+:iam::(aws|\d{12}):policy/.+$",
        examples=["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"],
    ),
]


class SecretSource(Model):
    """Where a secret comes from: exactly one of ssm, secretsManager and config."""

    ssm: Annotated[str, Field(min_length=1), Late()] | None = Field(
        default=None, examples=["/shop/prod/token"]
    )
    """Name or ARN of an SSM parameter."""

    secrets_manager: Annotated[str, Field(min_length=1), Late()] | None = Field(
        default=None, examples=["shop/prod/db"]
    )
    """Name or ARN of a secret in Secrets Manager."""

    config: ConfigKey | None = None
    """Encrypted configuration value of this stack; it is stored in Secrets Manager."""

    json_key: Annotated[str, Field(pattern=r"^[^:]+$", examples=["password"])] | None = None
    """Take this key of a secret in Secrets Manager that is a JSON object; null for the whole secret."""

    kms_key_arn: KeyArn | None = None
    """Customer-managed key that encrypts the secret; null for AWS's own key of the service."""


class Statement(Model):
    """What the app may do, as in an IAM policy: `Allow` these actions on these resources."""

    actions: tuple[
        Annotated[str, Field(pattern=r"^[a-z0-9-]+:[A-Za-z0-9*]+$", examples=["s3:GetObject"])], ...
    ] = Field(min_length=1)
    """Actions, such as `s3:GetObject`."""

    resources: tuple[
        Annotated[str, Field(min_length=1, examples=["arn:${partition}:s3:::shop-uploads/*"]), Late()], ...
    ] = Field(min_length=1)
    """ARNs; `${partition}`, `${region}` and `${account}` are filled in."""

    conditions: Mapping[str, Mapping[str, str | tuple[str, ...]]] = Field(default={})
    """IAM conditions, operator → key → value."""


class Permissions(Model):
    """What the app may do in AWS; nothing unless it is said here."""

    statements: tuple[Statement, ...] = ()
    """Statements of the task role's own policy."""

    managed_policies: tuple[PolicyArn, ...] = Field(default=(), max_length=10)
    """Managed policies attached to the task role."""
