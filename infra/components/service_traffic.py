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
from infra.pure.live import Colour, Purpose
from infra.pure.ownership import Kind, ignore_changes
from infra.pure.routing import Positions
from infra.pure.takeover import Takeover
from infra.settings.service import Service

INFRASTRUCTURE_POLICY = "AmazonECSInfrastructureRolePolicyForLoadBalancers"
NOBODY = "192.0.2.0/24"
"""Addresses that no request comes from: they are kept for documentation (RFC 5737)."""


@dataclass(frozen=True, kw_only=True)
class ServiceTrafficArgs:
    """What `ServiceTraffic` is made from.

    Args:
        account: Provider and facts of the AWS account.
        network: VPC of the target groups.
        load_balancer: What the requests come through.
        security_group_id: Group of the tasks.
        positions: Priorities of the listener rules.
        settings: The service's settings.
        takeover: How it continues from what is live.
    """

    account: AwsAccount
    network: Network
    load_balancer: LoadBalancer
    security_group_id: pulumi.Input[str]
    positions: Positions
    settings: Service
    takeover: Takeover


class ServiceTraffic:
    """The way from the load balancer to the tasks; its parts are children of their `Microservice`.

    A rolling service has one target group, the live one, and nothing spare. Until its tasks are healthy, a rule that no
    request meets ties the target group to the load balancer.

    Attributes:
        load_balancer: What the requests come through.
        target_groups: The target group, and a spare one with every strategy but rolling.
        live: The target group that has the traffic, or will have it first.
        other: The one that the next version comes up in; None with rolling.
        rule: Rule of the main listener; None until `open`, where it comes after the service.
        test_rule: Rule of the test listener; None without test traffic.
        shift_role_arn: Role with which ECS moves the traffic; None with rolling and codeDeploy.
        hooks_role_arn: Role with which ECS asks the functions among the deployment's hooks; None without any.
        before_service: What must exist before the service does.
    """

    load_balancer: LoadBalancer
    target_groups: Sequence[aws.lb.TargetGroup]
    live: aws.lb.TargetGroup
    other: aws.lb.TargetGroup | None
    rule: aws.lb.ListenerRule | None
    test_rule: aws.lb.ListenerRule | None
    shift_role_arn: pulumi.Output[str] | None
    hooks_role_arn: pulumi.Output[str] | None
    before_service: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: ServiceTrafficArgs, parent: pulumi.Resource) -> None:
        self._name = name
        self._args = args
        self._parent = parent
        self.load_balancer = args.load_balancer
        self._child = pulumi.ResourceOptions(parent=parent)
        deployment, takeover = args.settings.deployment, args.takeover
        doors = self._open_security_groups()
        groups = {colour: self._target_group(colour) for colour in takeover.colours}
        self.target_groups = list(groups.values())
        self.live, self.other = groups[takeover.live], groups.get(takeover.live.other)
        self.rule = self.test_rule = None
        if takeover.rule_last:
            first = self._waiting_rule()
        else:
            first = self.rule = self._production_rule([])
            if deployment.test_traffic and args.load_balancer.test_listener_arn:
                self.test_rule = self._test_rule(args.load_balancer.test_listener_arn)
        shift = self._shift_role() if deployment.is_gradual else None
        functions = sorted({hook.lambda_arn for hook in deployment.hooks if hook.lambda_arn})
        hooks = self._hooks_role(functions) if functions else None
        self.shift_role_arn = shift[0].arn if shift else None
        self.hooks_role_arn = hooks[0].arn if hooks else None
        optional = [self.test_rule, shift[1] if shift else None, hooks[1] if hooks else None]
        self.before_service = [first, *doors, *(one for one in optional if one)]

    def open(self, service: aws.ecs.Service, settled: pulumi.Output[bool] | None) -> None:
        """Send requests to a service whose rule comes last: its tasks are healthy now.

        Args:
            service: The service.
            settled: Known when it runs what was asked, see `Rollout.settled`; None where nobody follows it.
        """
        if self.rule is None:
            self.rule = self._production_rule([service], settled)

    @property
    def rules(self) -> Sequence[aws.lb.ListenerRule]:
        """Rules of the main listener that requests meet."""
        return [self.rule] if self.rule else []

    def _open_security_groups(self) -> list[pulumi.Resource]:
        """The load balancer reaches the tasks on the container's port; nothing else does."""
        port, balancer = self._args.settings.listens_on, self._args.load_balancer
        into_tasks = aws.vpc.SecurityGroupIngressRule(
            door_name(f"{self._name}-from-load-balancer", port),
            security_group_id=self._args.security_group_id,
            referenced_security_group_id=balancer.security_group_id,
            description="Requests and health checks of the load balancer",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=door(self._parent, f"{self._name}-from-load-balancer"),
        )
        out_of_balancer = aws.vpc.SecurityGroupEgressRule(
            door_name(f"{self._name}-to-tasks", port),
            security_group_id=balancer.security_group_id,
            referenced_security_group_id=self._args.security_group_id,
            description=f"Requests and health checks to {self._name}",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=door(self._parent, f"{self._name}-to-tasks"),
        )
        return [into_tasks, out_of_balancer]

    def _target_group(self, colour: Colour) -> aws.lb.TargetGroup:
        settings = self._args.settings
        check = settings.health_check
        return aws.lb.TargetGroup(
            # Auto-named: a named one could not be replaced while the listener still uses it.
            names.target_group(self._name, colour),
            port=names.TARGET_GROUP_PORT,
            protocol="HTTP",
            target_type="ip",
            vpc_id=self._args.network.vpc_id,
            deregistration_delay=settings.deregistration_delay,
            slow_start=settings.slow_start,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                path=check.asks_for,
                matcher=check.matcher,
                interval=check.interval,
                timeout=check.timeout,
                healthy_threshold=check.healthy_threshold,
                unhealthy_threshold=check.unhealthy_threshold,
            ),
            tags={"Service": self._name},
            opts=pulumi.ResourceOptions(
                parent=self._parent, ignore_changes=ignore_changes(Kind.TARGET_GROUP)
            ),
        )

    def _production_rule(
        self, after: Sequence[pulumi.Resource], settled: pulumi.Output[bool] | None = None
    ) -> aws.lb.ListenerRule:
        """The rule that requests meet, in the weighted form: a strategy then moves weights, not the action."""
        listener: pulumi.Input[str] = self._args.load_balancer.listener_arn
        # A preview that does not know yet whether the service is settled knows the listener nonetheless.
        if settled is not None and not pulumi.runtime.is_dry_run():
            listener = pulumi.Output.all(listener, settled).apply(lambda known: str(known[0]))
        return self._rule(
            "",
            listener,
            Purpose.PRODUCTION,
            live=self.live,
            after=after,
            ignored=ignore_changes(Kind.LISTENER_RULE, self._args.takeover.situation),
        )

    def _test_rule(self, listener_arn: pulumi.Input[str]) -> aws.lb.ListenerRule:
        """The rule that testers meet: it shows the version that comes."""
        return self._rule(
            "-test",
            listener_arn,
            Purpose.TEST,
            live=self.other or self.live,
            ignored=ignore_changes(Kind.LISTENER_RULE, self._args.takeover.situation),
        )

    def _waiting_rule(self) -> aws.lb.ListenerRule:
        """The rule that no request meets: ECS takes a target group only from a load balancer (aws-cdk#1160)."""
        nobody = aws.lb.ListenerRuleConditionSourceIpArgs(values=[NOBODY])
        return self._rule(
            "-waiting",
            self._args.load_balancer.listener_arn,
            Purpose.WAITING,
            live=self.live,
            conditions=[aws.lb.ListenerRuleConditionArgs(source_ip=nobody)],
        )

    def _rule(
        self,
        suffix: str,
        listener_arn: pulumi.Input[str],
        purpose: Purpose,
        *,
        live: aws.lb.TargetGroup,
        conditions: list[aws.lb.ListenerRuleConditionArgs] | None = None,
        after: Sequence[pulumi.Resource] = (),
        ignored: Sequence[str] = (),
    ) -> aws.lb.ListenerRule:
        positions, asked = self._args.positions, self._args.settings.route.priority
        targets = [
            aws.lb.ListenerRuleActionForwardTargetGroupArgs(
                arn=group.arn, weight=self._weight if group is live else 0
            )
            for group in self.target_groups
        ]
        priority = positions.waiting if purpose is Purpose.WAITING else positions.production
        tags = {"Service": self._name, "Rule": purpose.value, "Priority": str(priority)}
        if asked is not None and purpose is Purpose.PRODUCTION:
            tags["PriorityAsked"] = str(asked)
        return aws.lb.ListenerRule(
            f"{self._name}{suffix}",
            listener_arn=listener_arn,
            priority=priority,
            conditions=conditions or self._conditions(),
            actions=[
                aws.lb.ListenerRuleActionArgs(
                    type="forward", forward=aws.lb.ListenerRuleActionForwardArgs(target_groups=targets)
                )
            ],
            tags=tags,
            opts=pulumi.ResourceOptions(
                parent=self._parent, depends_on=list(after), ignore_changes=list(ignored)
            ),
        )

    @property
    def _weight(self) -> int:
        """All of the traffic. CodeDeploy leaves rules in its own form: other figures make Pulumi write them anew."""
        return 1 if self._args.settings.deployment.strategy == "codeDeploy" else 100

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
            permissions_boundary=self._args.account.boundary,
            opts=self._child,
        )


def door_name(name: str, port: int | None) -> str:
    """Logical name of a security group rule on a port.

    The port is part of it: another port is another rule, beside the old one until the update is done. A replaced rule
    would stay behind where a deployment fails, and going back to its port would then ask EC2 for a rule that is
    there: `InvalidPermission.Duplicate` (EC2 API, AuthorizeSecurityGroupIngress).
    """
    return name if port is None else f"{name}-{port}"


def door(parent: pulumi.Resource, before: str) -> pulumi.ResourceOptions:
    """Options of a security group rule on a port: the old one stays open until its last task has gone.

    Args:
        parent: Whose child it is.
        before: The name that it had before the port was part of that.
    """
    return pulumi.ResourceOptions(
        parent=parent, replace_on_changes=["fromPort", "toPort"], aliases=[pulumi.Alias(name=before)]
    )
