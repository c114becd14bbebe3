"""Parts of a network that a stack may add to any VPC: endpoints of AWS services, and a record of connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.pure import endpoints, iam
from infra.settings.network import Endpoint
from infra.settings.network import FlowLogs as FlowLogSettings


@dataclass(frozen=True, kw_only=True)
class VpcEndpointsArgs:
    """What `VpcEndpoints` are made from.

    Args:
        account: Provider and facts of the AWS account.
        vpc_id: The VPC.
        vpc_cidr: Its address range, from which the endpoints are reachable.
        subnet_ids: Subnets that get a network interface of each endpoint.
        endpoints: AWS services.
        route_table_ids: Tables that a gateway endpoint joins; None for all of the VPC's.
        own_principals_only: Whether only this account's credentials get through.
        instances: Whether container instances install packages through S3's.
    """

    account: AwsAccount
    vpc_id: pulumi.Input[str]
    vpc_cidr: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    endpoints: Sequence[Endpoint]
    route_table_ids: pulumi.Output[list[str]] | None = None
    own_principals_only: bool
    instances: bool


class VpcEndpoints(pulumi.ComponentResource):
    """AWS services reached without leaving the VPC: no NAT gateway needed, and none of its bill.

    Outputs:
        s3_prefix_list_id: Addresses of S3 that its endpoint leads to; None without it.
    """

    s3_prefix_list_id: pulumi.Output[str] | None = None

    def __init__(self, name: str, args: VpcEndpointsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:VpcEndpoints", name, None, opts)
        self._args = args
        services = [service for endpoint in args.endpoints for service in endpoints.services_of(endpoint)]
        interfaces = [service for service in services if service not in endpoints.GATEWAYS]
        group = self._security_group(name) if interfaces else None
        for service in services:
            self._endpoint(name, service, group)
        self.register_outputs({})

    def _security_group(self, name: str) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            f"{name}-endpoints",
            description="AWS services inside the VPC: HTTPS from the VPC",
            vpc_id=self._args.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-endpoints",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            cidr_ipv4=self._args.vpc_cidr,
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return group

    def _endpoint(self, name: str, service: str, group: aws.ec2.SecurityGroup | None) -> None:
        args = self._args
        service_name = args.account.facts.apply(
            lambda known: endpoints.service_name(
                service, partition=known["partition"], region=known["region"]
            )
        )
        options = pulumi.ResourceOptions(parent=self)
        logical_name = f"{name}-{service.replace('.', '-')}"
        if service in endpoints.GATEWAYS:
            gateway = aws.ec2.VpcEndpoint(
                logical_name,
                vpc_id=args.vpc_id,
                service_name=service_name,
                vpc_endpoint_type="Gateway",
                route_table_ids=args.route_table_ids or self._all_route_tables(),
                policy=self._policy(service),
                opts=options,
            )
            self.s3_prefix_list_id = gateway.prefix_list_id
            return
        aws.ec2.VpcEndpoint(
            logical_name,
            vpc_id=args.vpc_id,
            service_name=service_name,
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=args.subnet_ids,
            security_group_ids=[group.id] if group else None,
            policy=self._policy(service),
            opts=options,
        )

    def _policy(self, service: str) -> pulumi.Output[str] | None:
        if not self._args.own_principals_only:
            return None
        document = self._args.account.facts.apply(
            lambda known: endpoints.policy(service, instances=self._args.instances, **known)
        )
        return pulumi.Output.json_dumps(document)

    def _all_route_tables(self) -> pulumi.Output[Sequence[str]]:
        invoke = pulumi.InvokeOutputOptions(parent=self)
        return aws.ec2.get_route_tables_output(vpc_id=self._args.vpc_id, opts=invoke).ids


@dataclass(frozen=True, kw_only=True)
class FlowLogArgs:
    """What a `FlowLog` is made from.

    Args:
        account: Provider and facts of the AWS account.
        vpc_id: The VPC.
        log_group_name: Physical name of the log group.
        log_key_arn: Key that encrypts it; None for AWS's own.
        settings: Traffic and retention.
    """

    account: AwsAccount
    vpc_id: pulumi.Input[str]
    log_group_name: str
    log_key_arn: pulumi.Input[str] | None
    settings: FlowLogSettings


class FlowLog(pulumi.ComponentResource):
    """A record of the VPC's connections in CloudWatch Logs."""

    def __init__(self, name: str, args: FlowLogArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:FlowLog", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{name}-flow-log",
            name=args.log_group_name,
            retention_in_days=args.settings.retention_days,
            kms_key_id=args.log_key_arn,
            opts=child,
        )
        trust = args.account.account_id.apply(
            lambda account_id: iam.service_trust("vpc-flow-logs.amazonaws.com", account_id=account_id)
        )
        role = aws.iam.Role(
            f"{name}-flow-log",
            assume_role_policy=pulumi.Output.json_dumps(trust),
            permissions_boundary=args.account.boundary,
            opts=child,
        )
        actions = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        document = group.arn.apply(lambda arn: iam.policy([iam.allow(actions, [arn, f"{arn}:*"])]))
        policy = aws.iam.RolePolicy(
            f"{name}-flow-log", role=role.name, policy=pulumi.Output.json_dumps(document), opts=child
        )
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type=args.settings.traffic,
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.register_outputs({})
