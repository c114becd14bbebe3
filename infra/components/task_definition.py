"""The task definition of a service: its containers, size, roles and volumes."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.components.image_reference import ImageReference, ImageReferenceArgs
from infra.components.service_secrets import ServiceSecrets
from infra.components.stack_context import StackContext
from infra.components.task_roles import TaskRoles
from infra.pure import connections, containers
from infra.settings.connections import variable
from infra.settings.service import Service


@dataclass(frozen=True, kw_only=True)
class LogGroup:
    """Where containers log; the stack's own, or one that exists.

    Args:
        name: Its name.
        arn: Its ARN.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class TaskDefinitionInputs:
    """What a task definition is made from.

    Args:
        stack: Account and names of the stack.
        settings: The service's settings.
        image: Image by digest, `repository@sha256:…`.
        log_group: Where the containers log.
        secrets: What they get as secrets; None for nothing.
        roles: What ECS and the app may do.
    """

    stack: StackContext
    settings: Service
    image: pulumi.Input[str]
    log_group: LogGroup
    secrets: ServiceSecrets | None
    roles: TaskRoles


def task_definition(
    name: str, inputs: TaskDefinitionInputs, opts: pulumi.ResourceOptions
) -> aws.ecs.TaskDefinition:
    """The task definition of the service `name`; its sidecars' images are pinned to their digests on the way."""
    settings = inputs.settings
    definitions = pulumi.Output.all(
        image=inputs.image,
        sidecar_images=_sidecar_images(name, settings, opts),
        secrets=inputs.secrets.value_from if inputs.secrets else {},
        versions=inputs.secrets.versions if inputs.secrets else {},
        log_group=inputs.log_group.name,
        region=inputs.stack.account.region,
        environments=_environments(name, inputs),
    ).apply(lambda known: containers.task_containers(name, settings, **known))
    storage = settings.ephemeral_storage_gib
    return aws.ecs.TaskDefinition(
        name,
        # Stable, so that its revisions are one history; and old ones stay, because a rollback needs them.
        family=inputs.stack.names.family(name),
        skip_destroy=True,
        requires_compatibilities=[settings.launch.upper()],
        network_mode="awsvpc",
        cpu=str(settings.cpu),
        memory=str(settings.memory),
        runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
            cpu_architecture=settings.architecture.upper(), operating_system_family="LINUX"
        ),
        ephemeral_storage=aws.ecs.TaskDefinitionEphemeralStorageArgs(size_in_gib=storage)
        if storage
        else None,
        execution_role_arn=inputs.roles.execution_role_arn,
        task_role_arn=inputs.roles.task_role_arn,
        container_definitions=pulumi.Output.json_dumps(definitions),
        tags={"Service": name},
        opts=opts,
    )


def _environments(name: str, inputs: TaskDefinitionInputs) -> dict[str, dict[str, pulumi.Input[str]]]:
    """Container → its variables, with the outputs of other stacks in their values, and what it connects to."""
    plain = {name: inputs.settings.environment} | {
        side: sidecar.environment for side, sidecar in inputs.settings.sidecars.items()
    }
    found = {container: inputs.stack.references.values(values) for container, values in plain.items()}
    found[name] |= _connections(inputs.settings, inputs.stack)
    return found


def _connections(settings: Service, stack: StackContext) -> dict[str, pulumi.Input[str]]:
    """Addresses of what a service connects to."""
    found: dict[str, pulumi.Input[str]] = {}
    for name, one in settings.connections.items():
        if one.host:
            found[variable(name, "HOST")] = stack.references.text(one.host)
        if one.security_group:
            found[variable(name, "PORT")] = str(one.port)
        if one.service:
            found[variable(name, "URL")] = stack.settings.address(one.service)
        if one.arn:
            (key,) = [key for key in one.variables(name) if key not in one.secrets(name)]
            found[key] = stack.references.text(one.arn).apply(
                functools.partial(connections.address, one.kinds[0])
            )
    return found


def _sidecar_images(
    name: str, settings: Service, opts: pulumi.ResourceOptions
) -> dict[str, pulumi.Output[str]]:
    return {
        side: ImageReference(f"{name}-{side}", ImageReferenceArgs(image=sidecar.image), opts).reference
        for side, sidecar in settings.sidecars.items()
    }
