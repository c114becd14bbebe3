"""The requests a resource's row of the table stands for."""

from collections.abc import Collection, Mapping
from typing import Any

from localcloud.providers.aws import models, tagging
from localcloud.providers.aws.compare import same
from localcloud.providers.aws.resource_type import Operation, ResourceType, Step
from localcloud.providers.aws.sdk import ResourceSchema, resource_schema
from localcloud.providers.aws.wire import Encoder
from localcloud.providers.values import Values


def create_request(
    kind: ResourceType,
    inputs: Values,
    tags: Mapping[str, Any],
    encoder: Encoder | None = None,
    mark: str = "",
) -> Values:
    """The request that creates a resource.

    Args:
        kind: Its type.
        inputs: Its checked inputs.
        tags: All its tags.
        encoder: Remembers where the request's members came from.
        mark: Identifies an EC2 object that has no name.
    """
    operation = kind.create_operation(inputs)
    shape = models.input_shape(operation.service or kind.service, operation.name)
    names = sent_properties(kind, operation)
    request = {**(encoder or Encoder(kind)).request(inputs, shape, names), **operation.keys(inputs)}
    if kind.tags is not None:
        request.update(tagging.at_create(kind.tags, tags, "" if kind.name else mark))
    if operation.prepare is not None:
        operation.prepare(request, inputs)
    return request


def sent_properties(kind: ResourceType, operation: Operation) -> frozenset[str]:
    """Top-level properties an operation carries."""
    if operation.only is not None:
        return operation.only
    encoder = Encoder(kind)
    shape = models.input_shape(operation.service or kind.service, operation.name)
    handled_apart = {"tags", "region", *kind.local} if kind.tags is not None else {"region", *kind.local}
    return frozenset(
        name
        for name in resource_schema(kind.type).inputs
        if name not in handled_apart
        and name not in operation.skip
        and encoder.target(name, shape) is not None
    )


def update_request(kind: ResourceType, operation: Operation, state: Values, names: Collection[str]) -> Values:
    """The request of an update operation that carries the named properties."""
    sent = sent_properties(kind, operation) if operation.whole else with_siblings(kind, operation, names)
    shape = models.input_shape(operation.service or kind.service, operation.name)
    request = {**Encoder(kind).request(state, shape, sent), **operation.keys(state)}
    if operation.prepare is not None:
        operation.prepare(request, state)
    return request


def with_siblings(kind: ResourceType, operation: Operation, names: Collection[str]) -> frozenset[str]:
    """The changed properties and those that share a request member with one of them."""
    encoder = Encoder(kind)
    shape = models.input_shape(operation.service or kind.service, operation.name)

    def member(name: str) -> str:
        return (encoder.target(name, shape) or f"?{name}").split(".")[0]

    members = {member(name) for name in names}
    return frozenset(name for name in sent_properties(kind, operation) if member(name) in members)


def step_applies_at_create(step: Operation | Step, inputs: Values) -> bool:
    """Whether an update step also runs right after the create."""
    if isinstance(step, Step):
        return step.always or (step.at_create and any(name in inputs for name in step.properties))
    return step.at_create and any(name in inputs for name in step.only or ())


def changed_inputs(
    kind: ResourceType, schema: ResourceSchema, old: Mapping[str, Any], new: Mapping[str, Any]
) -> set[str]:
    """Input properties whose wanted value differs in meaning from the recorded one."""
    return {
        name
        for name in schema.inputs
        if not (name not in new and (name in kind.computed | kind.suppressed or name == "region"))
        and not same(kind, old.get(name), new.get(name), name)
    }
