"""ServiceTraffic: how requests reach a service: target groups, listener rules, security groups."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.components.load_balancer import LoadBalancer
from infra.components.network import Network
from infra.pure import iam, names
from infra.pure.ownership import Kind, Situation, ignore_changes
from infra.settings.service import Service

INFRASTRUCTURE_POLICY = "AmazonECSInfrastructureRolePolicyForLoadBalancers"
SPARE = "spare"


@dataclass(frozen=True, kw_only=True)
class ServiceTrafficArgs:
    """What `ServiceTraffic` is made from.

    Args:
        account: Provider and facts of the AWS account.
        network: VPC of the target groups.
        load_balancer: What the requests come through.
        security_group_id: Group of the tasks.
        priority: Position of the listener rule.
        settings: The service's settings.
        situation: Who owns what, which decides what Pulumi leaves alone.
    """

    account: AwsAccount
    network: Network
    load_balancer: LoadBalancer
    security_group_id: pulumi.Input[str]
    priority: int
    settings: Service
    situation: Situation


class ServiceTraffic:
    """The way from the load balancer to the tasks; its parts are children of their `Microservice`.

    A rolling service has one target group and nothing spare.

    Attributes:
        target_groups: The target group, and a spare one with every strategy but rolling.
        rule: Rule of the main listener.
        test_rule: Rule of the test listener; None without test traffic.
        shift_role_arn: Role with which ECS moves the traffic; None with rolling and codeDeploy.
        hooks_role_arn: Role with which ECS asks the functions among the deployment's hooks; None without any.
        before_service: What must exist before the service does.
    """

    target_groups: Sequence[aws.lb.TargetGroup]
    rule: aws.lb.ListenerRule
    test_rule: aws.lb.ListenerRule | None
    shift_role_arn: pulumi.Output[str] | None
    hooks_role_arn: pulumi.Output[str] | None
    before_service: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: ServiceTrafficArgs, parent: pulumi.Resource) -> None:
        self._name = name
        self._args = args
        self._parent = parent
        self._child = pulumi.ResourceOptions(parent=parent)
        deployment = args.settings.deployment
        doors = self._open_security_groups()
        self.target_groups = [self._target_group("")]
        if deployment.needs_two_target_groups:
            self.target_groups = [*self.target_groups, self._target_group(SPARE)]
        self.rule = self._rule("", args.load_balancer.listener_arn, live=0)
        self.test_rule = None
        if deployment.test_traffic and args.load_balancer.test_listener_arn:
            self.test_rule = self._rule("-test", args.load_balancer.test_listener_arn, live=1)
        shift = self._shift_role() if deployment.is_gradual else None
        functions = sorted({hook.lambda_arn for hook in deployment.hooks if hook.lambda_arn})
        hooks = self._hooks_role(functions) if functions else None
        self.shift_role_arn = shift[0].arn if shift else None
        self.hooks_role_arn = hooks[0].arn if hooks else None
        optional = [self.test_rule, shift[1] if shift else None, hooks[1] if hooks else None]
        self.before_service = [self.rule, *doors, *(one for one in optional if one)]

    def _open_security_groups(self) -> list[pulumi.Resource]:
        """The load balancer reaches the tasks on the container's port; nothing else does."""
        port, balancer = self._args.settings.port, self._args.load_balancer
        into_tasks = aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-from-load-balancer",
            security_group_id=self._args.security_group_id,
            referenced_security_group_id=balancer.security_group_id,
            description="Requests and health checks of the load balancer",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        out_of_balancer = aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-to-tasks",
            security_group_id=balancer.security_group_id,
            referenced_security_group_id=self._args.security_group_id,
            description=f"Requests and health checks to {self._name}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=self._child,
        )
        return [into_tasks, out_of_balancer]

    def _target_group(self, colour: str) -> aws.lb.TargetGroup:
        settings = self._args.settings
        check = settings.health_check
        return aws.lb.TargetGroup(
            # Auto-named: a named one could not be replaced while the listener still uses it.
            names.target_group(self._name, colour),
            port=settings.port,
            protocol="HTTP",
            target_type="ip",
            vpc_id=self._args.network.vpc_id,
            deregistration_delay=settings.deregistration_delay,
            slow_start=settings.slow_start,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                path=check.path,
                matcher=check.matcher,
                interval=check.interval,
                timeout=check.timeout,
                healthy_threshold=check.healthy_threshold,
                unhealthy_threshold=check.unhealthy_threshold,
            ),
            tags={"Service": self._name},
            opts=self._child,
        )

    def _rule(self, suffix: str, listener_arn: pulumi.Input[str], live: int) -> aws.lb.ListenerRule:
        """A rule in the weighted form from the start: a strategy then moves weights, not the action."""
        targets = [
            aws.lb.ListenerRuleActionForwardTargetGroupArgs(arn=group.arn, weight=100 if index == live else 0)
            for index, group in enumerate(self.target_groups)
        ]
        return aws.lb.ListenerRule(
            f"{self._name}{suffix}",
            listener_arn=listener_arn,
            priority=self._args.priority,
            conditions=self._conditions(),
            actions=[
                aws.lb.ListenerRuleActionArgs(
                    type="forward", forward=aws.lb.ListenerRuleActionForwardArgs(target_groups=targets)
                )
            ],
            tags={"Service": self._name},
            opts=pulumi.ResourceOptions(
                parent=self._parent, ignore_changes=ignore_changes(Kind.LISTENER_RULE, self._args.situation)
            ),
        )

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

    def _shift_role(self) -> tuple[aws.iam.Role, pulumi.Resource]:
        role = self._ecs_role("shift", f"Lets ECS move the load balancer's traffic of {self._name}")
        attachment = aws.iam.RolePolicyAttachment(
            f"{self._name}-shift",
            role=role.name,
            policy_arn=self._args.account.managed_policy(INFRASTRUCTURE_POLICY),
            opts=self._child,
        )
        return role, attachment

    def _hooks_role(self, functions: Sequence[str]) -> tuple[aws.iam.Role, pulumi.Resource]:
        role = self._ecs_role("hooks", f"Lets ECS ask the deployment hooks of {self._name}")
        policy = aws.iam.RolePolicy(
            f"{self._name}-hooks",
            role=role.name,
            policy=json.dumps(iam.policy([iam.allow(["lambda:InvokeFunction"], functions)])),
            opts=self._child,
        )
        return role, policy

    def _ecs_role(self, purpose: str, description: str) -> aws.iam.Role:
        return aws.iam.Role(
            f"{self._name}-{purpose}",
            description=description,
            # Without a condition, as AWS writes it ("Amazon ECS infrastructure IAM role for load balancers"): nothing
            # says that ECS sends aws:SourceAccount, and a role that it cannot assume stops every deployment.
            assume_role_policy=json.dumps(iam.service_trust("ecs.amazonaws.com")),
            tags={"Service": self._name},
            opts=self._child,
        )
