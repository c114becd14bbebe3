"""Which version of its secrets a service was rolled for, and which one they have now. No value is ever read."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from automation.engines import CloudResource
from automation.target import Target

LABEL = "secret-version."
"""The program labels the app's container with the version of every secret (infra/pure/containers.py)."""
_CURRENT = "AWSCURRENT"


def rotated(
    target: Target, service: CloudResource, problem: Callable[[str], object]
) -> Iterator[tuple[str, str, str]]:
    """The secrets of a service that have another version now: variable, recorded version, version now.

    Args:
        target: The cloud.
        service: The service as the program declares it.
        problem: Called with what could not be found out.
    """
    definition = str(service.inputs.get("taskDefinition") or service.outputs.get("taskDefinition") or "")
    if not definition:
        return
    try:
        recorded, sources = _recorded(target, definition)
    except (BotoCoreError, ClientError) as error:
        problem(f"{service.name}: its secrets could not be compared: {error}")
        return
    for variable, version in recorded.items():
        source = sources.get(variable)
        if source is None:
            continue
        try:
            now = current_version(target, source)
        except (BotoCoreError, ClientError) as error:
            problem(f"{service.name}: the version of {variable} could not be read: {error}")
            continue
        if now != version:
            yield variable, version, now


def _recorded(target: Target, definition: str) -> tuple[dict[str, str], dict[str, str]]:
    """Variable → version, and variable → `valueFrom`, of all containers of a task definition."""
    described = target.ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
    versions: dict[str, str] = {}
    sources: dict[str, str] = {}
    for container in described["containerDefinitions"]:
        labels = container.get("dockerLabels") or {}
        found = {key: version for key, version in labels.items() if key.startswith(LABEL)}
        versions |= {key.removeprefix(LABEL): version for key, version in found.items()}
        sources |= {secret["name"]: secret["valueFrom"] for secret in container.get("secrets", [])}
    return versions, sources


def current_version(target: Target, source: str) -> str:
    """The version that a task which starts now gets; empty when there is none any more.

    Args:
        target: The cloud.
        source: `valueFrom` of a secret: an ARN, or the name of a parameter (ECS API, Secret).
    """
    if ":secretsmanager:" in source:
        manager = target.client("secretsmanager")
        try:
            # arn:…:secret:name-suffix, optionally with :key:stage:version behind it.
            described: dict[str, Any] = manager.describe_secret(SecretId=":".join(source.split(":")[:7]))
        except manager.exceptions.ResourceNotFoundException:
            return ""
        versions = described.get("VersionIdsToStages") or {}
        return next((version for version, stages in versions.items() if _CURRENT in stages), "")
    name = source.split(":parameter", 1)[1] if ":parameter" in source else source
    found = [
        parameter
        # An ARN has one slash between `parameter` and the name, which a name without a folder does not begin with.
        for candidate in ([name, name.removeprefix("/")] if ":parameter" in source else [name])
        for page in target.ssm.get_paginator("describe_parameters").paginate(
            ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [candidate]}]
        )
        for parameter in page["Parameters"]
    ]
    return str(found[0]["Version"]) if found else ""
