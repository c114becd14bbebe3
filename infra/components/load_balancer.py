"""LoadBalancer: one Application Load Balancer for all services of a stack."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.network import Network
from infra.settings.load_balancer import LoadBalancer as LoadBalancerSettings

HTTP_PORT = 80


@dataclass(frozen=True, kw_only=True)
class LoadBalancerArgs:
    """What a `LoadBalancer` is made from.

    Args:
        network: Where it stands.
        settings: The stack's load balancer settings.
        production: Whether the stack is production, which protects it from deletion unless the settings say
            otherwise.
    """

    network: Network
    settings: LoadBalancerSettings
    production: bool


class LoadBalancer(pulumi.ComponentResource):
    """An Application Load Balancer with a listener that answers 404 until services add their rules.

    Outputs:
        url: Address for a browser.
        listener_arn: Listener that the services' rules belong to.
        security_group_id: Group of the load balancer; services let it in.
    """

    url: pulumi.Output[str]
    listener_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, args: LoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:LoadBalancer", name, None, opts)
        self._name = name
        self._args = args
        self.security_group_id = self._security_group()
        balancer = self._balancer()
        listener = self._listener(balancer)
        self.url = pulumi.Output.concat("http://", balancer.dns_name)
        self.listener_arn = listener.arn
        self.register_outputs({"url": self.url, "listenerArn": self.listener_arn})

    def _security_group(self) -> pulumi.Output[str]:
        """A group open on the listener's port only; the services add the ways out."""
        group = aws.ec2.SecurityGroup(
            self._name,
            description="Load balancer: its listener ports from the allowed ranges, its services behind it",
            vpc_id=self._args.network.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        for index, cidr in enumerate(self._args.settings.allowed_cidrs):
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-http-{index}",
                security_group_id=group.id,
                description="HTTP",
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=HTTP_PORT,
                to_port=HTTP_PORT,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return group.id

    def _balancer(self) -> aws.lb.LoadBalancer:
        settings, network = self._args.settings, self._args.network
        protect = settings.deletion_protection
        return aws.lb.LoadBalancer(
            self._name,
            load_balancer_type="application",
            internal=settings.internal,
            subnets=network.task_subnet_ids if settings.internal else network.public_subnet_ids,
            security_groups=[self.security_group_id],
            idle_timeout=settings.idle_timeout,
            drop_invalid_header_fields=True,
            enable_deletion_protection=self._args.production if protect is None else protect,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _listener(self, balancer: aws.lb.LoadBalancer) -> aws.lb.Listener:
        return aws.lb.Listener(
            f"{self._name}-http",
            load_balancer_arn=balancer.arn,
            port=HTTP_PORT,
            protocol="HTTP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="fixed-response",
                    fixed_response=aws.lb.ListenerDefaultActionFixedResponseArgs(
                        content_type="text/plain", message_body="Not found", status_code="404"
                    ),
                )
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
