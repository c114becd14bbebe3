"""The only reader of Pulumi's configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from infra.settings.aws import AwsSettings
from infra.settings.image_defaults import Origin, told, with_image_defaults
from infra.settings.problems import Problem
from infra.settings.root import Settings
from infra.settings.stack_file import of_another_project, spelt_twice
from infra.settings.validation import validate

PROJECT_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The checked configuration of a stack.

    Args:
        settings: The project's own settings.
        aws: What the AWS provider gets.
        origins: Service → its values that the stack file does not say and something else does.
        secrets: Encrypted values that services ask for, by name; still encrypted in the state.
    """

    settings: Settings
    aws: AwsSettings
    origins: Mapping[str, list[Origin]]
    secrets: Mapping[str, pulumi.Output[str]]


def load() -> Loaded:
    """Read and check the stack's configuration.

    Raises:
        pulumi.RunError: The configuration has mistakes; the message lists all of them, each with its fix.
    """
    project = pulumi.get_project()
    data, encrypted = _read(project)
    aws_data, aws_encrypted = _read("aws")
    concerns = {str(field.alias) for field in Settings.model_fields.values()}
    problems = spelt_twice(pulumi.runtime.get_root_directory(), pulumi.get_stack(), project)
    problems += [_misplaced_secret(name) for name in sorted(encrypted & concerns)]
    aws_problems = [_misplaced_secret(name) for name in sorted(aws_encrypted)]
    settings, found = validate(data, frozenset(encrypted - concerns))
    aws, aws_found = AwsSettings.parse(aws_data)
    complaints = [problem.render(other) for other, problem in of_another_project(_keys(), project)]
    complaints += [problem.render() for problem in problems + found]
    complaints += [problem.render("aws") for problem in aws_problems + aws_found]
    if settings is None or aws is None or complaints:
        count = "1 mistake" if len(complaints) == 1 else f"{len(complaints)} mistakes"
        listing = "\n".join(complaints)
        raise pulumi.RunError(f"the configuration of stack {pulumi.get_stack()} has {count}:\n{listing}")
    config = pulumi.Config(project)
    secrets = {key: config.require_secret(key) for key in sorted(settings.config_secrets)}
    settings, origins = with_image_defaults(settings, PROJECT_ROOT)
    if pulumi.runtime.is_dry_run():
        for line in told(origins):
            pulumi.log.info(line)
    return Loaded(settings=settings, aws=aws, origins=origins, secrets=secrets)


def load_aws() -> AwsSettings:
    """Read and check the keys under `aws:` alone, for components in a program with a configuration of its own.

    Raises:
        pulumi.RunError: They have mistakes; the message lists all of them, each with its fix.
    """
    data, encrypted = _read("aws")
    problems = [_misplaced_secret(name) for name in sorted(encrypted)]
    settings, found = AwsSettings.parse(data)
    if settings is None or problems:
        raise pulumi.RunError("\n".join(problem.render("aws") for problem in problems + found))
    return settings


def _read(namespace: str) -> tuple[dict[str, Any], set[str]]:
    """The plain values of a namespace, and the names of the encrypted ones."""
    config = pulumi.Config(namespace)
    names = _names(namespace)
    encrypted = {name for name in names if is_config_secret(f"{namespace}:{name}")}
    return {name: _value(config, name) for name in names if name not in encrypted}, encrypted


def _misplaced_secret(name: str) -> Problem:
    return Problem(
        path=(name,),
        message="carries an encrypted value, which this program would have to read in the clear; allowed: plain "
        "values here, and a secret under a name of its own that services.<name>.secrets refers to",
    )


def _names(namespace: str) -> list[str]:
    """Every key of a namespace; `pulumi.Config` only answers for keys one asks for, never for misspelt ones."""
    prefix = f"{namespace}:"
    return sorted(key.removeprefix(prefix) for key in _keys() if key.startswith(prefix))


def _keys() -> list[str]:
    """Every full key of the configuration."""
    return [*{**get_config_env(), **CONFIG.get()}]


def _value(config: pulumi.Config, name: str) -> Any:
    try:
        return config.get_object(name)
    except pulumi.ConfigTypeError:
        return config.get(name)  # a bare word or a version such as 1.2.3: text
