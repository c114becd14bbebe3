"""Microservice: one ECS service with all that belongs to it alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.components.cluster import Cluster
from infra.components.load_balancer import LoadBalancer
from infra.components.network import Network
from infra.pure import budgets, containers, iam, names
from infra.settings.service import Service

EXECUTION_POLICY = "service-role/AmazonECSTaskExecutionRolePolicy"


@dataclass(frozen=True, kw_only=True)
class MicroserviceArgs:
    """What a `Microservice` is made from.

    Args:
        account: Provider and facts of the AWS account.
        cluster: Where its tasks run.
        network: Subnets and VPC.
        load_balancer: What it is reached through.
        image: Image by digest, `repository@sha256:…`.
        priority: Position of its listener rule.
        names: Physical names of the stack.
        settings: The service's settings.
    """

    account: AwsAccount
    cluster: Cluster
    network: Network
    load_balancer: LoadBalancer
    image: pulumi.Input[str]
    priority: int
    names: names.StackNames
    settings: Service


class Microservice(pulumi.ComponentResource):
    """A container behind the load balancer, kept running, replaced when it fails and rolled back when it cannot start.

    Outputs:
        service_name: Name of the ECS service.
        log_group_name: Where its containers log.
    """

    service_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Microservice", name, None, opts)
        self._name = name
        self._args = args
        self._tags = {"Service": name}
        self._child = pulumi.ResourceOptions(parent=self)

        log_group = self._log_group()
        execution_role, execution_policies = self._execution_role()
        task_definition = self._task_definition(log_group, execution_role, self._task_role())
        security_group = self._security_group()
        target_group, rule = self._target_group_and_rule() if args.settings.route.enabled else (None, None)
        service = self._service(
            task_definition,
            security_group,
            target_group,
            depends_on=[*execution_policies, *([rule] if rule else [])],
        )
        self.service_name = service.name
        self.log_group_name = log_group.name
        self.register_outputs({"serviceName": self.service_name, "logGroupName": self.log_group_name})

    def _log_group(self) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            self._name,
            name=self._args.names.log_group(self._name),
            retention_in_days=self._args.settings.log_retention_days,
            tags=self._tags,
            opts=self._child,
        )

    def _role(self, purpose: str) -> aws.iam.Role:
        trust = self._args.account.account_id.apply(
            lambda account_id: iam.service_trust("ecs-tasks.amazonaws.com", account_id=account_id)
        )
        return aws.iam.Role(
            names.shorten(f"{self._name}-{purpose}", names.ROLE_LIMIT - names.AUTO_NAME_SUFFIX),
            description=f"{purpose.capitalize()} role of the ECS service {self._name}",
            assume_role_policy=pulumi.Output.json_dumps(trust),
            tags=self._tags,
            opts=self._child,
        )

    def _execution_role(self) -> tuple[aws.iam.Role, Sequence[pulumi.Resource]]:
        """The role that ECS itself uses to pull the image and write the logs, and the policies it needs
        first.
        """
        role = self._role("execution")
        attachment = aws.iam.RolePolicyAttachment(
            f"{self._name}-execution",
            role=role.name,
            policy_arn=self._args.account.managed_policy(EXECUTION_POLICY),
            opts=self._child,
        )
        return role, [attachment]

    def _task_role(self) -> aws.iam.Role:
        """The role that the app itself has: nothing, until the settings grant something."""
        return self._role("task")

    def _task_definition(
        self, log_group: aws.cloudwatch.LogGroup, execution_role: aws.iam.Role, task_role: aws.iam.Role
    ) -> aws.ecs.TaskDefinition:
        settings = self._args.settings
        definitions = pulumi.Output.all(
            image=self._args.image, log_group=log_group.name, region=self._args.account.region
        ).apply(
            lambda known: [
                containers.app_container(
                    name=self._name,
                    image=known["image"],
                    port=settings.port,
                    environment=settings.environment,
                    stop_timeout=settings.stop_timeout,
                    logs=containers.log_configuration(known["log_group"], known["region"], self._name),
                )
            ]
        )
        return aws.ecs.TaskDefinition(
            self._name,
            family=self._args.names.family(self._name),
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(settings.cpu),
            memory=str(settings.memory),
            runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                cpu_architecture="X86_64", operating_system_family="LINUX"
            ),
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            container_definitions=pulumi.Output.json_dumps(definitions),
            # Old revisions stay registered: a rollback needs them.
            skip_destroy=True,
            tags=self._tags,
            opts=self._child,
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        """A group that only the load balancer reaches, and only on the container's port."""
        port, balancer = self._args.settings.port, self._args.load_balancer
        group = aws.ec2.SecurityGroup(
            self._name,
            description=f"Tasks of {self._name}: the load balancer on port {port}, and everything outwards",
            vpc_id=self._args.network.vpc_id,
            tags=self._tags,
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-out",
            security_group_id=group.id,
            description="Image registry, logs, and what the app calls",
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="-1",
            opts=self._child,
        )
        if self._args.settings.route.enabled:
            aws.vpc.SecurityGroupIngressRule(
                f"{self._name}-from-load-balancer",
                security_group_id=group.id,
                referenced_security_group_id=balancer.security_group_id,
                description="Requests and health checks of the load balancer",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=self._child,
            )
            aws.vpc.SecurityGroupEgressRule(
                f"{self._name}-to-tasks",
                security_group_id=balancer.security_group_id,
                referenced_security_group_id=group.id,
                description=f"Requests and health checks to {self._name}",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                opts=self._child,
            )
        return group

    def _target_group_and_rule(self) -> tuple[aws.lb.TargetGroup, aws.lb.ListenerRule]:
        settings = self._args.settings
        check = settings.health_check
        target_group = aws.lb.TargetGroup(
            names.target_group(self._name),
            port=settings.port,
            protocol="HTTP",
            target_type="ip",
            vpc_id=self._args.network.vpc_id,
            deregistration_delay=settings.deregistration_delay,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                path=check.path,
                matcher=check.matcher,
                interval=check.interval,
                timeout=check.timeout,
                healthy_threshold=check.healthy_threshold,
                unhealthy_threshold=check.unhealthy_threshold,
            ),
            tags=self._tags,
            opts=self._child,
        )
        rule = aws.lb.ListenerRule(
            self._name,
            listener_arn=self._args.load_balancer.listener_arn,
            priority=self._args.priority,
            conditions=self._conditions(),
            actions=[
                aws.lb.ListenerRuleActionArgs(
                    type="forward",
                    # The weighted form from the start: a later change of the deployment strategy then shifts
                    # weights instead of replacing the action.
                    forward=aws.lb.ListenerRuleActionForwardArgs(
                        target_groups=[
                            aws.lb.ListenerRuleActionForwardTargetGroupArgs(arn=target_group.arn, weight=100)
                        ]
                    ),
                )
            ],
            tags=self._tags,
            opts=self._child,
        )
        return target_group, rule

    def _conditions(self) -> list[aws.lb.ListenerRuleConditionArgs]:
        route = self._args.settings.route
        conditions = []
        if route.hosts:
            hosts = aws.lb.ListenerRuleConditionHostHeaderArgs(values=list(route.hosts))
            conditions.append(aws.lb.ListenerRuleConditionArgs(host_header=hosts))
        if route.paths or not route.hosts:
            paths = aws.lb.ListenerRuleConditionPathPatternArgs(values=list(route.paths) or ["/*"])
            conditions.append(aws.lb.ListenerRuleConditionArgs(path_pattern=paths))
        return conditions

    def _service(
        self,
        task_definition: aws.ecs.TaskDefinition,
        security_group: aws.ec2.SecurityGroup,
        target_group: aws.lb.TargetGroup | None,
        depends_on: Sequence[pulumi.Resource],
    ) -> aws.ecs.Service:
        settings, network = self._args.settings, self._args.network
        times = self._times()
        balancers = (
            [
                aws.ecs.ServiceLoadBalancerArgs(
                    container_name=self._name, container_port=settings.port, target_group_arn=target_group.arn
                )
            ]
            if target_group
            else None
        )
        return aws.ecs.Service(
            self._name,
            name=self._name,
            cluster=self._args.cluster.arn,
            launch_type="FARGATE",
            task_definition=task_definition.arn,
            desired_count=settings.desired_count,
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker=aws.ecs.ServiceDeploymentCircuitBreakerArgs(
                enable=True, rollback=True
            ),
            health_check_grace_period_seconds=settings.health_check.grace_period if target_group else None,
            load_balancers=balancers,
            network_configuration=aws.ecs.ServiceNetworkConfigurationArgs(
                subnets=network.task_subnet_ids,
                security_groups=[security_group.id],
                assign_public_ip=network.tasks_have_public_ip,
            ),
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            tags=self._tags,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=depends_on,
                custom_timeouts=pulumi.CustomTimeouts(
                    create=budgets.as_timeout(times.deployment),
                    update=budgets.as_timeout(times.deployment),
                    delete=budgets.as_timeout(times.removal),
                ),
            ),
        )

    def _times(self) -> budgets.DeploymentTimes:
        settings = self._args.settings
        return budgets.DeploymentTimes(
            desired_count=settings.desired_count,
            batch=max(settings.desired_count, 1),  # maximum percent 200: all new tasks start at once
            grace_period=settings.health_check.grace_period,
            check_interval=settings.health_check.interval,
            healthy_threshold=settings.health_check.healthy_threshold,
            deregistration_delay=settings.deregistration_delay,
            stop_timeout=settings.stop_timeout,
        )
