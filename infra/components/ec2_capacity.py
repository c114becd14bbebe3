"""Ec2Capacity: container instances that ECS starts for the tasks and stops when they are gone."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.components.network import Network
from infra.pure import iam
from infra.pure.ownership import Kind, ignore_changes
from infra.settings.cluster import Ec2Capacity as Ec2CapacitySettings

INSTANCE_POLICY = "service-role/AmazonEC2ContainerServiceforEC2Role"
ROOT_DEVICE = "/dev/xvda"


@dataclass(frozen=True, kw_only=True)
class Ec2CapacityArgs:
    """What `Ec2Capacity` is made from.

    Args:
        account: Provider and facts of the AWS account.
        cluster_name: Cluster that the instances join.
        network: Where they stand.
        settings: Type, size and limits.
        production: Whether instances with tasks on them are protected from scaling in. Outside production they are
            not: a protected instance keeps its auto scaling group, and so a destroy, waiting for ever.
    """

    account: AwsAccount
    cluster_name: str
    network: Network
    settings: Ec2CapacitySettings
    production: bool


class Ec2Capacity(pulumi.ComponentResource):
    """An auto scaling group across the zones, and the capacity provider through which ECS scales it.

    Outputs:
        provider_name: Name of the capacity provider.
    """

    provider_name: pulumi.Output[str]

    def __init__(self, name: str, args: Ec2CapacityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Ec2Capacity", name, None, opts)
        self._name = name
        self._args = args
        group = self._group(self._launch_template(self._instance_profile()))
        provider = aws.ecs.CapacityProvider(
            name,
            auto_scaling_group_provider=aws.ecs.CapacityProviderAutoScalingGroupProviderArgs(
                auto_scaling_group_arn=group.arn,
                # Tasks move away before their instance goes.
                managed_draining="ENABLED",
                managed_termination_protection="ENABLED" if args.production else "DISABLED",
                managed_scaling=aws.ecs.CapacityProviderAutoScalingGroupProviderManagedScalingArgs(
                    status="ENABLED", target_capacity=args.settings.target_capacity
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.provider_name = provider.name
        self.register_outputs({"providerName": self.provider_name})

    def _instance_profile(self) -> aws.iam.InstanceProfile:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            self._name,
            description="Container instances: join the cluster, pull images",
            assume_role_policy=pulumi.Output.json_dumps(iam.service_trust("ec2.amazonaws.com")),
            permissions_boundary=self._args.account.boundary,
            opts=child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            self._name,
            role=role.name,
            policy_arn=self._args.account.managed_policy(INSTANCE_POLICY),
            opts=child,
        )
        return aws.iam.InstanceProfile(
            self._name, role=role.name, opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment])
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        """A group that nothing reaches: tasks have network interfaces and groups of their own."""
        group = aws.ec2.SecurityGroup(
            self._name,
            description="Container instances: nothing in, everything out",
            vpc_id=self._args.network.vpc_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self._args.network.ways_out(self._name, group.id, pulumi.ResourceOptions(parent=self))
        return group

    def _launch_template(self, profile: aws.iam.InstanceProfile) -> aws.ec2.LaunchTemplate:
        settings = self._args.settings
        flavour = "arm64/" if settings.architecture == "arm64" else ""
        image = f"/aws/service/ecs/optimized-ami/amazon-linux-2023/{flavour}recommended/image_id"
        return aws.ec2.LaunchTemplate(
            self._name,
            # EC2 resolves the parameter at every launch: a new instance has the newest patched image.
            image_id=f"resolve:ssm:{image}",
            instance_type=settings.instance_type,
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
                http_endpoint="enabled",
                http_tokens="required",
                # One hop ends at the instance: tasks cannot borrow its role.
                http_put_response_hop_limit=1,
            ),
            network_interfaces=[
                aws.ec2.LaunchTemplateNetworkInterfaceArgs(
                    security_groups=[self._security_group().id],
                    associate_public_ip_address=str(self._args.network.tasks_have_public_ip).lower(),
                    delete_on_termination="true",
                )
            ],
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name=ROOT_DEVICE,
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_size=settings.root_volume_gib,
                        volume_type="gp3",
                        encrypted="true",
                        delete_on_termination="true",
                    ),
                )
            ],
            # The provider's default tags reach neither an auto scaling group nor what it starts.
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=self._args.account.tags)
                for kind in ("instance", "volume", "network-interface")
            ],
            user_data=base64.b64encode(user_data(self._args.cluster_name).encode()).decode(),
            update_default_version=True,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _group(self, template: aws.ec2.LaunchTemplate) -> aws.autoscaling.Group:
        settings, production = self._args.settings, self._args.production
        return aws.autoscaling.Group(
            self._name,
            min_size=settings.min_size,
            max_size=settings.max_size,
            vpc_zone_identifiers=self._args.network.task_subnet_ids,
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(id=template.id, version="$Latest"),
            health_check_type="EC2",
            protect_from_scale_in=production,
            # Instances are cattle: a destroy does not wait for each to leave in good order.
            force_delete=not production,
            tags=[
                # ECS adds this tag by itself; declared, it is not taken away by the next update.
                aws.autoscaling.GroupTagArgs(key="AmazonECSManaged", value="true", propagate_at_launch=True),
                *(
                    aws.autoscaling.GroupTagArgs(key=key, value=value, propagate_at_launch=False)
                    for key, value in self._args.account.tags.items()
                ),
            ],
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=ignore_changes(Kind.INSTANCES)),
        )


def user_data(cluster_name: str) -> str:
    """Start script of a container instance: which cluster to join, and what tasks may not do."""
    return "\n".join(
        [
            "#!/bin/bash",
            "cat >> /etc/ecs/ecs.config <<'CONFIG'",
            f"ECS_CLUSTER={cluster_name}",
            "ECS_ENABLE_CONTAINER_METADATA=true",
            "ECS_ENABLE_SPOT_INSTANCE_DRAINING=true",
            "ECS_AWSVPC_BLOCK_IMDS=true",
            "CONFIG",
            "",
        ]
    )
