"""Check a resource's inputs: the SDK's names and types first, then the request AWS would receive."""

from collections.abc import Collection, Mapping

from localcloud.providers.aws import models, tagging
from localcloud.providers.aws.inputs import Failure, InputChecker
from localcloud.providers.aws.names import with_name
from localcloud.providers.aws.requests import create_request
from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.aws.sdk import resource_schema
from localcloud.providers.aws.wire import Encoder
from localcloud.providers.values import Values


def check_inputs(
    kind: ResourceType,
    logical: str,
    new: Values,
    old: Values,
    seed: bytes,
    *,
    secrets: Collection[str] = (),
    default_tags: Mapping[str, str] | None = None,
) -> tuple[Values, list[Failure]]:
    """Check inputs and complete them with defaults and a physical name.

    Args:
        kind: The resource's type.
        logical: Its logical name.
        new: Inputs of this run.
        old: Checked inputs of the last run.
        seed: The engine's random seed, for the physical name.
        secrets: Properties whose value must not be printed.
        default_tags: The provider's default tags.

    Returns:
        The completed inputs, and every failure found.
    """
    schema = resource_schema(kind.type)
    checker = InputChecker(json_documents=kind.json, secrets=secrets)
    given = {name: item for name, item in new.items() if not name.startswith("__")}
    values = checker.object(given, schema.inputs, schema.required)
    for name, default in kind.defaults.items():
        if values.get(name) is None:
            values[name] = default
    failures = list(checker.failures)
    failures += [
        Failure(name, f"is not taken: {kind.refused[name]}") for name in kind.refused if name in values
    ]
    if kind.name is not None:
        failures += with_name(kind.name, logical, values, old, seed)
    if not failures and kind.check is not None:
        failures += [Failure(path, reason) for path, reason in kind.check(values)]
    if not failures:
        failures = _check_request(kind, values, secrets, default_tags or {})
    return values, failures


def _check_request(
    kind: ResourceType, values: Values, secrets: Collection[str], default_tags: Mapping[str, str]
) -> list[Failure]:
    failures: list[Failure] = []
    encoder = Encoder(kind)
    operation = kind.create_operation(values)
    tags = tagging.merged(default_tags, values.get("tags")) if kind.tags is not None else {}
    request = create_request(kind, values, tags, encoder)

    def report(member: str, reason: str) -> None:
        path = encoder.origin(member)
        if path.split(".")[0].split("[")[0] in secrets:
            reason = "the secret value is not allowed by AWS"
        elif path.rpartition(".")[2].lower() != member.rpartition(".")[2].lower():
            reason = f"{reason} (AWS: {member or operation.name})"
        failures.append(Failure(path, reason))

    models.validate(request, models.input_shape(operation.service or kind.service, operation.name), report)
    return failures
