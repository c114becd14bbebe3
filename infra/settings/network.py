"""Where the services run: an existing VPC, or the account's default one."""

from typing import Annotated

from pydantic import Field

from infra.settings.base import Model

VpcId = Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$", examples=["vpc-0a1b2c3d4e5f67890"])]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$", examples=["subnet-0a1b2c3d4e5f67890"])]


class ExistingNetwork(Model):
    """A VPC that something else owns."""

    vpc_id: VpcId
    """The VPC."""

    public_subnet_ids: tuple[SubnetId, ...] = Field(min_length=2)
    """Subnets of an internet-facing load balancer: at least two, in different availability zones."""

    private_subnet_ids: tuple[SubnetId, ...] = Field(default=(), examples=["subnet-0a1b2c3d4e5f67891"])
    """Subnets of the tasks. They need a way out to pull images; without them tasks run in the
    public subnets."""


class Network(Model):
    """The network of the stack; without any key, the account's default VPC."""

    existing: ExistingNetwork | None = None
    """Use a VPC that exists; null for the default VPC."""
