"""Cluster: the ECS cluster, its capacity, and the sessions into its containers; or one that exists, as it is."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.ec2_capacity import Ec2Capacity, Ec2CapacityArgs
from infra.components.looking_up import looked_up
from infra.components.network import Network
from infra.components.stack_context import StackContext
from infra.pure import iam
from infra.settings.cluster import ExecuteCommand

KEY_DELETION_DAYS = 7
"""Shortest period KMS allows; the key only protects session logs."""


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What a `Cluster` is made from.

    Args:
        stack: Account, names and settings of the stack.
        network: Where container instances stand.
    """

    stack: StackContext
    network: Network


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """How ECS Exec sessions are kept.

    Args:
        key_arn: Key that encrypts them.
        log_group_name: Log group of their record.
        log_group_arn: Its ARN.
    """

    key_arn: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    log_group_arn: pulumi.Output[str]


class Cluster(pulumi.ComponentResource):
    """The ECS cluster that all services of the stack run on.

    Outputs:
        arn: ARN of the cluster.
        cluster_name: Its name.
        has_insights: Whether CloudWatch hears of its tasks (a plain value; of an existing cluster that is taken for
            granted, because only its owner knows).
        capacity: The association of the capacity providers; services depend on it, so that it outlives them. None for
            an existing cluster, which is its owner's.
        ec2_provider: Name of the capacity provider of the container instances; None without EC2.
        sessions: Encryption and log of ECS Exec; None where it is forbidden.
    """

    arn: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    has_insights: bool
    capacity: aws.ecs.ClusterCapacityProviders | None
    ec2_provider: pulumi.Output[str] | None
    sessions: Sessions | None

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Cluster", name, None, opts)
        self._name = name
        self._args = args
        self.has_insights = args.stack.settings.cluster.has_insights
        self.capacity, self.ec2_provider, self.sessions = None, None, None
        if args.stack.settings.cluster.existing:
            self._use(args.stack.settings.cluster.existing)
        else:
            self._create(name)
        self.register_outputs({"arn": self.arn, "clusterName": self.cluster_name})

    def _use(self, existing: str) -> None:
        """Take a cluster as it is; the provider asks for it by name or by ARN, and answers with both."""
        asked = self._args.stack.references.text(existing)
        found = looked_up(
            aws.ecs.get_cluster_output(cluster_name=asked, opts=pulumi.InvokeOutputOptions(parent=self)),
            "cluster.existing",
            existing,
            "aws ecs list-clusters",
        )
        self.arn = found.apply(lambda cluster: cluster.arn)
        # Asked by ARN, the answer's name is the ARN.
        self.cluster_name = found.apply(lambda cluster: cluster.arn.rpartition("/")[2])

    def _create(self, name: str) -> None:
        settings = self._args.stack.settings.cluster
        self.sessions = self._sessions(settings.execute_command) if settings.execute_command else None
        cluster = aws.ecs.Cluster(
            name,
            name=self._args.stack.names.cluster,
            settings=[
                aws.ecs.ClusterSettingArgs(name="containerInsights", value=settings.container_insights)
            ],
            configuration=self._configuration(),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = cluster.arn
        self.cluster_name = cluster.name
        self.ec2_provider = self._ec2_provider()
        self.capacity = self._capacity(cluster)

    def _sessions(self, settings: ExecuteCommand) -> Sessions:
        child = pulumi.ResourceOptions(parent=self)
        document = self._args.stack.account.facts.apply(lambda known: iam.key_for_logs(**known))
        key = aws.kms.Key(
            f"{self._name}-sessions",
            description="Encrypts ECS Exec sessions and their log",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=pulumi.Output.json_dumps(document),
            opts=child,
        )
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-sessions",
            name=self._args.stack.names.session_log_group,
            retention_in_days=settings.log_retention_days,
            kms_key_id=key.arn,
            opts=child,
        )
        return Sessions(key_arn=key.arn, log_group_name=group.name, log_group_arn=group.arn)

    def _configuration(self) -> aws.ecs.ClusterConfigurationArgs | None:
        if not self.sessions:
            return None
        log = aws.ecs.ClusterConfigurationExecuteCommandConfigurationLogConfigurationArgs(
            cloud_watch_encryption_enabled=True, cloud_watch_log_group_name=self.sessions.log_group_name
        )
        return aws.ecs.ClusterConfigurationArgs(
            execute_command_configuration=aws.ecs.ClusterConfigurationExecuteCommandConfigurationArgs(
                kms_key_id=self.sessions.key_arn, logging="OVERRIDE", log_configuration=log
            )
        )

    def _ec2_provider(self) -> pulumi.Output[str] | None:
        settings = self._args.stack.settings.cluster.ec2
        if not settings:
            return None
        return Ec2Capacity(
            f"{self._name}-ec2",
            Ec2CapacityArgs(
                account=self._args.stack.account,
                cluster_name=self._args.stack.names.cluster,
                network=self._args.network,
                settings=settings,
                production=self._args.stack.settings.production,
            ),
            pulumi.ResourceOptions(parent=self),
        ).provider_name

    def _capacity(self, cluster: aws.ecs.Cluster) -> aws.ecs.ClusterCapacityProviders:
        settings = self._args.stack.settings.cluster.fargate
        strategies = [
            aws.ecs.ClusterCapacityProvidersDefaultCapacityProviderStrategyArgs(
                capacity_provider=provider, base=base, weight=weight
            )
            for provider, base, weight in settings.strategy
        ]
        providers: list[pulumi.Input[str]] = ["FARGATE", "FARGATE_SPOT"]
        return aws.ecs.ClusterCapacityProviders(
            self._name,
            cluster_name=cluster.name,
            capacity_providers=[*providers, *([self.ec2_provider] if self.ec2_provider else [])],
            default_capacity_provider_strategies=strategies,
            opts=pulumi.ResourceOptions(parent=self),
        )
