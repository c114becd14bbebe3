"""Requests of the Query protocol, which older clients use, in the form the other protocols have."""

import functools
from collections.abc import Mapping
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

Parameters = Mapping[str, Any]


@functools.cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("cloudwatch", "service-2"))


def decoded(operation: str, parameters: Parameters) -> dict[str, Any]:
    """A request's members, typed as CloudWatch's model says."""
    shape = _model().operation_model(operation).input_shape
    found = _decoded(shape, parameters, "") if shape is not None else None
    return dict(found or {})


def _decoded(shape: Shape, parameters: Parameters, prefix: str) -> Any:
    if isinstance(shape, StructureShape):
        members = {
            name: _decoded(member, parameters, f"{prefix}.{name}" if prefix else name)
            for name, member in shape.members.items()
        }
        given = {name: value for name, value in members.items() if value is not None}
        return given or None
    if isinstance(shape, ListShape):
        entries: list[Any] = []
        while True:
            entry = _decoded(shape.member, parameters, f"{prefix}.member.{len(entries) + 1}")
            if entry is None:
                return entries or None
            entries.append(entry)
    value = parameters.get(prefix)
    text = value[0] if isinstance(value, list) else value
    if text is None or text == "":
        return None
    if shape.type_name in {"integer", "long"}:
        return int(text)
    if shape.type_name in {"double", "float"}:
        return float(text)
    return text == "true" if shape.type_name == "boolean" else text
