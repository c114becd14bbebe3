"""CodeDeployment: AWS CodeDeploy for a service whose team deploys with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from infra.components.announcement import AnnouncementArgs, announce
from infra.components.aws_account import AwsAccount
from infra.components.service_traffic import ServiceTraffic
from infra.pure import events, iam
from infra.settings.cluster import Fargate
from infra.settings.deployment import CodeDeploy
from infra.settings.service import Service

if TYPE_CHECKING:
    from pulumi_aws.codedeploy import DeploymentGroupBlueGreenDeploymentConfigArgsDict as BlueGreen
    from pulumi_aws.codedeploy import DeploymentGroupLoadBalancerInfoArgsDict as LoadBalancerInfo
    from pulumi_aws.codedeploy import (
        DeploymentGroupLoadBalancerInfoTargetGroupPairInfoArgsDict as TargetGroupPair,
    )

ROLE_POLICY = "AWSCodeDeployRoleForECS"


@dataclass(frozen=True, kw_only=True)
class CodeDeploymentArgs:
    """What a `CodeDeployment` is made from.

    Args:
        account: Provider and facts of the AWS account.
        cluster_name: Cluster of the service.
        service_name: Name of the ECS service.
        traffic: Its target groups.
        listener_arn: Listener that serves people.
        test_listener_arn: Listener that serves testers; None without test traffic.
        alarm_names: Alarms that roll back.
        topic_arn: Who hears of failed deployments; None where nobody does.
        settings: How the traffic moves.
        revision: What the service is to run, as the properties of an AppSpec's target service.
    """

    account: AwsAccount
    cluster_name: pulumi.Input[str]
    service_name: pulumi.Input[str]
    traffic: ServiceTraffic
    listener_arn: pulumi.Input[str]
    test_listener_arn: pulumi.Input[str] | None
    alarm_names: Sequence[pulumi.Input[str]]
    topic_arn: pulumi.Input[str] | None
    settings: CodeDeploy
    revision: pulumi.Output[dict[str, Any]]


class CodeDeployment(pulumi.ComponentResource):
    """An application and a deployment group; the deployments themselves come from `automation` or a pipeline.

    Outputs:
        group_name: Name of the deployment group.
        revision: What to deploy: the properties of an AppSpec's target service. Everything that ECS takes from nobody
            but CodeDeploy is in it, the network and the container's port too.
    """

    group_name: pulumi.Output[str]
    revision: pulumi.Output[dict[str, Any]]

    def __init__(
        self, name: str, args: CodeDeploymentArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("ecs-microservice:index:CodeDeployment", name, None, opts)
        self._name = name
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        application = aws.codedeploy.Application(
            name, compute_platform="ECS", tags={"Service": name}, opts=child
        )
        role, attachment = self._role()
        group = aws.codedeploy.DeploymentGroup(
            name,
            app_name=application.name,
            deployment_group_name=name,
            service_role_arn=role.arn,
            deployment_config_name=args.settings.configuration,
            deployment_style=aws.codedeploy.DeploymentGroupDeploymentStyleArgs(
                deployment_option="WITH_TRAFFIC_CONTROL", deployment_type="BLUE_GREEN"
            ),
            ecs_service=aws.codedeploy.DeploymentGroupEcsServiceArgs(
                cluster_name=args.cluster_name, service_name=args.service_name
            ),
            load_balancer_info=self._load_balancer_info(),
            blue_green_deployment_config=self._blue_green(),
            auto_rollback_configuration=aws.codedeploy.DeploymentGroupAutoRollbackConfigurationArgs(
                enabled=True,
                events=["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"],
            ),
            alarm_configuration=aws.codedeploy.DeploymentGroupAlarmConfigurationArgs(
                enabled=bool(args.alarm_names), alarms=args.alarm_names
            )
            if args.alarm_names
            else None,
            tags={"Service": name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
        )
        self.group_name = group.deployment_group_name
        if args.topic_arn:
            self._announce_failures(application.name, args.topic_arn)
        self.revision = args.revision
        self.register_outputs({"groupName": self.group_name, "revision": self.revision})

    def _role(self) -> tuple[aws.iam.Role, pulumi.Resource]:
        child = pulumi.ResourceOptions(parent=self)
        trust = self._args.account.account_id.apply(
            lambda account_id: iam.service_trust("codedeploy.amazonaws.com", account_id=account_id)
        )
        role = aws.iam.Role(
            f"{self._name}-codedeploy",
            description=f"Lets CodeDeploy deploy {self._name}",
            assume_role_policy=pulumi.Output.json_dumps(trust),
            tags={"Service": self._name},
            permissions_boundary=self._args.account.boundary,
            opts=child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            f"{self._name}-codedeploy",
            role=role.name,
            policy_arn=self._args.account.managed_policy(ROLE_POLICY),
            opts=child,
        )
        return role, attachment

    def _announce_failures(self, application: pulumi.Output[str], topic_arn: pulumi.Input[str]) -> None:
        pattern = pulumi.Output.all(application=application, group=self.group_name).apply(
            lambda known: events.failed_code_deployments(**known)
        )
        announcement = AnnouncementArgs(
            description=f"Deployments of {self._name} that CodeDeploy failed or stopped",
            pattern=pattern,
            topic_arn=topic_arn,
            parts=events.CODE_DEPLOY_PARTS,
            message=events.CODE_DEPLOY_MESSAGE,
        )
        announce(f"{self._name}-codedeploy", announcement, pulumi.ResourceOptions(parent=self))

    def _load_balancer_info(self) -> LoadBalancerInfo:
        args = self._args
        pair: TargetGroupPair = {
            "prod_traffic_route": {"listener_arns": [args.listener_arn]},
            "target_groups": [{"name": group.name} for group in args.traffic.target_groups],
        }
        if args.test_listener_arn:
            pair["test_traffic_route"] = {"listener_arns": [args.test_listener_arn]}
        return {"target_group_pair_info": pair}

    def _blue_green(self) -> BlueGreen:
        return {
            "deployment_ready_option": {"action_on_timeout": "CONTINUE_DEPLOYMENT"},
            "terminate_blue_instances_on_deployment_success": {
                "action": "TERMINATE",
                "termination_wait_time_in_minutes": self._args.settings.termination_wait_minutes,
            },
        }


def code_revision(
    name: str,
    settings: Service,
    task_definition: pulumi.Output[str],
    network: aws.ecs.ServiceNetworkConfigurationArgs,
    fargate: Fargate,
) -> pulumi.Output[dict[str, Any]]:
    """Properties of an AppSpec's target service (CodeDeploy User Guide, "AppSpec 'resources' section")."""
    return pulumi.Output.all(
        definition=task_definition, subnets=network.subnets, groups=network.security_groups
    ).apply(
        lambda known: {
            "TaskDefinition": known["definition"],
            "LoadBalancerInfo": {"ContainerName": name, "ContainerPort": settings.listens_on},
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "Subnets": sorted(known["subnets"]),
                    "SecurityGroups": sorted(known["groups"]),
                    "AssignPublicIp": "ENABLED" if network.assign_public_ip else "DISABLED",
                }
            },
            "CapacityProviderStrategy": [
                {"CapacityProvider": provider, "Base": base, "Weight": weight}
                for provider, base, weight in fargate.strategy
            ],
        }
    )
