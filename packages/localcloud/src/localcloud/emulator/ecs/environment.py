"""The environment variables a container gets: its definition's, its secrets, and the emulator's endpoints."""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecs.secret_values import secret_values
from localcloud.emulator.ecs.state import Record


def container_environment(
    task: Record,
    task_definition: Mapping[str, Any],
    definition: Mapping[str, Any],
    override: Mapping[str, Any],
) -> tuple[dict[str, str], str]:
    """Build the environment; returns it with the container's token at the task metadata endpoint.

    AWS SDKs accept a container credentials endpoint only on link-local addresses, which this machine has not, so
    the made-up credentials of the emulated account are given as variables instead. What the task definition sets
    itself wins over everything the emulator adds.

    Raises:
        StartFailure: A secret cannot be read (ECS: ResourceInitializationError).
    """
    account, region = str(task["taskArn"]).split(":")[4], str(task["taskArn"]).split(":")[3]
    given = {entry["name"]: entry["value"] for entry in definition.get("environment") or []}
    with upstream.responses.request_scope(account, region):
        given.update(secret_values(definition))
    given.update({entry["name"]: entry["value"] for entry in override.get("environment") or []})
    added: dict[str, str] = {}
    host_mode = task_definition.get("networkMode") == "host"
    with upstream.responses.request_scope(account, region):
        token = upstream.ecs._register_metadata(
            task["taskArn"],
            task["clusterArn"],
            task_definition,
            definition,
            task.get("launchType") or "EC2",
            added,
            host_mode,
            None,
        )
    added.pop("AWS_CONTAINER_CREDENTIALS_FULL_URI", None)
    added.pop("AWS_CONTAINER_AUTHORIZATION_TOKEN", None)
    added.update(
        AWS_ACCESS_KEY_ID=account,
        AWS_SECRET_ACCESS_KEY="localcloud",  # noqa: S106  the emulator accepts any
        AWS_REGION=region,
        AWS_DEFAULT_REGION=region,
        AWS_EXECUTION_ENV=f"AWS_ECS_{task.get('launchType') or 'EC2'}",
    )
    return {**added, **given}, str(token)
