"""What every settings model shares: strictness, camelCase keys, and the types that several concerns use."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """One object of the stack file: immutable, camelCase keys, no key that it does not know, no number that is none."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        alias_generator=to_camel,
        use_attribute_docstrings=True,
    )


def _as_text(value: object) -> object:
    """Environment values are text; YAML reads `8080` and `true` as numbers and booleans."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]
"""Text that may be written as a number or a boolean."""

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", examples=["LOG_LEVEL"])]
"""Name of an environment variable."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""

Percent = Annotated[int, Field(ge=1, le=100)]
"""A whole percentage."""

Cidr = Annotated[
    str,
    Field(
        pattern=r"^(\d{1,3}\.){3}\d{1,3}/(3[0-2]|[12]?\d)$",
        examples=["10.0.0.0/16", "203.0.113.7/32"],
    ),
]
"""An IPv4 address range in CIDR notation."""

KeyArn = Annotated[
    str,
    Field(
        pattern=r"^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/.+$",
        examples=["arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789"],
    ),
]
"""ARN of a KMS key; not of an alias, which IAM policies cannot name."""

AccountId = Annotated[str, Field(pattern=r"^\d{12}$", examples=["123456789012"])]
"""An AWS account, quoted so that YAML keeps its leading zeros."""

HostName = Annotated[
    str,
    Field(
        max_length=128,
        pattern=r"^[A-Za-z0-9*?]([A-Za-z0-9*?.-]*[A-Za-z0-9*?])?$",
        examples=["api.example.com"],
    ),
]
"""A host name, `*` and `?` as wildcards."""

PathPattern = Annotated[
    str, Field(max_length=128, pattern=r"^/[A-Za-z0-9_.$/~\"'@:+&*?-]*$", examples=["/api/*"])
]
"""A URL path, `*` and `?` as wildcards."""

Architecture = Literal["x86_64", "arm64"]
"""Processor architecture of a task."""

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]  # fmt: skip
"""Retention periods that CloudWatch Logs offers (PutRetentionPolicy)."""
