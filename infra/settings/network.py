"""Where the services run: a VPC of the stack's own, an existing one, or the account's default one."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from infra.pure.references import or_reference
from infra.settings.base import Cidr, Model, Port, RetentionDays

VpcId = Annotated[
    str, Field(pattern=or_reference(r"^vpc-[0-9a-f]{8,17}$"), examples=["vpc-0a1b2c3d4e5f67890"])
]
SubnetId = Annotated[
    str, Field(pattern=or_reference(r"^subnet-[0-9a-f]{8,17}$"), examples=["subnet-0a1b2c3d4e5f67890"])
]
RouteTableId = Annotated[
    str, Field(pattern=or_reference(r"^rtb-[0-9a-f]{8,17}$"), examples=["rtb-0a1b2c3d4e5f67890"])
]

Endpoint = Literal["s3", "ecr", "logs", "secretsmanager", "ssm", "ssmmessages", "kms", "ecs"]
"""An AWS service that private tasks reach without leaving the VPC; `ecr` is two endpoints, API and registry, and `ecs`
three: API, agent and telemetry, for container instances.
"""


class CreatedNetwork(Model):
    """A VPC of the stack's own, made with `awsx.ec2.Vpc`."""

    cidr: Cidr = "10.0.0.0/16"
    """Address range. Each task takes an address of its own; /16 leaves 8,000 per zone to the tasks."""

    zones: int = Field(default=3, ge=2, le=8)
    """Availability zones, at most maxZones; the load balancer needs two."""

    max_zones: int = Field(default=4, ge=2, le=8)
    """Zones that the range is divided for: up to here zones can be added, and no subnet moves. It stays as it is."""

    nat: Literal["perZone", "single", "none"] = "perZone"
    """NAT gateways: one per zone survives the loss of any zone, a single one costs a third."""


Tags = Mapping[
    Annotated[str, Field(min_length=1, max_length=128, examples=["Name"])],
    Annotated[str, Field(min_length=1, max_length=256, examples=["shop"])],
]
"""Tags that something is found by; `*` and `?` in a value are wildcards (EC2 API, Filter)."""


class ExistingNetwork(Model):
    """A VPC that something else owns, by ids or by tags: `{ Name: shop }` finds what has that name."""

    vpc_id: VpcId | None = None
    """The VPC: its id, or the output of another stack, `${stack:acme/network/prod#vpcId}`; null with vpcTags."""

    vpc_tags: Tags = Field(default={})
    """Tags of the VPC, in the place of its id."""

    public_subnet_ids: tuple[SubnetId, ...] = ()
    """Subnets of an internet-facing load balancer: at least two, in different availability zones. Each an id, or the
    output of another stack, `${stack:acme/network/prod#publicSubnetIds}`, which may be a list.
    """

    public_subnet_tags: Tags = Field(default={})
    """Tags of these subnets, in the place of their ids. A VPC without public subnets needs neither, with an internal
    load balancer, somebody else's, or none.
    """

    private_subnet_ids: tuple[SubnetId, ...] = ()
    """Subnets of the tasks; without them tasks run in the public subnets, with an address of their own."""

    private_subnet_tags: Tags = Field(default={})
    """Tags of these subnets, in the place of their ids."""

    route_table_ids: tuple[RouteTableId, ...] = ()
    """Route tables that the S3 endpoint joins, those of the tasks' subnets; needed with the endpoint `s3`, as the VPC's
    others are not this stack's business.
    """

    egress: bool = True
    """Whether the private subnets reach the internet; if not, endpoints must take its place."""

    @property
    def has_public(self) -> bool:
        """Whether public subnets are named."""
        return bool(self.public_subnet_ids or self.public_subnet_tags)

    @property
    def has_private(self) -> bool:
        """Whether private subnets are named."""
        return bool(self.private_subnet_ids or self.private_subnet_tags)


class FlowLogs(Model):
    """A record of the VPC's connections in CloudWatch Logs."""

    traffic: Literal["ALL", "REJECT", "ACCEPT"] = "ALL"
    """Connections that are recorded."""

    retention_days: RetentionDays = 30
    """Days that the record is kept."""


class Egress(Model):
    """Where tasks may open connections to. Inside the VPC, and to S3 through its endpoint, they always may."""

    cidrs: tuple[Cidr, ...] = ("0.0.0.0/0",)
    """IPv4 ranges outside the VPC; empty for none, which needs endpoints for what tasks start with."""

    ports: tuple[Port, ...] = ()
    """TCP ports there; empty for every port and protocol."""

    @property
    def is_open(self) -> bool:
        """Whether nothing is closed."""
        return "0.0.0.0/0" in self.cidrs and not self.ports

    @property
    def reaches_aws(self) -> bool:
        """Whether tasks reach AWS's public addresses: registry, logs, secrets."""
        return "0.0.0.0/0" in self.cidrs and (not self.ports or 443 in self.ports)


class Network(Model):
    """The network of the stack; without any key, the account's default VPC."""

    create: CreatedNetwork | None = None
    """Create a VPC; `{}` for one with all defaults, null for none."""

    existing: ExistingNetwork | None = None
    """Use a VPC that exists; null for none."""

    public_tasks: bool = False
    """Run tasks in the public subnets with an address of their own: saves the NAT gateway. The default VPC
    has no other subnets.
    """

    endpoints: tuple[Endpoint, ...] = ()
    """AWS services reached inside the VPC. `s3` is free and keeps image layers out of the NAT gateway's bill."""

    endpoint_access: Literal["account", "anybody"] = "account"
    """Whose credentials get through the endpoints: this account's, so that nobody carries data out with others, or
    anybody's, where tasks fetch from other accounts' buckets by signed or public URLs.
    """

    egress: Egress = Egress()
    """What tasks may open connections to, the VPC itself apart."""

    flow_logs: FlowLogs | None = None
    """Record connections; null for no record."""

    @property
    def tasks_are_public(self) -> bool:
        """Whether tasks run in subnets where they need a public address."""
        if self.create:
            return self.public_tasks
        return self.public_tasks or not (self.existing and self.existing.has_private)

    @property
    def tasks_reach_the_internet(self) -> bool:
        """Whether tasks can pull an image without endpoints."""
        if not self.egress.reaches_aws:
            return False
        if self.tasks_are_public:
            return True
        return self.create.nat != "none" if self.create else bool(self.existing and self.existing.egress)
