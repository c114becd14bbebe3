"""MiniStack's modules by name, imported on first use because they read the environment at import.

MiniStack has no type information: everything of it is `Any`, and this is the only module that names it.
"""

import importlib
from typing import Any


def module(name: str) -> Any:
    """Import `ministack.<name>`, for example `services.ecs`."""
    return importlib.import_module(f"ministack.{name}")


def __getattr__(name: str) -> Any:
    """Serve the modules our code works with as attributes: `upstream.ecs`, `upstream.alb` and so on.

    Raises:
        AttributeError: Not one of the modules we rely on.
    """
    if name not in _MODULES:
        raise AttributeError(name)
    return module(_MODULES[name])


_MODULES = {
    "alb": "services.alb",
    "app": "app",
    "arn": "core.arn",
    "cloudwatch": "services.cloudwatch",
    "ec2": "services.ec2",
    "ecr": "services.ecr",
    "ecs": "services.ecs",
    "ecs_metadata": "services.ecs_metadata",
    "eventbridge": "services.eventbridge",
    "logs": "services.cloudwatch_logs",
    "responses": "core.responses",
    "route53": "services.route53",
    "secretsmanager": "services.secretsmanager",
    "sns": "services.sns",
    "ssm": "services.ssm",
    "tagging": "services.tagging",
}
