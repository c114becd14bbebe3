"""Cluster: the ECS cluster and its capacity."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings.cluster import Cluster as ClusterSettings


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What a `Cluster` is made from.

    Args:
        cluster_name: Physical name; people look it up.
        settings: The stack's cluster settings.
    """

    cluster_name: str
    settings: ClusterSettings


class Cluster(pulumi.ComponentResource):
    """The ECS cluster that all services of the stack run on.

    Outputs:
        arn: ARN of the cluster.
        cluster_name: Its name.
    """

    arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Cluster", name, None, opts)
        cluster = aws.ecs.Cluster(
            name,
            name=args.cluster_name,
            settings=[
                aws.ecs.ClusterSettingArgs(name="containerInsights", value=args.settings.container_insights)
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = cluster.arn
        self.cluster_name = cluster.name
        self.register_outputs({"arn": self.arn, "clusterName": self.cluster_name})
