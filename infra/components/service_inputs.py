"""Inputs of an ECS service that follow from its settings, part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pulumi
import pulumi_aws as aws

from infra.components.cluster import Cluster
from infra.components.discovery import Discovery
from infra.components.service_alarms import ServiceAlarms
from infra.components.service_traffic import ServiceTraffic
from infra.pure import containers
from infra.settings.cluster import Fargate
from infra.settings.deployment import Deployment, Hook
from infra.settings.service import Service


def capacity(
    settings: Service, fargate: Fargate, cluster: Cluster
) -> list[aws.ecs.ServiceCapacityProviderStrategyArgs] | None:
    """Where tasks run; None for CodeDeploy, which takes a launch type instead.

    Always a strategy, never a launch type that would later have to become one: that replaces the service.
    """
    if settings.deployment.strategy == "codeDeploy":
        return None
    strategy = aws.ecs.ServiceCapacityProviderStrategyArgs
    if settings.launch == "ec2" and cluster.ec2_provider:
        return [strategy(capacity_provider=cluster.ec2_provider, base=0, weight=1)]
    return [
        strategy(capacity_provider=name, base=base, weight=weight) for name, base, weight in fargate.strategy
    ]


def desired_count(settings: Service) -> int:
    """Tasks to begin with: within the autoscaler's limits, where there is one."""
    scaling = settings.scaling
    if not scaling:
        return settings.desired_count
    return max(scaling.min, min(settings.desired_count, scaling.max))


def load_balancers(
    name: str, settings: Service, traffic: ServiceTraffic | None
) -> list[aws.ecs.ServiceLoadBalancerArgs] | None:
    """The live target group first, and where ECS moves the traffic between two."""
    if not traffic:
        return None
    advanced = None
    if traffic.shift_role_arn and traffic.rule and traffic.other:
        advanced = aws.ecs.ServiceLoadBalancerAdvancedConfigurationArgs(
            alternate_target_group_arn=traffic.other.arn,
            production_listener_rule=traffic.rule.arn,
            test_listener_rule=traffic.test_rule.arn if traffic.test_rule else None,
            role_arn=traffic.shift_role_arn,
        )
    return [
        aws.ecs.ServiceLoadBalancerArgs(
            container_name=name,
            container_port=settings.listens_on,
            target_group_arn=traffic.live.arn,
            advanced_configuration=advanced,
        )
    ]


def deployment_configuration(
    deployment: Deployment, traffic: ServiceTraffic | None
) -> aws.ecs.ServiceDeploymentConfigurationArgs | None:
    """Strategy, bake times and hooks of the deployments that ECS runs; None for CodeDeploy's."""
    configuration = aws.ecs.ServiceDeploymentConfigurationArgs
    bake = str(deployment.bake_minutes)
    hooks = lifecycle_hooks(deployment, traffic)
    match deployment.strategy:
        case "rolling":
            return configuration(strategy="ROLLING")
        case "blueGreen":
            return configuration(strategy="BLUE_GREEN", bake_time_in_minutes=bake, lifecycle_hooks=hooks)
        case "canary":
            canary = aws.ecs.ServiceDeploymentConfigurationCanaryConfigurationArgs(
                canary_percent=deployment.canary.percent,
                canary_bake_time_in_minutes=str(deployment.canary.bake_minutes),
            )
            return configuration(
                strategy="CANARY",
                bake_time_in_minutes=bake,
                canary_configuration=canary,
                lifecycle_hooks=hooks,
            )
        case "linear":
            linear = aws.ecs.ServiceDeploymentConfigurationLinearConfigurationArgs(
                step_percent=deployment.linear.percent,
                step_bake_time_in_minutes=str(deployment.linear.bake_minutes),
            )
            return configuration(
                strategy="LINEAR",
                bake_time_in_minutes=bake,
                linear_configuration=linear,
                lifecycle_hooks=hooks,
            )
        case "codeDeploy":
            return None


def lifecycle_hooks(
    deployment: Deployment, traffic: ServiceTraffic | None
) -> list[aws.ecs.ServiceDeploymentConfigurationLifecycleHookArgs] | None:
    """Functions and people that ECS asks at stages of a deployment."""
    if not traffic or not deployment.hooks:
        return None
    return [_lifecycle_hook(hook, traffic.hooks_role_arn) for hook in deployment.hooks]


def _lifecycle_hook(
    hook: Hook, role_arn: pulumi.Output[str] | None
) -> aws.ecs.ServiceDeploymentConfigurationLifecycleHookArgs:
    stages = list(hook.stages)
    if not hook.pause:
        return aws.ecs.ServiceDeploymentConfigurationLifecycleHookArgs(
            hook_target_arn=hook.lambda_arn, lifecycle_stages=stages, role_arn=role_arn
        )
    return aws.ecs.ServiceDeploymentConfigurationLifecycleHookArgs(
        target_type="PAUSE",
        lifecycle_stages=stages,
        timeout_configuration=aws.ecs.ServiceDeploymentConfigurationLifecycleHookTimeoutConfigurationArgs(
            action=hook.pause.on_timeout, timeout_in_minutes=str(hook.pause.timeout_minutes)
        ),
    )


def rollback_alarms(deployment: Deployment, watch: ServiceAlarms | None) -> aws.ecs.ServiceAlarmsArgs | None:
    """Alarms that stop and roll back a deployment that ECS runs."""
    if not watch or not deployment.rollback_on_alarm or deployment.strategy == "codeDeploy":
        return None
    return aws.ecs.ServiceAlarmsArgs(alarm_names=list(watch.rollback_names), enable=True, rollback=True)


def service_connect(
    name: str,
    settings: Service,
    discovery: Discovery | None,
    logs: Callable[[], pulumi.Output[dict[str, str]]],
) -> aws.ecs.ServiceServiceConnectConfigurationArgs | None:
    """The proxy through which services call each other by name."""
    if not discovery or not settings.discovery or settings.discovery.mode != "serviceConnect":
        return None
    alias = aws.ecs.ServiceServiceConnectConfigurationServiceClientAliasArgs(
        port=settings.listens_on, dns_name=name
    )
    # The name of the Cloud Map service that ECS makes, unique in its namespace (ECS API, ServiceConnectService). Mode
    # dns makes one with the service's own name: so a service can go from one mode to the other. Callers know the alias.
    offered = aws.ecs.ServiceServiceConnectConfigurationServiceArgs(
        port_name=containers.PORT_NAME, discovery_name=f"connect_{name}", client_alias=[alias]
    )
    return aws.ecs.ServiceServiceConnectConfigurationArgs(
        enabled=True,
        namespace=discovery.namespace_arn,
        services=[offered] if settings.discovery.listen else None,
        log_configuration=aws.ecs.ServiceServiceConnectConfigurationLogConfigurationArgs(
            log_driver="awslogs", options=logs()
        ),
    )


def security_groups(
    group: aws.ec2.SecurityGroup, settings: Service, discovery: Discovery | None
) -> Sequence[pulumi.Output[str]]:
    """The service's own group, and the callers' where it calls others by name."""
    return [group.id, discovery.callers_group_id] if discovery and settings.discovery else [group.id]
