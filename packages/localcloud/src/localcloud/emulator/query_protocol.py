"""The Query protocol, as botocore's models describe it: requests become documents, documents become XML.

Source: Smithy's "AWS query protocol", and what botocore's own serializer and parser of it do.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.emulator.model_rules import service_model

Parameters = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]


def parameters_of(body: bytes, query: Mapping[str, Any]) -> dict[str, str]:
    """A request's parameters: those of the form, and those of the URL for a GET."""
    found = {name: value[0] if isinstance(value, list) else str(value) for name, value in query.items()}
    return found | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def decoded(service: str, operation: str, parameters: Parameters) -> dict[str, Any]:
    """A request's members, typed as the service's model says; what is no number where one belongs stays a text."""
    shape = service_model(service).operation_model(operation).input_shape
    found = _decoded(shape, parameters, "") if shape is not None else None
    return dict(found or {})


def _decoded(shape: Shape, parameters: Parameters, prefix: str) -> Any:
    if isinstance(shape, StructureShape):
        members = {
            name: _decoded(member, parameters, f"{prefix}.{_wire_name(name, member)}" if prefix else name)
            for name, member in shape.members.items()
        }
        given = {name: value for name, value in members.items() if value is not None}
        return given or None
    if isinstance(shape, ListShape):
        return _decoded_list(shape, parameters, prefix)
    if isinstance(shape, MapShape):
        return _decoded_map(shape, parameters, prefix)
    return _decoded_text(shape, parameters.get(prefix))


def _decoded_text(shape: Shape, value: Any) -> Any:
    text = value[0] if isinstance(value, list) else value
    if text is None or (text == "" and shape.type_name != "string"):
        return None
    read = _READ.get(shape.type_name)
    if read is None:
        return text
    try:
        return read(text)
    except (KeyError, ValueError):
        return text


def _wire_name(name: str, shape: Shape) -> str:
    return str(shape.serialization.get("name") or name)


def _decoded_list(shape: ListShape, parameters: Parameters, prefix: str) -> list[Any] | None:
    entries: list[Any] = []
    member = (
        "" if shape.serialization.get("flattened") else f".{shape.member.serialization.get('name', 'member')}"
    )
    while True:
        entry = _decoded(shape.member, parameters, f"{prefix}{member}.{len(entries) + 1}")
        if entry is None:
            # An empty list is sent as its bare name.
            return entries if entries or prefix in parameters else None
        entries.append(entry)


def _decoded_map(shape: MapShape, parameters: Parameters, prefix: str) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    while True:
        entry = f"{prefix}.entry.{len(found) + 1}"
        key = _decoded(shape.key, parameters, f"{entry}.key")
        if key is None:
            return found or None
        found[key] = _decoded(shape.value, parameters, f"{entry}.value")


_READ: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "long": int,
    "double": float,
    "float": float,
    "boolean": lambda text: {"true": True, "false": False}[text.lower()],
}


def answered(service: str, operation: str, document: Mapping[str, Any]) -> Response:
    """The answer to an operation, in the form of its output shape; members that are None are left out."""
    model = service_model(service)
    shape = model.operation_model(operation).output_shape
    inner = "".join(_encoded_members(shape, document)) if isinstance(shape, StructureShape) else ""
    wrapper = (
        shape.serialization.get("resultWrapper") if shape is not None else None
    ) or f"{operation}Result"
    result = f"<{wrapper}>{inner}</{wrapper}>" if shape is not None else ""
    namespace = model.metadata.get("xmlNamespace") or ""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><{operation}Response xmlns="{namespace}">{result}'
        f"<ResponseMetadata><RequestId>{uuid.uuid4()}</RequestId></ResponseMetadata></{operation}Response>"
    )
    return 200, {"Content-Type": "text/xml"}, body.encode()


def refused(service: str, code: str, message: str, status: int = 400) -> Response:
    """An error of the protocol."""
    namespace = service_model(service).metadata.get("xmlNamespace") or ""
    kind = "Sender" if status < 500 else "Receiver"
    body = (
        f'<ErrorResponse xmlns="{namespace}"><Error><Type>{kind}</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"}, body.encode()


def _encoded_members(shape: StructureShape, document: Mapping[str, Any]) -> Iterator[str]:
    for name, member in shape.members.items():
        value = document.get(name)
        if value is not None:
            yield _encoded(member, value, _wire_name(name, member))


def _encoded(shape: Shape, value: Any, name: str) -> str:
    if isinstance(shape, StructureShape):
        return f"<{name}>{''.join(_encoded_members(shape, value))}</{name}>"
    if isinstance(shape, ListShape):
        if shape.serialization.get("flattened"):
            return "".join(_encoded(shape.member, entry, name) for entry in value)
        member = str(shape.member.serialization.get("name", "member"))
        return f"<{name}>{''.join(_encoded(shape.member, entry, member) for entry in value)}</{name}>"
    if isinstance(shape, MapShape):
        entries = (
            f"<entry>{_encoded(shape.key, key, 'key')}{_encoded(shape.value, entry, 'value')}</entry>"
            for key, entry in value.items()
        )
        return f"<{name}>{''.join(entries)}</{name}>"
    return f"<{name}>{escape(_text(value))}</{name}>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value)
