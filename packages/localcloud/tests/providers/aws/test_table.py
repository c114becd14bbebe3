"""Every row of the table speaks of properties that pulumi_aws has and of calls that AWS has."""

from collections.abc import Iterator

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.providers.aws import models
from localcloud.providers.aws.requests import sent_properties
from localcloud.providers.aws.resource_type import Operation, Read, ResourceType, Step
from localcloud.providers.aws.sdk import PropertyType, resource_schema
from localcloud.providers.aws.table import RESOURCE_TYPES
from localcloud.providers.aws.wire import Encoder, join

ROWS = [pytest.param(kind, id=kind.kind) for kind in RESOURCE_TYPES.values()]


def creates(kind: ResourceType) -> list[Operation]:
    if isinstance(kind.create, Operation):
        return [kind.create]
    variants = ({"type": "ingress"}, {"type": "egress"}, {"type": "ingress", "privateKey": "pem"})
    return list({operation.name: operation for operation in map(kind.create, variants)}.values())


def operations(kind: ResourceType) -> Iterator[tuple[str, str]]:
    steps = [*creates(kind), *(step for step in kind.update if isinstance(step, Operation)), *kind.delete]
    for operation in steps:
        yield operation.service or kind.service, operation.name
    if isinstance(kind.read, Read):
        yield kind.read.service or kind.service, kind.read.name
    if kind.tags is not None:
        yield kind.service, kind.tags.tag
        yield kind.service, kind.tags.untag
        if kind.tags.read:
            yield kind.service, kind.tags.read


def handled(kind: ResourceType, step: Operation | Step) -> frozenset[str]:
    return step.properties if isinstance(step, Step) else sent_properties(kind, step)


@pytest.mark.parametrize("kind", ROWS)
def test_names_only_calls_that_aws_has(kind: ResourceType) -> None:
    for service, name in operations(kind):
        assert models.operation_model(service, name).name == name


@pytest.mark.parametrize("kind", ROWS)
def test_names_only_properties_that_the_sdk_has(kind: ResourceType) -> None:
    schema = resource_schema(kind.type)
    named = {
        *kind.refused,
        *kind.replace,
        *kind.local,
        *kind.computed,
        *kind.defaults,
        *kind.unread,
        *kind.json,
    }
    for step in kind.update:
        named |= set(handled(kind, step))
    assert named <= set(schema.inputs) | {path for path in named if "." in path}
    assert set(kind.outputs) <= set(schema.outputs)
    assert kind.secrets <= set(schema.outputs)
    if kind.name is not None:
        assert kind.name.property in schema.inputs
        assert not kind.name.prefix or kind.name.prefix in schema.inputs


@pytest.mark.parametrize("kind", ROWS)
def test_puts_every_input_of_the_sdk_into_effect_at_create(kind: ResourceType) -> None:
    done = {"region", *kind.local, *kind.refused}
    done |= {"tags"} if kind.tags else set()
    done |= {kind.name.prefix} if kind.name else set()
    for operation in creates(kind):
        done |= sent_properties(kind, operation)
    for step in kind.update:
        if step.at_create or (isinstance(step, Step) and step.always):
            done |= handled(kind, step)
    assert set(resource_schema(kind.type).inputs) - done == set()


@pytest.mark.parametrize("kind", ROWS)
def test_updates_or_replaces_on_every_change(kind: ResourceType) -> None:
    done = {"region", *kind.local, *kind.refused, *kind.replace}
    done |= {"tags"} if kind.tags else set()
    done |= {kind.name.prefix} if kind.name else set()
    for step in kind.update:
        done |= handled(kind, step)
    assert set(resource_schema(kind.type).inputs) - done == set()


def lost(kind: ResourceType, types: dict[str, PropertyType], shape: Shape, path: str) -> Iterator[str]:
    """Nested properties that a request would silently leave out."""
    while isinstance(shape, ListShape):
        shape = shape.member
    if not isinstance(shape, StructureShape):
        return
    for name, nested in types.items():
        where = join(path, name)
        if where in kind.local:
            continue
        target = Encoder(kind).target(where, shape)
        if target is None:
            yield where
            continue
        inner: Shape = shape
        for part in [part for part in target.split(".") if part]:
            while isinstance(inner, ListShape):
                inner = inner.member
            assert isinstance(inner, StructureShape)
            inner = inner.members[part]
        element = nested
        while element.kind in ("list", "map") and element.element is not None:
            element = element.element
        if element.members and where not in kind.codecs and not isinstance(inner, MapShape):
            yield from lost(kind, dict(element.members), inner, where)


@pytest.mark.parametrize("kind", ROWS)
def test_loses_no_nested_property(kind: ResourceType) -> None:
    by_hand = {name for step in kind.update if isinstance(step, Step) for name in step.properties}
    missing = set()
    for operation in creates(kind):
        if operation.only is not None:
            continue
        sent = sent_properties(kind, operation) - by_hand
        shape = models.input_shape(operation.service or kind.service, operation.name)
        types = {name: item for name, item in resource_schema(kind.type).inputs.items() if name in sent}
        missing |= set(lost(kind, types, shape, ""))
    assert missing == set()
