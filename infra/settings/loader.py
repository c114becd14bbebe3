"""The only reader of Pulumi's configuration."""

from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from infra.settings.aws import AwsSettings
from infra.settings.problems import Problem
from infra.settings.root import Settings
from infra.settings.validation import validate


def load() -> tuple[Settings, AwsSettings]:
    """Read and check the stack's configuration.

    Raises:
        pulumi.RunError: The configuration has mistakes; the message lists all of them, each with its fix.
    """
    project = pulumi.get_project()
    data, problems = _read(project)
    aws_data, aws_problems = _read("aws")
    settings, found = validate(data)
    aws, aws_found = AwsSettings.parse(aws_data)
    complaints = [problem.render(project) for problem in problems + found]
    complaints += [problem.render("aws") for problem in aws_problems + aws_found]
    if settings is None or aws is None or complaints:
        count = "1 mistake" if len(complaints) == 1 else f"{len(complaints)} mistakes"
        listing = "\n".join(complaints)
        raise pulumi.RunError(f"the configuration of stack {pulumi.get_stack()} has {count}:\n{listing}")
    return settings, aws


def _read(namespace: str) -> tuple[dict[str, Any], list[Problem]]:
    """The plain values of a namespace, and a problem for each structured key that carries a secret."""
    config = pulumi.Config(namespace)
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in _names(namespace):
        if is_config_secret(f"{namespace}:{name}"):
            problems.append(
                Problem(
                    path=(name,),
                    message="carries a secret, and everything under it would be readable in the program's "
                    "messages; allowed: plain values",
                )
            )
        else:
            values[name] = _value(config, name)
    return values, problems


def _names(namespace: str) -> list[str]:
    """Every key of a namespace, the misspelt ones included: `pulumi.Config` only answers for keys one asks
    for.
    """
    prefix = f"{namespace}:"
    known = {**get_config_env(), **CONFIG.get()}
    return sorted(key.removeprefix(prefix) for key in known if key.startswith(prefix))


def _value(config: pulumi.Config, name: str) -> Any:
    try:
        return config.get_object(name)
    except pulumi.ConfigTypeError:
        return config.get(name)  # a bare word or a version such as 1.2.3: text
