"""Network: the VPC and the subnets that load balancer and tasks use."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings.network import Network as NetworkSettings


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a `Network` is made from.

    Args:
        settings: The stack's network settings.
    """

    settings: NetworkSettings


class Network(pulumi.ComponentResource):
    """The VPC of the stack: the account's default one, or an existing one.

    Outputs:
        vpc_id: The VPC.
        public_subnet_ids: Subnets of an internet-facing load balancer.
        task_subnet_ids: Subnets of the tasks.
        tasks_have_public_ip: Whether tasks need a public address to reach the internet (a plain value).
    """

    vpc_id: pulumi.Output[str]
    public_subnet_ids: pulumi.Output[Sequence[str]]
    task_subnet_ids: pulumi.Output[Sequence[str]]
    tasks_have_public_ip: bool

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Network", name, None, opts)
        existing = args.settings.existing
        if existing:
            self.vpc_id = pulumi.Output.from_input(existing.vpc_id)
            self.public_subnet_ids = pulumi.Output.from_input(existing.public_subnet_ids)
            private = existing.private_subnet_ids
            self.task_subnet_ids = pulumi.Output.from_input(private or existing.public_subnet_ids)
            self.tasks_have_public_ip = not private
        else:
            self._use_default_vpc()
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "publicSubnetIds": self.public_subnet_ids,
                "taskSubnetIds": self.task_subnet_ids,
            }
        )

    def _use_default_vpc(self) -> None:
        options = pulumi.InvokeOutputOptions(parent=self)
        self.vpc_id = aws.ec2.get_vpc_output(default=True, opts=options).id
        subnets = aws.ec2.get_subnets_output(
            filters=[
                aws.ec2.GetSubnetsFilterArgs(name="vpc-id", values=[self.vpc_id]),
                # One subnet per zone: a second one in the same zone is refused by the load balancer.
                aws.ec2.GetSubnetsFilterArgs(name="default-for-az", values=["true"]),
            ],
            opts=options,
        )
        self.public_subnet_ids = subnets.ids.apply(sorted)
        self.task_subnet_ids = self.public_subnet_ids
        self.tasks_have_public_ip = True
