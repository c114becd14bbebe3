"""botocore's models of the AWS services: request shapes, and what a value must look like to be accepted."""

import functools
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.loaders import Loader, create_loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from localcloud.providers.values import UNKNOWN

_lock = threading.Lock()
Report = Callable[[str, str], None]


@functools.cache
def _loader() -> Loader:
    # Not a session's own: to find that one the session reads the user's profile, which must not matter here.
    loader: Loader = create_loader()
    return loader


@functools.cache
def _service_model(service: str) -> ServiceModel:
    return ServiceModel(_loader().load_service_model(service, "service-2"), service)


def service_model(service: str) -> ServiceModel:
    """The model of a service such as `ecs`; loaded once, safe to call from several threads."""
    with _lock:
        return _service_model(service)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """The model of one operation such as `CreateCluster`.

    Raises:
        botocore.model.OperationNotFoundError: the service has no such operation.
    """
    return service_model(service).operation_model(operation)


def input_shape(service: str, operation: str) -> StructureShape:
    """The operation's request; an operation without parameters has an empty one."""
    shape = operation_model(service, operation).input_shape
    if not isinstance(shape, StructureShape):
        return StructureShape(f"{operation}Request", {"type": "structure", "members": {}})
    return shape


def validate(value: Any, shape: Shape, report: Report, path: str = "") -> None:
    """Report everything in a request that AWS would refuse by the model alone.

    Checks required and unknown members, types, enumerations, lengths, ranges and patterns; unknown values pass.

    Args:
        value: The request or a part of it.
        shape: Its model.
        report: Called with the member path and the reason, once for each finding.
        path: Where `value` stands in the request.
    """
    if value is UNKNOWN:
        return
    if isinstance(shape, StructureShape):
        _validate_structure(value, shape, report, path)
    elif isinstance(shape, ListShape):
        _validate_list(value, shape, report, path)
    elif isinstance(shape, MapShape):
        _validate_map(value, shape, report, path)
    else:
        _validate_scalar(value, shape, report, path)


def _validate_structure(value: Any, shape: StructureShape, report: Report, path: str) -> None:
    if not isinstance(value, Mapping):
        report(path, f"must be an object with {', '.join(shape.members)}")
        return
    if getattr(shape, "is_document_type", False):
        return
    for name in shape.required_members:
        if value.get(name) is None:
            report(path, f"needs {name}")
    for name, item in value.items():
        where = f"{path}.{name}" if path else name
        if name not in shape.members:
            report(where, f"is no member of AWS {shape.name}; allowed: {', '.join(shape.members)}")
        else:
            validate(item, shape.members[name], report, where)


def _validate_list(value: Any, shape: ListShape, report: Report, path: str) -> None:
    if not isinstance(value, list | tuple):
        report(path, "must be a list")
        return
    _validate_length(len(value), shape, report, path, "items")
    for index, item in enumerate(value):
        validate(item, shape.member, report, f"{path}[{index}]")


def _validate_map(value: Any, shape: MapShape, report: Report, path: str) -> None:
    if not isinstance(value, Mapping):
        report(path, "must be a map")
        return
    for key, item in value.items():
        validate(key, shape.key, report, f'{path}["{key}"]')
        validate(item, shape.value, report, f'{path}["{key}"]')


def _validate_scalar(value: Any, shape: Shape, report: Report, path: str) -> None:
    allowed_types: Mapping[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "long": (int,),
        "float": (int, float),
        "double": (int, float),
        "boolean": (bool,),
    }
    types = allowed_types.get(shape.type_name)
    if types is None:
        return
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        report(path, f"must be a {shape.type_name}")
    elif isinstance(value, str):
        _validate_text(value, shape, report, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        _validate_range(value, shape, report, path)


def _validate_text(value: str, shape: Shape, report: Report, path: str) -> None:
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        report(path, f"{_shown(value, shape)} is not allowed; allowed: {', '.join(enum)}")
        return
    _validate_length(len(value), shape, report, path, "characters")
    pattern = _compile(str(shape.metadata.get("pattern", "")))
    if pattern is not None and not pattern.search(value):
        report(path, f"{_shown(value, shape)} does not match {pattern.pattern}")


def _validate_length(length: int, shape: Shape, report: Report, path: str, unit: str) -> None:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    if length < low or (high is not None and length > high):
        report(path, f"has {length} {unit}; allowed: {low} to {high if high is not None else 'any number'}")


def _validate_range(value: float, shape: Shape, report: Report, path: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and value < low) or (high is not None and value > high):
        report(
            path,
            f"{value} is not allowed; allowed: {_bound(low, 'no minimum')} to {_bound(high, 'no maximum')}",
        )


def _bound(value: Any, otherwise: str) -> str:
    return otherwise if value is None else str(value)


def _shown(value: str, shape: Shape) -> str:
    if shape.metadata.get("sensitive"):
        return "the value"
    return repr(value if len(value) <= 80 else f"{value[:77]}...")


@functools.cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    """The pattern as Python reads it; None where AWS uses a construct Python's re does not know.

    The models write patterns for a full match, some with anchors and some without.
    """
    if not pattern:
        return None
    try:
        return re.compile(pattern if pattern.startswith("^") else f"^(?:{pattern})$", re.DOTALL)
    except re.error:
        return None
