"""Values of a container definition's `secrets`, from Secrets Manager and the Systems Manager Parameter Store.

MiniStack's own resolution leaves out version stages and ids, and hands over a SecureString still encrypted.
"""

import json
from collections.abc import Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecs.failures import StartFailure


def secret_values(definition: Mapping[str, Any]) -> dict[str, str]:
    """Read every secret of a container; called within the request scope of the task's account and region.

    Raises:
        StartFailure: One cannot be read; the text names the reference, never a value.
    """
    return {
        str(entry["name"]): _value(str(entry["valueFrom"]), str(entry["name"]))
        for entry in definition.get("secrets") or []
    }


def _value(reference: str, name: str) -> str:
    if ":secretsmanager:" in reference:
        return _secret(reference, name)
    value = upstream.ssm.resolve_parameter_value(reference, decrypt=True)
    if value is None:
        raise _failure(f"ResourceNotFound: The specified parameter {reference} for {name} does not exist")
    return str(value)


def _secret(reference: str, name: str) -> str:
    """`arn:…:secret:name[:json-key:version-stage:version-id]`, each of the last three possibly empty."""
    parts = reference.split(":")
    arn = ":".join(parts[:7])
    key, stage, version = [*parts[7:10], "", "", ""][:3]
    value = upstream.secretsmanager.resolve_secret_string(arn, stage or "AWSCURRENT", version or None)
    if value is None:
        raise _failure(f"ResourceNotFoundException: Secrets Manager can't find the secret {arn} for {name}")
    if not key:
        return str(value)
    try:
        return str(json.loads(value)[key])
    except (ValueError, KeyError, TypeError):
        # Neither the secret nor the parser's message, which quotes it, may reach a task's reason.
        raise _failure(f"retrieved secret {arn} for {name} did not contain json key {key}") from None


def _failure(text: str) -> StartFailure:
    return StartFailure(
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
        f"{text}"
    )
