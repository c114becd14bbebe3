"""Property values in the shape of Pulumi's wire format, as plain JSON-like Python.

The engine keeps every property as what it is on the wire: strings, numbers, booleans, lists and dictionaries,
with Pulumi's signature key for secrets, assets and resource references, and Pulumi's unknown sentinel for
what is known only after an update. That makes comparing, storing and encrypting them plain JSON work;
`PropertyValue` appears only where a provider is called. (Pulumi: `sdk/proto/pulumi/resource.proto`,
`pulumi.runtime.rpc`.)
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
from google.protobuf import struct_pb2
from pulumi.provider.experimental.property_value import (
    Computed,
    PropertyValue,
    PythonValue,
    ResourceReference,
)
from pulumi.runtime import rpc

Wire = Any
Properties = dict[str, Wire]

UNKNOWN: Final = rpc.UNKNOWN
SIGNATURE: Final = rpc._special_sig_key
SECRET: Final = rpc._special_secret_sig
OUTPUT: Final = rpc._special_output_value_sig
ASSET: Final = rpc._special_asset_sig
ARCHIVE: Final = rpc._special_archive_sig
RESOURCE: Final = rpc._special_resource_sig
HIDDEN: Final = "[secret]"
LATER: Final = "[unknown]"


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Convert a protobuf struct; properties that are null are left out, as Pulumi's engine does."""
    converted = {key: _from_value(value) for key, value in struct.fields.items()}
    return {key: value for key, value in converted.items() if value is not None}


def _from_value(value: struct_pb2.Value) -> Wire:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "struct_value":
        return _from_fields(value.struct_value)
    if kind == "list_value":
        return [_from_value(item) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        return _number(value.number_value)
    return None


def _from_fields(struct: struct_pb2.Struct) -> Wire:
    fields = {key: _from_value(item) for key, item in struct.fields.items()}
    if fields.get(SIGNATURE) == OUTPUT:
        inner = fields.get("value", UNKNOWN)
        return secret(inner) if fields.get("secret") else inner
    return fields


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def to_struct(properties: Mapping[str, Wire]) -> struct_pb2.Struct:
    """Convert properties to a protobuf struct."""
    return struct_pb2.Struct(fields={key: _to_value(value) for key, value in properties.items()})


def _to_value(value: Wire) -> struct_pb2.Value:
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=to_struct(value))
    return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_to_value(item) for item in value]))


def to_property(value: Wire, *, keep_secrets: bool = True) -> PropertyValue:
    """Convert one value for a provider call; unknown values become `Computed`."""
    if isinstance(value, dict):
        return _map_to_property(value, keep_secrets=keep_secrets)
    if isinstance(value, list):
        return PropertyValue([to_property(item, keep_secrets=keep_secrets) for item in value])
    if value == UNKNOWN:
        return PropertyValue.computed()
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return PropertyValue(float(value) if number else value)


def _map_to_property(value: Properties, *, keep_secrets: bool) -> PropertyValue:
    signature = value.get(SIGNATURE)
    if signature == SECRET:
        inner = to_property(value["value"], keep_secrets=keep_secrets)
        return inner.with_secret(True) if keep_secrets else inner
    if signature in {ASSET, ARCHIVE}:
        return PropertyValue.unmarshal(_to_value(value))
    if signature == RESOURCE:
        # The SDK's unmarshalling looks for the id under another name than the wire has.
        resource_id = value.get("id")
        return PropertyValue(
            ResourceReference(value["urn"], None if resource_id is None else to_property(resource_id))
        )
    return PropertyValue({key: to_property(item, keep_secrets=keep_secrets) for key, item in value.items()})


def from_property(value: PropertyValue) -> Wire:
    """Convert one value that a provider returned."""
    plain_value = _from_python(value.value)
    return secret(plain_value) if value.is_secret else plain_value


def _from_python(value: PythonValue) -> Wire:
    if isinstance(value, Computed):
        return UNKNOWN
    if isinstance(value, pulumi.Asset | pulumi.Archive):
        return _from_value(PropertyValue(value).marshal())
    if isinstance(value, ResourceReference):
        reference: Properties = {SIGNATURE: RESOURCE, "urn": value.urn}
        if value.resource_id is not None:
            reference["id"] = from_property(value.resource_id)
        return reference
    if isinstance(value, Mapping):
        return {key: from_property(item) for key, item in value.items()}
    return _from_simple(value)


def _from_simple(value: bool | float | str | Sequence[PropertyValue] | None) -> Wire:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _number(float(value))
    return [from_property(item) for item in value]


def to_provider(properties: Mapping[str, Wire], *, keep_secrets: bool = True) -> dict[str, PropertyValue]:
    """Convert properties for a provider call."""
    return {key: to_property(value, keep_secrets=keep_secrets) for key, value in properties.items()}


def from_provider(properties: Mapping[str, PropertyValue] | None) -> Properties:
    """Convert properties that a provider returned; null ones are left out."""
    converted = {key: from_property(value) for key, value in (properties or {}).items()}
    return {key: value for key, value in converted.items() if value is not None}


def is_secret(value: Wire) -> bool:
    """Whether the value itself is a secret."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def secret(value: Wire) -> Wire:
    """Mark a value as secret."""
    return value if is_secret(value) else {SIGNATURE: SECRET, "value": value}


def plain(value: Wire) -> Wire:
    """Take the secret marks off, at every depth."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def contains_secret(value: Wire) -> bool:
    """Whether the value is or contains a secret."""
    if isinstance(value, dict):
        return is_secret(value) or any(contains_secret(item) for item in value.values())
    return isinstance(value, list) and any(contains_secret(item) for item in value)


def contains_unknown(value: Wire) -> bool:
    """Whether the value is or contains one that is known only after an update."""
    if isinstance(value, str):
        return value == UNKNOWN
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    return isinstance(value, list) and any(contains_unknown(item) for item in value)


def printable(value: Wire) -> Wire:
    """Return the value as people may see it: secrets, unknown values and assets are named, not shown."""
    if is_secret(value):
        return HIDDEN
    if isinstance(value, dict):
        signature = value.get(SIGNATURE)
        if signature == RESOURCE:
            return value["urn"]
        if signature in {ASSET, ARCHIVE}:
            return "asset " + str(value.get("path") or value.get("uri") or value.get("hash") or "text")
        return {key: printable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [printable(item) for item in value]
    return LATER if isinstance(value, str) and value == UNKNOWN else value


def mark_secrets(outputs: Properties, inputs: Mapping[str, Wire], additional: Sequence[str]) -> Properties:
    """Return outputs in which everything that came in as a secret, or was asked to be one, is secret.

    A provider that does not carry secrets through must not turn one into plain text (Pulumi:
    `annotateSecrets`).
    """
    marked = {key: _mark(value, inputs.get(key)) for key, value in outputs.items()}
    for key in additional:
        if key in marked:
            marked[key] = secret(marked[key])
    return marked


def _mark(value: Wire, source: Wire) -> Wire:
    if is_secret(value):
        return value
    if is_secret(source):
        return secret(value)
    if isinstance(value, dict) and isinstance(source, dict):
        return {key: _mark(item, source.get(key)) for key, item in value.items()}
    if isinstance(source, list) and contains_secret(source):
        # A list may come back in another order: unless it is the same, a secret element makes it secret as a whole.
        return source if plain(value) == plain(source) else secret(value)
    return value
