"""Microservice: one ECS service with all that belongs to it alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pulumi
import pulumi_aws as aws

from infra.components import service_inputs as inputs
from infra.components.cluster import Cluster
from infra.components.code_deployment import CodeDeployment, CodeDeploymentArgs, code_revision
from infra.components.discovery import Discovery, dns_name
from infra.components.load_balancer import LoadBalancer
from infra.components.looking_up import looked_up, security_group_id
from infra.components.network import Network
from infra.components.observability import Observability
from infra.components.rollout import Rollout
from infra.components.service_alarms import ServiceAlarms, ServiceAlarmsArgs
from infra.components.service_scaling import ServiceScaling, ServiceScalingArgs
from infra.components.service_secrets import ServiceSecrets, ServiceSecretsArgs
from infra.components.service_traffic import ServiceTraffic, ServiceTrafficArgs, door, door_name
from infra.components.stack_context import StackContext
from infra.components.task_definition import LogGroup, TaskDefinitionInputs, task_definition
from infra.components.task_roles import TaskRoles, TaskRolesArgs
from infra.pure import alarms, budgets, containers, transitions
from infra.pure.ownership import Kind, ignore_changes
from infra.pure.routing import Positions
from infra.pure.takeover import takeover
from infra.settings.service import Service


@dataclass(frozen=True, kw_only=True)
class MicroserviceArgs:
    """What a `Microservice` is made from.

    Args:
        stack: Account, names and settings of the stack.
        network: Where its tasks run.
        cluster: What they run on.
        load_balancer: What they are reached through; None where the stack has none.
        discovery: How services find each other; None without a namespace.
        observability: Who hears of its alarms; None where nobody does.
        image: Image by digest, `repository@sha256:…`.
        repository_arn: Repository that it is pulled from, where the stack has one; None for an image from elsewhere.
        positions: Priorities of its listener rules; None where the load balancer does not reach it.
        settings: The service's settings.
        callees: Services that must be there first, because its tasks call them.
    """

    stack: StackContext
    network: Network
    cluster: Cluster
    load_balancer: LoadBalancer | None
    discovery: Discovery | None
    observability: Observability | None
    image: pulumi.Input[str]
    repository_arn: pulumi.Input[str] | None
    positions: Positions | None
    settings: Service
    callees: Sequence[Microservice] = ()


class Microservice(pulumi.ComponentResource):
    """A container kept running behind the load balancer, and rolled back when its new version cannot start.

    Outputs:
        service_name: Name of the ECS service.
        log_group_name: Where its containers log.
        rules: Listener rules with which requests reach it (plain resources).
    """

    service_name: pulumi.Output[str]
    log_group_name: pulumi.Output[str]
    rules: Sequence[aws.lb.ListenerRule]

    def __init__(self, name: str, args: MicroserviceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Microservice", name, None, opts)
        self._name = name
        self._args = args
        self._stack = args.stack
        self._settings = args.settings
        self._tags = {"Service": name}
        self._child = pulumi.ResourceOptions(parent=self)
        self._takeover = takeover(
            name,
            args.settings,
            args.stack.live,
            main_port=transitions.main_port(args.stack.settings),
            fargate=args.stack.settings.cluster.fargate,
        )
        self._situation = self._takeover.situation
        self._log = self._log_group()
        self._secrets = self._service_secrets()
        self._roles = self._task_roles()
        self._group, self._doors = self._security_group()
        self._traffic = (
            self._service_traffic(args.load_balancer, args.positions)
            if args.load_balancer and args.positions
            else None
        )
        self._alarms = self._service_alarms()
        task = TaskDefinitionInputs(
            stack=args.stack,
            settings=args.settings,
            image=args.image,
            log_group=self._log,
            secrets=self._secrets,
            roles=self._roles,
        )
        definition = task_definition(name, task, self._child)
        rollout = self._rollout()
        service = self._service(definition, rollout)
        live = args.stack.live
        present = live.services.get(name)
        if present and self._takeover.rule_last and args.positions and live.rule(name) is None:
            # Requests have never come: a task that runs may be one that has never been healthy.
            present = replace(present, deploying=True)
        settled = rollout.settled(service.cluster, definition.arn, present) if rollout else None
        if self._traffic:
            self._traffic.open(service, settled)
        self._add_scaling(service)
        self._add_code_deployment(service, definition)
        self.rules = self._traffic.rules if self._traffic else []
        self.service_name = service.name
        self.log_group_name = self._log.name
        self.register_outputs({"serviceName": self.service_name, "logGroupName": self.log_group_name})

    def _log_group(self) -> LogGroup:
        asked = self._settings.log_group
        if asked:
            found = looked_up(
                aws.cloudwatch.get_log_group_output(
                    name=self._stack.references.text(asked), opts=pulumi.InvokeOutputOptions(parent=self)
                ),
                f"services.{self._name}.logGroup",
                asked,
                "aws logs describe-log-groups",
            )
            return LogGroup(
                name=found.apply(lambda group: group.name), arn=found.apply(lambda group: group.arn)
            )
        made = aws.cloudwatch.LogGroup(
            self._name,
            name=self._stack.names.log_group(self._name),
            retention_in_days=self._settings.log_retention_days,
            kms_key_id=self._stack.key_arn,
            tags=self._tags,
            opts=self._child,
        )
        return LogGroup(name=made.name, arn=made.arn)

    def _service_secrets(self) -> ServiceSecrets | None:
        if not self._settings.all_secrets:
            return None
        args = ServiceSecretsArgs(
            sources=self._settings.all_secrets,
            values=self._stack.secrets,
            references=self._stack.references,
            production=self._stack.settings.production,
        )
        return ServiceSecrets(self._name, args, self._child)

    def _task_roles(self) -> TaskRoles:
        args = TaskRolesArgs(
            account=self._stack.account,
            secrets=self._secrets,
            log_group_arn=self._log.arn,
            repository_arn=self._args.repository_arn,
            foreign_images=self._settings.foreign_images,
            permissions=self._settings.permissions,
            connections=self._settings.connections,
            references=self._stack.references,
            sessions=self._args.cluster.sessions if self._settings.execute_command else None,
        )
        return TaskRoles(self._name, args, self)

    def _security_group(self) -> tuple[aws.ec2.SecurityGroup, Sequence[pulumi.Resource]]:
        """The tasks' group and its rules: nothing in until somebody is let in, everything out."""
        port, discovery = self._settings.listens_on, self._args.discovery
        group = aws.ec2.SecurityGroup(
            self._name,
            description=f"Tasks of {self._name}: its port for those who are let in, everything outwards",
            vpc_id=self._args.network.vpc_id,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=ignore_changes(Kind.TASKS_GROUP)),
        )
        out = [
            *self._args.network.ways_out(self._name, group.id, self._child),
            *self._open_connections(group),
        ]
        if not (discovery and self._settings.discovery and self._settings.discovery.listen):
            return group, out
        calls = aws.vpc.SecurityGroupIngressRule(
            door_name(f"{self._name}-from-services", port),
            security_group_id=group.id,
            referenced_security_group_id=discovery.callers_group_id,
            description="Calls of other services by name",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            opts=door(self, f"{self._name}-from-services"),
        )
        return group, [*out, calls]

    def _open_connections(self, group: aws.ec2.SecurityGroup) -> list[pulumi.Resource]:
        """Let the tasks in where they connect to: at the groups of databases and caches."""
        return [
            aws.vpc.SecurityGroupIngressRule(
                door_name(f"{self._name}-to-{key}", one.port),
                security_group_id=self._existing_group(
                    one.security_group, f"connections.{key}.securityGroup"
                ),
                referenced_security_group_id=group.id,
                description=f"Tasks of {self._name} ({self._stack.names.prefix})",
                ip_protocol="tcp",
                from_port=one.port,
                to_port=one.port,
                opts=door(self, f"{self._name}-to-{key}"),
            )
            for key, one in sorted(self._settings.connections.items())
            if one.security_group
        ]

    def _existing_group(self, text: str, key: str) -> pulumi.Output[str]:
        return security_group_id(
            text,
            f"services.{self._name}.{key}",
            self._stack.references,
            self._args.network.vpc_id,
            pulumi.InvokeOutputOptions(parent=self),
        )

    def _service_traffic(self, load_balancer: LoadBalancer, positions: Positions) -> ServiceTraffic:
        args = ServiceTrafficArgs(
            account=self._stack.account,
            network=self._args.network,
            load_balancer=load_balancer,
            security_group_id=self._group.id,
            positions=positions,
            settings=self._settings,
            takeover=self._takeover,
        )
        return ServiceTraffic(self._name, args, self)

    def _service_alarms(self) -> ServiceAlarms | None:
        stack, observability = self._stack, self._args.observability
        if not stack.settings.has_alarms or not observability:
            return None
        groups = [group.arn_suffix for group in self._traffic.target_groups] if self._traffic else []
        wanted = alarms.service_alarms(self._name, self._settings, insights=self._args.cluster.has_insights)
        args = ServiceAlarmsArgs(
            alarms=wanted,
            name_prefix=stack.names.family(self._name),
            cluster_name=self._args.cluster.cluster_name,
            service_name=stack.names.service(self._name),
            load_balancer=self._traffic.load_balancer.arn_suffix if self._traffic else None,
            target_groups=groups,
            topic_arn=observability.topic_arn,
        )
        return ServiceAlarms(self._name, args, self)

    @property
    def _seconds(self) -> int:
        return budgets.deployment_seconds(self._settings)

    def _rollout(self) -> Rollout | None:
        """Who follows its deployments; nobody does here for CodeDeploy's: who starts them follows them."""
        if self._situation.code_deploy:
            return None
        return Rollout(self._stack.names.service(self._name), self._stack.account, self._seconds)

    def _service(self, task_definition: aws.ecs.TaskDefinition, rollout: Rollout | None) -> aws.ecs.Service:
        settings, args = self._settings, self._args
        code_deploy = self._situation.code_deploy
        breaker = aws.ecs.ServiceDeploymentCircuitBreakerArgs(enable=True, rollback=True)
        return aws.ecs.Service(
            self._name,
            name=self._stack.names.service(self._name),
            cluster=args.cluster.arn,
            task_definition=task_definition.arn,
            desired_count=inputs.desired_count(settings),
            launch_type="FARGATE" if code_deploy else None,
            capacity_provider_strategies=inputs.capacity(
                settings, self._stack.settings.cluster.fargate, args.cluster
            ),
            deployment_controller=aws.ecs.ServiceDeploymentControllerArgs(
                type="CODE_DEPLOY" if code_deploy else "ECS"
            ),
            deployment_configuration=inputs.deployment_configuration(settings.deployment, self._traffic),
            deployment_minimum_healthy_percent=settings.deployment.minimum_healthy_percent,
            deployment_maximum_percent=settings.deployment.maximum_percent,
            # CodeDeploy has a rollback of its own and refuses the circuit breaker.
            deployment_circuit_breaker=None if code_deploy else breaker,
            alarms=inputs.rollback_alarms(settings.deployment, self._alarms),
            availability_zone_rebalancing="ENABLED" if settings.availability_zone_rebalancing else "DISABLED",
            health_check_grace_period_seconds=settings.health_check.grace_period if self._traffic else None,
            load_balancers=inputs.load_balancers(self._name, settings, self._traffic),
            network_configuration=self._network_configuration(),
            service_connect_configuration=inputs.service_connect(
                self._name, settings, args.discovery, self._proxy_logs
            ),
            service_registries=dns_name(self._name, settings, args.discovery, self._child),
            enable_execute_command=settings.execute_command,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            # Without it the provider refuses to change the capacity (terraform-provider-aws#43533). It turns every
            # change into a deployment, another number of tasks too, so that it is set for nothing else.
            force_new_deployment=self._takeover.forces,
            # The hook waits, and says more; for CodeDeploy's services, which have no deployments, the provider would
            # wait for ever (terraform-provider-aws#29252).
            wait_for_steady_state=False,
            tags=self._tags,
            opts=self._service_options(rollout),
        )

    def _service_options(self, rollout: Rollout | None) -> pulumi.ResourceOptions:
        """What the service waits for, and outlives nothing of: destroying goes the other way round."""
        args, traffic = self._args, self._traffic
        before: list[pulumi.Resource] = [
            *([args.cluster.capacity] if args.cluster.capacity else []),
            *self._roles.policies,
            *self._doors,
            *args.callees,
        ]
        if traffic:
            before += [*traffic.before_service, *traffic.load_balancer.listeners]
        deployment = budgets.as_timeout(self._seconds)
        return pulumi.ResourceOptions(
            parent=self,
            depends_on=before,
            ignore_changes=ignore_changes(Kind.SERVICE, self._situation),
            # Its name is fixed, so that the old one has to go before a replacement can come.
            delete_before_replace=True,
            hooks=rollout.hooks if rollout else None,
            custom_timeouts=pulumi.CustomTimeouts(
                create=deployment,
                update=deployment,
                delete=budgets.as_timeout(budgets.removal_seconds(self._settings)),
            ),
        )

    def _network_configuration(self) -> aws.ecs.ServiceNetworkConfigurationArgs:
        network, on_fargate = self._args.network, self._settings.launch == "fargate"
        return aws.ecs.ServiceNetworkConfigurationArgs(
            subnets=network.task_subnet_ids,
            security_groups=[
                *inputs.security_groups(self._group, self._settings, self._args.discovery),
                *(self._existing_group(text, "securityGroups") for text in self._settings.security_groups),
            ],
            # Only Fargate gives tasks public addresses; on EC2 the instance pulls the image.
            assign_public_ip=network.tasks_have_public_ip and on_fargate,
        )

    def _proxy_logs(self) -> pulumi.Output[dict[str, str]]:
        return pulumi.Output.all(self._log.name, self._stack.account.region).apply(
            lambda known: containers.log_configuration(known[0], known[1], "service-connect")["options"]
        )

    def _add_scaling(self, service: aws.ecs.Service) -> None:
        settings, traffic = self._settings.scaling, self._traffic
        if not settings:
            return
        args = ServiceScalingArgs(
            cluster_name=self._args.cluster.cluster_name,
            service_name=service.name,
            load_balancer=traffic.load_balancer.arn_suffix if traffic else None,
            target_groups=[group.arn_suffix for group in traffic.target_groups] if traffic else [],
            settings=settings,
        )
        ServiceScaling(self._name, args, self._child)

    def _add_code_deployment(self, service: aws.ecs.Service, definition: aws.ecs.TaskDefinition) -> None:
        traffic, deployment = self._traffic, self._settings.deployment
        if not traffic or not self._situation.code_deploy:
            return
        watched = self._alarms if deployment.rollback_on_alarm else None
        args = CodeDeploymentArgs(
            account=self._stack.account,
            cluster_name=self._args.cluster.cluster_name,
            service_name=service.name,
            traffic=traffic,
            listener_arn=traffic.load_balancer.listener_arn,
            test_listener_arn=traffic.load_balancer.test_listener_arn if traffic.test_rule else None,
            alarm_names=watched.rollback_names if watched else [],
            topic_arn=self._args.observability.topic_arn if self._args.observability else None,
            settings=deployment.code_deploy,
            revision=code_revision(
                self._name,
                self._settings,
                definition.arn,
                self._network_configuration(),
                self._stack.settings.cluster.fargate,
            ),
        )
        CodeDeployment(self._name, args, self._child)
