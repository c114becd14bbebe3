"""Checks of a request against botocore's model of an API, with the messages AWS gives."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "double": (int, float),
    "float": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
}


@functools.cache
def service_model(service: str) -> ServiceModel:
    """An API's model, read on first use: it costs up to a third of a second."""
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def violations(service: str, operation: str, request: Mapping[str, Any]) -> list[str]:
    """Every constraint of the model that a request fails."""
    shape = service_model(service).operation_model(operation).input_shape
    return list(_violations(shape, request, "")) if shape is not None else []


def summary(found: list[str]) -> str:
    """AWS's message for failed constraints."""
    plural = "s" if len(found) > 1 else ""
    return f"{len(found)} validation error{plural} detected: {'; '.join(found)}"


def _violations(shape: Shape, value: Any, where: str) -> Iterator[str]:
    wanted = _TYPES.get(shape.type_name)
    if wanted is None:
        return
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield failed(value, where, f"Member must be of type {shape.type_name}")
        return
    if isinstance(shape, StructureShape):
        yield from _members(shape, cast("Mapping[str, Any]", value), where)
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield failed(value, where, f"Member must satisfy enum value set: [{', '.join(sorted(shape.enum))}]")
    elif isinstance(shape, ListShape | MapShape | StringShape):
        yield from _length(shape, value, where)
        yield from _pattern(shape, value, where)
    elif wanted == (int,):
        yield from _range(shape, cast("int", value), where)
    yield from _entries(shape, value, where)


def _entries(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if isinstance(shape, ListShape):
        for number, entry in enumerate(value, 1):
            yield from _violations(shape.member, entry, f"{where}.{number}.member")
    if isinstance(shape, MapShape):
        for key, entry in value.items():
            yield from _violations(shape.value, entry, f"{where}.{key}")


def _members(shape: StructureShape, value: Mapping[str, Any], where: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield failed(None, path(where, name), "Member must not be null")
    for name, entry in value.items():
        member = shape.members.get(name)
        if member is not None and entry is not None:
            yield from _violations(member, entry, path(where, name))


def _length(shape: Shape, value: Any, where: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield failed(value, where, f"Member must have length greater than or equal to {low}")
    if high is not None and len(value) > high:
        yield failed(value, where, f"Member must have length less than or equal to {high}")


def _range(shape: Shape, value: int, where: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield failed(value, where, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield failed(value, where, f"Member must have value less than or equal to {high}")


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """A pattern of the models, whose notation is Java's; None for what Python has no words for."""
    for theirs, ours in ((r"\p{L}", r"\w"), (r"\p{N}", r"\w"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(theirs, ours)
    try:
        return re.compile(pattern)
    except re.error:
        return None


def _pattern(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """Patterns that begin with `^`, be it behind brackets, are Python's as well; the others are Java's."""
    pattern = shape.metadata.get("pattern") or ""
    if not isinstance(value, str) or not pattern.startswith(("^", "((?=^")):
        return
    compiled = _compiled(pattern)
    if compiled is not None and not compiled.search(value):
        yield failed(value, where, f"Member must satisfy regular expression pattern: {pattern}")


def path(where: str, name: str) -> str:
    """Where a member stands, as AWS names it."""
    own = name[:1].lower() + name[1:]
    return f"{where}.{own}" if where else own


def failed(value: Any, where: str, constraint: str) -> str:
    """AWS's words for one failed constraint."""
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{where}' failed to satisfy constraint: {constraint}"
