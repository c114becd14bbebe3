"""The ECS cluster and its capacity."""

from typing import Annotated, Literal

from pydantic import Field

from infra.pure.references import PATTERN
from infra.settings.base import Architecture, Model, RetentionDays

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"  # RFC 1035: at most 63 characters between two dots


class Fargate(Model):
    """How Fargate tasks are spread over on-demand and Spot capacity."""

    on_demand_base: int = Field(default=0, ge=0, le=100_000)
    """Tasks of each service that run on demand before the weights apply."""

    on_demand_weight: int = Field(default=1, ge=0, le=1000)
    """Share of on-demand tasks."""

    spot_weight: int = Field(default=0, ge=0, le=1000)
    """Share of Spot tasks: about a third of the price, stopped with two minutes' notice."""

    @property
    def strategy(self) -> list[tuple[str, int, int]]:
        """Capacity provider, base and weight of each kind of capacity that is used."""
        on_demand = ("FARGATE", self.on_demand_base, self.on_demand_weight)
        spot = ("FARGATE_SPOT", 0, self.spot_weight)
        return [entry for entry in (on_demand, spot) if entry[1] or entry[2]]


class Ec2Capacity(Model):
    """Container instances in an auto scaling group that ECS scales to the tasks."""

    instance_type: Annotated[str, Field(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")] = "t3.medium"
    """Instance type; its architecture must be the one below."""

    architecture: Architecture = "x86_64"
    """Architecture of the ECS-optimized Amazon Linux 2023 image."""

    min_size: int = Field(default=0, ge=0, le=1000)
    """Instances that run even without tasks."""

    max_size: int = Field(default=6, ge=1, le=1000)
    """Instances at most."""

    target_capacity: int = Field(default=100, ge=1, le=100)
    """Percent of the instances that tasks should fill; below 100 keeps room for a quick start."""

    root_volume_gib: int = Field(default=30, ge=30, le=16_384)
    """Size of the encrypted root volume; the image needs 30 GiB."""


class ExecuteCommand(Model):
    """Shell sessions in running containers, encrypted and logged."""

    log_retention_days: RetentionDays = 90
    """Days that the record of the sessions is kept."""


ClusterReference = Annotated[
    str,
    Field(
        pattern=rf"^(arn:[a-z-]+:ecs:[a-z0-9-]+:\d{{12}}:cluster/)?[A-Za-z0-9_-]{{1,255}}$|^{PATTERN}$",
        examples=["shared"],
    ),
]
"""Name or ARN of a cluster (ECS API, CreateCluster `clusterName`), or an output of another stack."""


class Cluster(Model):
    """The ECS cluster that all services of the stack run on."""

    existing: ClusterReference | None = None
    """A cluster that something else owns: its name, its ARN, or the output of another stack,
    `${stack:acme/platform/prod#cluster}`. Nothing of it is changed; it must have the capacity providers that `fargate`
    gives a weight. null makes one.
    """

    container_insights: Literal["enhanced", "enabled", "disabled"] = "enhanced"
    """Metrics of tasks and containers in CloudWatch."""

    fargate: Fargate = Fargate()
    """Capacity of services with `launch: fargate`."""

    ec2: Ec2Capacity | None = None
    """Capacity of services with `launch: ec2`; null for none."""

    execute_command: ExecuteCommand | None = None
    """Encryption and log of `aws ecs execute-command` sessions; null forbids them."""

    namespace: Annotated[str, Field(pattern=rf"^{_LABEL}(\.{_LABEL})*$", max_length=253)] | None = Field(
        default=None, examples=["shop.internal"]
    )
    """Private DNS domain in which the services find each other; null for no discovery."""

    @property
    def has_insights(self) -> bool:
        """Whether CloudWatch hears of the cluster's tasks."""
        return self.container_insights != "disabled"
