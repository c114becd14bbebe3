"""TaskRoles: what ECS may do to start a service's tasks, and what the app in them may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.aws_account import AwsAccount
from infra.components.cluster import Sessions
from infra.components.references import References
from infra.components.service_secrets import ServiceSecrets
from infra.pure import connections, iam, names
from infra.settings.connections import Connection
from infra.settings.secrets import Permissions


@dataclass(frozen=True, kw_only=True)
class TaskRolesArgs:
    """What `TaskRoles` are made from.

    Args:
        account: Provider and facts of the AWS account.
        secrets: What the tasks' containers get; None for nothing.
        log_group_arn: Where they log.
        repository_arn: Repository of the stack that the app's image is pulled from; None where it is not the stack's.
        foreign_images: Images of the other containers, and of the app where the stack does not build it.
        permissions: What the app may do.
        connections: What it reaches, by name.
        references: Where outputs of other stacks are looked up.
        sessions: How sessions into the containers are kept; None where they are not allowed.
    """

    account: AwsAccount
    secrets: ServiceSecrets | None
    log_group_arn: pulumi.Input[str]
    repository_arn: pulumi.Input[str] | None
    foreign_images: Sequence[str]
    permissions: Permissions
    connections: Mapping[str, Connection]
    references: References
    sessions: Sessions | None


class TaskRoles:
    """The execution role, which ECS uses, and the task role, which the app has; children of their `Microservice`.

    Attributes:
        execution_role_arn: Pulls exactly the service's images, writes exactly its log, reads exactly its secrets.
        task_role_arn: Nothing but what the settings grant.
        policies: All policies; the service waits for them, and is gone before they go.
    """

    execution_role_arn: pulumi.Output[str]
    task_role_arn: pulumi.Output[str]
    policies: Sequence[pulumi.Resource]

    def __init__(self, name: str, args: TaskRolesArgs, parent: pulumi.Resource) -> None:
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=parent)
        execution, task = self._role("execution"), self._role("task")
        self.execution_role_arn = execution.arn
        self.task_role_arn = task.arn
        self.policies = [*self._execution_policies(execution), *self._task_policies(task)]

    def _role(self, purpose: str) -> aws.iam.Role:
        return aws.iam.Role(
            names.shorten(f"{self._name}-{purpose}", names.ROLE_LIMIT - names.AUTO_NAME_SUFFIX),
            description=f"{purpose.capitalize()} role of the ECS service {self._name}",
            assume_role_policy=self._args.account.tasks_trust,
            tags={"Service": self._name},
            permissions_boundary=self._args.account.boundary,
            opts=self._child,
        )

    def _execution_policies(self, role: aws.iam.Role) -> list[pulumi.Resource]:
        args = self._args
        statements = pulumi.Output.all(
            partition=args.account.partition,
            log_group_arn=args.log_group_arn,
            repository_arns=[args.repository_arn] if args.repository_arn else [],
        ).apply(lambda known: iam.start_tasks(images=args.foreign_images, **known))
        policy = self._policy("execution", role, statements)
        secrets = args.secrets
        if not secrets:
            return [policy]
        statements = pulumi.Output.all(
            parameters=list(secrets.parameter_arns),
            secrets=list(secrets.secret_arns),
            keys=list(secrets.key_arns),
        ).apply(lambda arns: iam.read_secrets(**{kind: [a for a in arns[kind] if a] for kind in arns}))
        return [policy, self._policy("secrets", role, statements)]

    def _task_policies(self, role: aws.iam.Role) -> list[pulumi.Resource]:
        args = self._args
        policies: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{self._name}-task-{'/'.join(arn.split(':')[4:])}",
                role=role.name,
                policy_arn=arn,
                opts=self._child,
            )
            for arn in args.permissions.managed_policies
        ]
        if args.permissions.statements:
            resources = [args.references.texts(one.resources) for one in args.permissions.statements]
            statements = pulumi.Output.all(args.account.facts, *resources).apply(
                lambda known: [
                    iam.from_settings(one.model_copy(update={"resources": found}), **known[0])
                    for one, found in zip(args.permissions.statements, known[1:], strict=True)
                ]
            )
            policies.append(self._policy("task", role, statements))
        reached = [(one, one.arn) for _, one in sorted(args.connections.items()) if one.arn]
        if reached:
            granted = pulumi.Output.all(*(args.references.text(arn) for _, arn in reached)).apply(
                lambda arns: [
                    statement
                    for (one, _), arn in zip(reached, arns, strict=True)
                    for statement in connections.statements(one.kinds[0], arn, one.access, one.kms_key_arn)
                ]
            )
            policies.append(self._policy("connections", role, granted))
        if args.sessions:
            sessions = pulumi.Output.all(
                key_arn=args.sessions.key_arn, log_group_arn=args.sessions.log_group_arn
            ).apply(lambda known: iam.open_sessions(**known))
            policies.append(self._policy("sessions", role, sessions))
        return policies

    def _policy(
        self, purpose: str, role: aws.iam.Role, statements: pulumi.Output[list[iam.Document]]
    ) -> aws.iam.RolePolicy:
        return aws.iam.RolePolicy(
            f"{self._name}-{purpose}",
            role=role.name,
            policy=pulumi.Output.json_dumps(statements.apply(iam.policy)),
            opts=self._child,
        )
