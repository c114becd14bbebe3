"""Discovery: the names by which the services of a stack find each other."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.network import Network
from infra.settings.service import Service

DNS_TTL = 10
"""Seconds that a caller may go on using the address of a task that has gone."""


@dataclass(frozen=True, kw_only=True)
class DiscoveryArgs:
    """What `Discovery` is made from.

    Args:
        network: VPC in which the names resolve.
        namespace: Private DNS domain.
    """

    network: Network
    namespace: str


class Discovery(pulumi.ComponentResource):
    """A private domain in Cloud Map, and the group of those who may call services in it.

    Outputs:
        namespace_id: Id of the namespace.
        namespace_arn: ARN of the namespace.
        callers_group_id: Security group that every calling task is in; callees let it in.
    """

    namespace_id: pulumi.Output[str]
    namespace_arn: pulumi.Output[str]
    callers_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: DiscoveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Discovery", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        namespace = aws.servicediscovery.PrivateDnsNamespace(
            name,
            name=args.namespace,
            description="Services of the stack, by name",
            vpc=args.network.vpc_id,
            opts=child,
        )
        callers = aws.ec2.SecurityGroup(
            f"{name}-callers",
            description="Tasks that call other services of the stack by name",
            vpc_id=args.network.vpc_id,
            opts=child,
        )
        self.namespace_id = namespace.id
        self.namespace_arn = namespace.arn
        self.callers_group_id = callers.id
        self.register_outputs({"namespaceArn": self.namespace_arn})


def dns_name(
    name: str, settings: Service, discovery: Discovery | None, opts: pulumi.ResourceOptions
) -> aws.ecs.ServiceServiceRegistriesArgs | None:
    """Give a service a DNS name with a record per task; None where its settings do not ask for one."""
    wanted = settings.discovery
    if not discovery or not wanted or wanted.mode != "dns" or not wanted.listen:
        return None
    entry = aws.servicediscovery.Service(
        name,
        name=name,
        dns_config=aws.servicediscovery.ServiceDnsConfigArgs(
            namespace_id=discovery.namespace_id,
            routing_policy="MULTIVALUE",
            dns_records=[aws.servicediscovery.ServiceDnsConfigDnsRecordArgs(type="A", ttl=DNS_TTL)],
        ),
        # ECS itself says which tasks are healthy. The provider drops an empty block (terraform-provider-aws#44285),
        # and the Args class would warn of the only property that keeps it.
        health_check_custom_config={"failure_threshold": 1},
        # Instances that a crash left behind must not keep a destroy from ending.
        force_destroy=True,
        tags={"Service": name},
        opts=opts,
    )
    return aws.ecs.ServiceServiceRegistriesArgs(registry_arn=entry.arn)
