"""What every settings model shares: strictness, camelCase keys, and the types that several concerns use."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """One object of the stack file: immutable, camelCase keys, and no key that it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        use_attribute_docstrings=True,
    )


Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""

Seconds = Annotated[int, Field(ge=0)]
"""A duration in whole seconds."""

Cidr = Annotated[
    str,
    Field(pattern=r"^(\d{1,3}\.){3}\d{1,3}/(3[0-2]|[12]?\d)$", examples=["10.0.0.0/16", "203.0.113.7/32"]),
]
"""An IPv4 address range in CIDR notation."""
