"""Network: the VPC and the subnets that load balancer and tasks use."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.components.looking_up import looked_up
from infra.components.network_parts import FlowLog, FlowLogArgs, VpcEndpoints, VpcEndpointsArgs
from infra.components.stack_context import StackContext
from infra.pure import subnets
from infra.settings.network import CreatedNetwork, ExistingNetwork


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a `Network` is made from.

    Args:
        stack: Account, names and settings of the stack.
    """

    stack: StackContext


class Network(pulumi.ComponentResource):
    """The VPC of the stack: one of its own, an existing one, or the account's default one.

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
        self._stack = args.stack
        settings = args.stack.settings.network
        self.tasks_have_public_ip = settings.tasks_are_public
        if settings.create:
            self._create(name, settings.create)
        elif settings.existing:
            self._use(settings.existing)
        else:
            self._use_default()
        self._s3_prefix_list = self._add_endpoints(name)
        if settings.flow_logs:
            log = FlowLogArgs(
                account=args.stack.account,
                vpc_id=self.vpc_id,
                log_group_name=args.stack.names.flow_log_group,
                log_key_arn=args.stack.key_arn,
                settings=settings.flow_logs,
            )
            FlowLog(name, log, pulumi.ResourceOptions(parent=self))
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "publicSubnetIds": self.public_subnet_ids,
                "taskSubnetIds": self.task_subnet_ids,
            }
        )

    def _create(self, name: str, create: CreatedNetwork) -> None:
        import pulumi_awsx as awsx  # noqa: PLC0415  only stacks with a VPC of their own pay for loading it

        plan = subnets.plan(create.cidr, create.max_zones)
        assert plan, "the settings refuse ranges that do not hold their subnets"  # noqa: S101  see rules.network
        strategies = {
            "perZone": awsx.ec2.NatGatewayStrategy.ONE_PER_AZ,
            "single": awsx.ec2.NatGatewayStrategy.SINGLE,
            "none": awsx.ec2.NatGatewayStrategy.NONE,
        }
        vpc = awsx.ec2.Vpc(
            name,
            cidr_block=create.cidr,
            number_of_availability_zones=create.zones,
            availability_zone_cidr_mask=plan.zone,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            nat_gateways=awsx.ec2.NatGatewayConfigurationArgs(strategy=strategies[create.nat]),
            subnet_strategy=awsx.ec2.SubnetAllocationStrategy.AUTO,
            subnet_specs=[
                awsx.ec2.SubnetSpecArgs(
                    type=awsx.ec2.SubnetType.PRIVATE, name="tasks", cidr_mask=plan.private
                ),
                awsx.ec2.SubnetSpecArgs(
                    type=awsx.ec2.SubnetType.PUBLIC, name="public", cidr_mask=plan.public
                ),
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.vpc_id = vpc.vpc_id
        # Whatever is made without a group lands in the default one; without rules it reaches nothing and nobody.
        aws.ec2.DefaultSecurityGroup(name, vpc_id=vpc.vpc_id, opts=pulumi.ResourceOptions(parent=self))
        self.public_subnet_ids = vpc.public_subnet_ids
        self.task_subnet_ids = vpc.public_subnet_ids if self.tasks_have_public_ip else vpc.private_subnet_ids

    def _use(self, existing: ExistingNetwork) -> None:
        if existing.vpc_id:
            self.vpc_id = self._stack.references.text(existing.vpc_id)
        else:
            found = aws.ec2.get_vpc_output(
                tags=dict(existing.vpc_tags), opts=pulumi.InvokeOutputOptions(parent=self)
            )
            command, asked = "aws ec2 describe-vpcs", json.dumps(dict(existing.vpc_tags))
            self.vpc_id = looked_up(found, "network.existing.vpcTags", asked, command).apply(
                lambda vpc: vpc.id
            )
        public = self._subnets("public", existing.public_subnet_ids, existing.public_subnet_tags)
        self.public_subnet_ids = public
        self.task_subnet_ids = (
            public
            if self.tasks_have_public_ip
            else self._subnets("private", existing.private_subnet_ids, existing.private_subnet_tags)
        )

    def _subnets(
        self, kind: str, ids: Sequence[str], tags: Mapping[str, str]
    ) -> pulumi.Output[Sequence[str]]:
        if not tags:
            return self._stack.references.texts(ids).apply(lambda known: known)
        by_tags = [
            aws.ec2.GetSubnetsFilterArgs(name=f"tag:{key}", values=[value]) for key, value in tags.items()
        ]
        found = aws.ec2.get_subnets_output(
            filters=self.vpc_id.apply(
                lambda vpc_id: [aws.ec2.GetSubnetsFilterArgs(name="vpc-id", values=[vpc_id]), *by_tags]
            ),
            opts=pulumi.InvokeOutputOptions(parent=self),
        )
        key, asked = f"network.existing.{kind}SubnetTags", json.dumps(dict(tags))
        return pulumi.Output.all(looked_up(found, key, asked, "aws ec2 describe-subnets"), self.vpc_id).apply(
            lambda known: _some(known[0].ids, key, asked, known[1])
        )

    def _use_default(self) -> None:
        options = pulumi.InvokeOutputOptions(parent=self)
        self.vpc_id = aws.ec2.get_vpc_output(default=True, opts=options).id
        subnet_ids = aws.ec2.get_subnets_output(
            filters=self.vpc_id.apply(
                lambda vpc_id: [
                    aws.ec2.GetSubnetsFilterArgs(name="vpc-id", values=[vpc_id]),
                    # One subnet per zone: a second one in the same zone is refused by the load balancer.
                    aws.ec2.GetSubnetsFilterArgs(name="default-for-az", values=["true"]),
                ]
            ),
            opts=options,
        ).ids
        self.public_subnet_ids = subnet_ids.apply(sorted)
        self.task_subnet_ids = self.public_subnet_ids

    def ways_out(
        self, name: str, group_id: pulumi.Input[str], opts: pulumi.ResourceOptions
    ) -> Sequence[pulumi.Resource]:
        """Rules of a group that say what its tasks may open connections to.

        Security groups never filter the VPC's name server and the task's metadata ("Security groups for your VPC").

        Args:
            name: Beginning of the rules' names.
            group_id: The group.
            opts: Options of the rules.
        """
        egress = self._stack.settings.network.egress

        def rule(suffix: str, description: str, **to: Any) -> aws.vpc.SecurityGroupEgressRule:
            return aws.vpc.SecurityGroupEgressRule(
                f"{name}-{suffix}", security_group_id=group_id, description=description, opts=opts, **to
            )

        if egress.is_open:
            return [
                rule(
                    "out",
                    "Image registry, logs, and what the app calls",
                    cidr_ipv4="0.0.0.0/0",
                    ip_protocol="-1",
                )
            ]
        rules = [rule("out-vpc", "Everything inside the VPC", cidr_ipv4=self._cidr(), ip_protocol="-1")]
        for cidr in egress.cidrs:
            if not egress.ports:
                rules.append(
                    rule(f"out-{cidr}", f"What the app calls in {cidr}", cidr_ipv4=cidr, ip_protocol="-1")
                )
            for port in egress.ports:
                text = f"What the app calls in {cidr}, port {port}"
                rules.append(
                    rule(
                        f"out-{cidr}-{port}",
                        text,
                        cidr_ipv4=cidr,
                        ip_protocol="tcp",
                        from_port=port,
                        to_port=port,
                    )
                )
        if self._s3_prefix_list and not egress.reaches_aws:
            rules.append(
                rule(
                    "out-s3",
                    "S3 through its endpoint: layers of images",
                    prefix_list_id=self._s3_prefix_list,
                    ip_protocol="tcp",
                    from_port=443,
                    to_port=443,
                )
            )
        return rules

    def _cidr(self) -> pulumi.Output[str]:
        created = self._stack.settings.network.create
        if created:
            return pulumi.Output.from_input(created.cidr)
        return aws.ec2.get_vpc_output(id=self.vpc_id, opts=pulumi.InvokeOutputOptions(parent=self)).cidr_block

    def _add_endpoints(self, name: str) -> pulumi.Output[str] | None:
        """Make the endpoints; gives the addresses of S3 behind its own, as a prefix list."""
        settings = self._stack.settings.network
        if not settings.endpoints:
            return None
        return VpcEndpoints(
            name,
            VpcEndpointsArgs(
                account=self._stack.account,
                vpc_id=self.vpc_id,
                vpc_cidr=self._cidr(),
                subnet_ids=self.task_subnet_ids,
                endpoints=settings.endpoints,
                own_principals_only=settings.endpoint_access == "account",
                instances=self._stack.settings.cluster.ec2 is not None,
                route_table_ids=self._stack.references.texts(settings.existing.route_table_ids)
                if settings.existing
                else None,
            ),
            pulumi.ResourceOptions(parent=self),
        ).s3_prefix_list_id


def _some(ids: Sequence[str], key: str, asked: str, vpc_id: str) -> Sequence[str]:
    """The subnets that were found, in an order that stays; an empty answer is a mistake and not an empty list."""
    if not ids:
        raise pulumi.RunError(
            f"{key} is {asked}: no subnet of {vpc_id} has these tags; allowed: tags of subnets in that VPC\n  fix: "
            f"look what there is: aws ec2 describe-subnets --filters Name=vpc-id,Values={vpc_id}"
        )
    return sorted(ids)
