"""Checks of a request against botocore's model of the API, with the messages AWS gives."""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from localcloud.emulator.scaling.errors import invalid

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


# Names that cannot be part of an ARN. The other patterns of the model allow everything that is printable, in a
# notation of Java's.
_NAMES = {
    "PolicyName": (r"\p{Print}+", re.compile(r"[ -~]+")),
    "ScheduledActionName": (
        r"(?!((^[ ]+.*)|(.*([\u0000-\u001f]|[\u007f-\u009f]|[:/|])+.*)|(.*[ ]+$))).+",
        re.compile(r"(?! )[^\x00-\x1f\x7f-\x9f:/|]+(?<! )"),
    ),
}


@functools.cache
def model() -> ServiceModel:
    """The API's model, read on first use: it costs a third of a second."""
    return ServiceModel(Loader().load_service_model("application-autoscaling", "service-2"))


def operations() -> frozenset[str]:
    """The operations the API has."""
    return frozenset(model().operation_names)


def check(operation: str, request: Mapping[str, Any]) -> None:
    """Refuse what AWS would refuse before it looks at any resource.

    Raises:
        Refused: ValidationException that lists every violation.
    """
    shape = model().operation_model(operation).input_shape
    found = list(_violations(shape, request, "")) if shape is not None else []
    if found:
        plural = "s" if len(found) > 1 else ""
        raise invalid(f"{len(found)} validation error{plural} detected: {'; '.join(found)}")


def _violations(shape: Shape, value: Any, where: str) -> Iterator[str]:
    wanted = _TYPES.get(shape.type_name)
    if wanted is None:
        return
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield _failed(value, where, f"Member must be of type {shape.type_name}")
        return
    if isinstance(shape, StructureShape):
        yield from _members(shape, cast("Mapping[str, Any]", value), where)
    elif isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        yield _failed(value, where, f"Member must satisfy enum value set: [{', '.join(sorted(shape.enum))}]")
    elif isinstance(shape, ListShape | MapShape | StringShape):
        yield from _length(shape, value, where)
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
            yield _failed(None, _path(where, name), "Member must not be null")
    for name, entry in value.items():
        member = shape.members.get(name)
        if member is not None and entry is not None:
            yield from _violations(member, entry, _path(where, name))
            yield from _name_violations(name, entry)


def _name_violations(name: str, value: Any) -> Iterator[str]:
    pattern, accepted = _NAMES.get(name, ("", None))
    if accepted is not None and isinstance(value, str) and value and not accepted.fullmatch(value):
        yield _failed(value, _path("", name), f"Member must satisfy regular expression pattern: {pattern}")


def _length(shape: Shape, value: Any, where: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and len(value) < low:
        yield _failed(value, where, f"Member must have length greater than or equal to {low}")
    if high is not None and len(value) > high:
        yield _failed(value, where, f"Member must have length less than or equal to {high}")


def _path(where: str, name: str) -> str:
    own = name[:1].lower() + name[1:]
    return f"{where}.{own}" if where else own


def _failed(value: Any, where: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{where}' failed to satisfy constraint: {constraint}"
