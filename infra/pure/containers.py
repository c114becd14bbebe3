"""Container definitions of a task, in the shape of the ECS API (RegisterTaskDefinition, ContainerDefinition)."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.settings.container import TEMPORARY, WRITABLE_MIB, Container, ContainerHealthCheck, Sidecar
from infra.settings.service import Service

LOG_BUFFER = "25m"
"""Memory for log lines while CloudWatch is slow; beyond it lines are dropped instead of blocking the app."""

PORT_NAME = "http"
"""Name of the app's port, by which Service Connect refers to it."""

Definition = dict[str, Any]


def task_containers(
    name: str,
    service: Service,
    *,
    image: str,
    sidecar_images: Mapping[str, str],
    secrets: Mapping[str, str],
    versions: Mapping[str, str],
    log_group: str,
    region: str,
    environments: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Definition]:
    """All containers of a task, the app first.

    Args:
        name: Name of the service and of its container.
        service: Its settings.
        image: Image by digest.
        sidecar_images: Sidecar → its image by digest.
        secrets: Variable → where ECS reads its value (`valueFrom`).
        versions: Variable → version that its value has now: another one makes another revision, which rolls the tasks.
        log_group: Log group of the service.
        region: Region of the log group.
        environments: Container → its variables with all values known; None for those of the settings.
    """
    known = environments or {}
    service = service.model_copy(update={"environment": known.get(name, service.environment)})
    sidecars = {
        side: sidecar.model_copy(update={"environment": known.get(side, sidecar.environment)})
        for side, sidecar in service.sidecars.items()
    }
    app = app_container(name, service, image, secrets, log_configuration(log_group, region, name))
    if versions:
        app["dockerLabels"] = {f"secret-version.{key}": versions[key] for key in sorted(versions)}
    return [
        app,
        *(
            sidecar_container(side, sidecar, sidecar_images[side], log_configuration(log_group, region, side))
            for side, sidecar in sorted(sidecars.items())
        ),
    ]


def log_configuration(log_group: str, region: str, prefix: str) -> Definition:
    """The awslogs driver in non-blocking mode: a slow or absent CloudWatch must not stop the app.

    AWS made non-blocking the default in June 2025; stating it keeps accounts with another default the same.
    """
    return {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": log_group,
            "awslogs-region": region,
            "awslogs-stream-prefix": prefix,
            "mode": "non-blocking",
            "max-buffer-size": LOG_BUFFER,
        },
    }


def app_container(
    name: str, service: Service, image: str, secrets: Mapping[str, str], logs: Definition
) -> Definition:
    """The container of the service itself."""
    port: Definition = {
        "name": PORT_NAME,
        "containerPort": service.listens_on,
        "hostPort": service.listens_on,
        "protocol": "tcp",
        "appProtocol": "http",
    }
    if not (service.discovery and service.discovery.mode == "serviceConnect"):
        del port["appProtocol"]  # only Service Connect reads it
    definition: Definition = {
        "name": name,
        "image": image,
        "essential": True,
        "portMappings": [port],
        "environment": variables({**_told_port(service, secrets), **service.environment}),
        "stopTimeout": service.stop_timeout,
        "logConfiguration": logs,
        **_confinement(service.container),
    }
    if secrets:
        definition["secrets"] = [{"name": key, "valueFrom": secrets[key]} for key in sorted(secrets)]
    return definition


def _told_port(service: Service, secrets: Mapping[str, str]) -> dict[str, str]:
    """Where to listen, for the many images that ask $PORT; ECS refuses a variable that is a secret as well."""
    return {} if "PORT" in secrets else {"PORT": str(service.listens_on)}


def sidecar_container(name: str, sidecar: Sidecar, image: str, logs: Definition) -> Definition:
    """A further container of the task."""
    definition: Definition = {
        "name": name,
        "image": image,
        "essential": sidecar.essential,
        "environment": variables(sidecar.environment),
        "readonlyRootFilesystem": sidecar.read_only_root_filesystem,
        "logConfiguration": logs,
    }
    read_only = sidecar.read_only_root_filesystem
    optional = {
        "command": list(sidecar.command),
        "memoryReservation": sidecar.memory,
        "user": sidecar.user,
        "linuxParameters": {"tmpfs": _in_memory([TEMPORARY], WRITABLE_MIB)} if read_only else None,
    }
    return {**definition, **{key: value for key, value in optional.items() if value}}


def variables(environment: Mapping[str, str]) -> list[Definition]:
    """Environment variables by name, so that the order in the stack file changes nothing."""
    return [{"name": name, "value": environment[name]} for name in sorted(environment)]


def _in_memory(paths: Sequence[str], mib: int) -> list[Definition]:
    """Folders in memory, private to their container and writable for every user of it.

    Not volumes: on Fargate a bind mount is root's, with mode 0755, unless the image declares it as VOLUME under exactly
    this path ("Use bind mounts with Amazon ECS"), so that an image that does not run as root could not write there.
    Fargate has tmpfs since January 2026 (containers-roadmap#736). Without `mode`, it would take that of the image's own
    folder; without `exec`, Docker forbids what some libraries unpack there and load.
    """
    return [
        {
            "containerPath": path,
            "size": mib,
            "mountOptions": ["rw", "exec", "nosuid", "nodev", "mode=1777"],
        }
        for path in paths
    ]


def _confinement(container: Container) -> Definition:
    definition: Definition = {"readonlyRootFilesystem": container.read_only_root_filesystem}
    linux: Definition = {"initProcessEnabled": True} if container.init_process else {}
    if container.folders_in_memory:
        linux["tmpfs"] = _in_memory(container.folders_in_memory, container.writable_mib)
    optional: Definition = {
        "linuxParameters": linux,
        "user": container.user,
        "entryPoint": list(container.entry_point),
        "command": list(container.command),
        "ulimits": [
            {"name": name, "softLimit": limit.soft, "hardLimit": limit.hard}
            for name, limit in sorted(container.ulimits.items())
        ],
        "healthCheck": _health_check(container.health_check),
    }
    return {**definition, **{key: value for key, value in optional.items() if value}}


def _health_check(check: ContainerHealthCheck | None) -> Definition | None:
    if check is None or check.command[0] == "NONE":  # as Docker reads it, whatever follows
        return None
    said = check.command[0] in {"CMD", "CMD-SHELL"} and len(check.command) > 1
    form = [] if said else ["CMD-SHELL"] if len(check.command) == 1 else ["CMD"]
    return {
        "command": [*form, *check.command],
        "interval": check.interval,
        "timeout": check.timeout,
        "retries": check.retries,
        "startPeriod": check.start_period,
    }
