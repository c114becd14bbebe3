"""Container definitions of a task, in the shape of the ECS API."""

from collections.abc import Mapping
from typing import Any

LOG_BUFFER = "25m"
"""Memory that holds log lines while CloudWatch is slow; beyond it lines are dropped instead of blocking the
app."""

Definition = dict[str, Any]


def log_configuration(log_group: str, region: str, prefix: str) -> Definition:
    """Awslogs in non-blocking mode: a slow or absent CloudWatch must not stop the app.

    AWS changed the default to non-blocking in June 2025; stating it keeps accounts with another default the
    same.
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


def variables(environment: Mapping[str, str]) -> list[Definition]:
    """Environment variables in the order of their names, so that the order in the stack file changes nothing.
    Environment variables in the order of their names, so that the order in the stack file changes nothing.
    """
    return [{"name": name, "value": environment[name]} for name in sorted(environment)]


def app_container(
    *,
    name: str,
    image: str,
    port: int,
    environment: Mapping[str, str],
    stop_timeout: int,
    logs: Definition,
) -> Definition:
    """The container of a service.

    Args:
        name: Container name; the service's own.
        image: Image by digest, `repository@sha256:…`.
        port: Port the app listens on; with awsvpc networking also the task's port.
        environment: Environment variables.
        stop_timeout: Seconds between SIGTERM and SIGKILL.
        logs: Log configuration.
    """
    return {
        "name": name,
        "image": image,
        "essential": True,
        "portMappings": [{"name": "http", "containerPort": port, "hostPort": port, "protocol": "tcp"}],
        "environment": variables(environment),
        "stopTimeout": stop_timeout,
        "logConfiguration": logs,
    }
