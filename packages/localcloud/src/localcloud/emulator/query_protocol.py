"""Requests of the Query protocol in the form the other protocols have."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from localcloud.emulator.model_rules import service_model

Parameters = Mapping[str, Any]


def decoded(service: str, operation: str, parameters: Parameters) -> dict[str, Any]:
    """A request's members, typed as the service's model says; what is no number where one belongs stays a text."""
    shape = service_model(service).operation_model(operation).input_shape
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
    read = _READ.get(shape.type_name)
    if read is None:
        return text
    try:
        return read(text)
    except (KeyError, ValueError):
        return text


_READ: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "double": float,
    "float": float,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}
