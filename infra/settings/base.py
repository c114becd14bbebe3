"""What every settings model shares: strictness, camelCase keys, and the types that several concerns use."""

import ipaddress
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

CIDR_FORMAT = "ipv4-cidr"
"""Format in the JSON schema of an address range."""


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


def _without_nul(text: str) -> str:
    """Of a NUL, a process would see only what is before it (execve(2): the environment is NUL-terminated strings)."""
    if "\0" in text:
        raise ValueError("has a NUL character, which no environment can hold")
    return text


Text = Annotated[str, BeforeValidator(_as_text), AfterValidator(_without_nul)]
"""Text that may be written as a number or a boolean."""


@dataclass(frozen=True)
class Late:
    """Mark of a text that may hold references, `${stack:…#…}`; the components take outputs of resources for it."""


LateText = Annotated[Text, Late()]
"""Text that may hold references to outputs of other stacks."""

_PART_OF_USER = r"([A-Za-z_][A-Za-z0-9_.-]*|\d{1,10})"
User = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(pattern=rf"^{_PART_OF_USER}(:{_PART_OF_USER})?$", examples=["10001", "10001:10001"]),
]
"""User, and perhaps group, each by name or number (`user` of ContainerDefinition in the ECS API)."""

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", examples=["LOG_LEVEL"])]
"""Name of an environment variable."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""

Percent = Annotated[int, Field(ge=1, le=100)]
"""A whole percentage."""


def _network(text: str) -> str:
    """EC2 refuses what is no address, and the AWS provider a range that does not begin with its first address.

    `InvalidParameterValue` of AuthorizeSecurityGroupIngress; `fwvalidators.IPv4CIDRNetworkAddress` of `cidr_ipv4` in
    terraform-provider-aws, vpc_security_group_ingress_rule.go.
    """
    try:
        ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError(str(error)) from None
    return text


Cidr = Annotated[
    str,
    Field(
        pattern=r"^(\d{1,3}\.){3}\d{1,3}/(3[0-2]|[12]?\d)$",
        examples=["10.0.0.0/16", "203.0.113.7/32"],
        json_schema_extra={"format": CIDR_FORMAT},
    ),
    AfterValidator(_network),
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
        pattern=r"^([A-Za-z0-9*?]([A-Za-z0-9*?.-]*[A-Za-z0-9*?])?)?\.[A-Za-z]+$",
        examples=["api.example.com", "*.example.com"],
    ),
]
"""A host name, `*` and `?` as wildcards, a dot and letters at the end (ELB API, HostHeaderConditionConfig)."""

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
