"""Translate between Pulumi's property names and the members of AWS requests and responses."""

import functools
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from localcloud.providers.aws.inputs import convert_scalar
from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.aws.sdk import PropertyType
from localcloud.providers.values import UNKNOWN, Values, has_unknown

NOT_SENT = object()


@functools.cache
def normal_form(name: str) -> str:
    """What a property and its AWS member have in common: letters only, lower case, singular.

    Terraform names repeated blocks in the singular, Pulumi puts them into the plural, and AWS uses either.
    """
    text = name.replace("_", "").replace("-", "").lower()
    if text.endswith("ies") and len(text) > 4:
        return text[:-3] + "y"
    if text.endswith(("sses", "xes", "ches")):
        return text[:-2]
    if text.endswith("s") and not text.endswith(("ss", "us", "is")):
        return text[:-1]
    return text


def join(path: str, name: str) -> str:
    """Property path of a member."""
    return f"{path}.{name}" if path else name


@dataclass(frozen=True)
class Encoder:
    """Builds one request of a resource type, and remembers which property each request member came from.

    Args:
        kind: The resource type.
        origins: Member path of the request → property path, both with list indexes; filled while encoding.
    """

    kind: ResourceType
    origins: dict[str, str] = field(default_factory=dict)

    def request(self, values: Values, shape: StructureShape, names: Collection[str] | None = None) -> Values:
        """The request members that come from properties.

        Args:
            values: Checked properties.
            shape: The operation's request shape.
            names: Properties to send; None means all that have a member.
        """
        out: Values = {}
        chosen = {name: item for name, item in values.items() if names is None or name in names}
        self._object(chosen, shape, _Place("", "", ""), out)
        return out

    def origin(self, member: str) -> str:
        """The property path a request member path came from: its own, or that of the nearest level above."""
        while member and member not in self.origins:
            member = member[: max(member.rfind("."), member.rfind("["), 0)]
        return self.origins.get(member, "")

    def target(self, where: str, shape: StructureShape) -> str | None:
        """Member path of a property within its parent's shape, or None when the shape has none."""
        mapped = self.kind.members.get(where)
        if mapped is not None:
            return (
                mapped
                if not mapped or mapped.split(".")[0] in shape.members
                else self._in_body(mapped, shape)
            )
        name = normal_form(where.rsplit(".", 1)[-1])
        found = _members_by_form(shape).get(name)
        body = shape.members.get(self.kind.body)
        if found is not None or "." in where or body is None:
            return found
        inner = _members_by_form(_structure(body)).get(name)
        return f"{self.kind.body}.{inner}" if inner else None

    def _in_body(self, mapped: str, shape: StructureShape) -> str | None:
        body = shape.members.get(self.kind.body)
        inside = body is not None and mapped.split(".", maxsplit=1)[0] in _structure(body).members
        return f"{self.kind.body}.{mapped}" if inside else None

    def _object(self, values: Mapping[str, Any], shape: StructureShape, place: "_Place", out: Values) -> None:
        for name, item in values.items():
            inner = place.property(name)
            if item is None or (not place.where and name in self.kind.local):
                continue
            target = self.target(inner.where, shape)
            if target is not None:
                self._put(out, shape, target, item, inner)

    def _put(self, out: Values, shape: StructureShape, target: str, item: Any, place: "_Place") -> None:
        codec = self.kind.codecs.get(place.where)
        if codec is not None:
            # A conversion sees whole values only: a map with one unknown entry is as a whole not known yet.
            item = UNKNOWN if has_unknown(item) else codec.to_wire(item)
            if item is None:
                return
        if not target:
            if isinstance(item, Mapping):
                self._object(item, shape, place, out)
            return
        *parents, last = target.split(".")
        for parent in parents:
            member = shape.members[parent]
            # A body may be a list of which this resource is one entry (EventBridge: Targets).
            inner = out.setdefault(parent, [{}] if isinstance(member, ListShape) else {})
            if inner is UNKNOWN:
                return  # a neighbour left the whole structure to the update
            out, shape = inner[0] if isinstance(inner, list) else inner, _structure(member)
        place = place.member(target)
        self.origins[place.wire] = place.shown
        value = self._value(item, shape.members[last], place)
        # Several properties together may be one structure (ECS: deploymentConfiguration and its neighbours).
        out[last] = (
            {**out[last], **value} if isinstance(out.get(last), dict) and isinstance(value, dict) else value
        )

    def _value(self, item: Any, shape: Shape, place: "_Place") -> Any:  # noqa: PLR0911  one return per kind of shape
        if item is UNKNOWN:
            return UNKNOWN
        if place.where in self.kind.json:
            return _document(item, shape)
        if isinstance(shape, ListShape):
            if not isinstance(item, list):
                return [self._value(item, shape.member, place.item(0, shown=False))]
            return [self._value(each, shape.member, place.item(index)) for index, each in enumerate(item)]
        if isinstance(shape, StructureShape):
            if isinstance(item, list):  # Terraform repeats some blocks of which AWS takes one
                item = item[0] if item else {}
            inner: Values = {}
            self.origins[place.wire] = place.shown
            if isinstance(item, Mapping):
                self._object(item, shape, place, inner)
            return inner
        if isinstance(shape, MapShape) and isinstance(item, Mapping):
            return {key: self._value(each, shape.value, place) for key, each in item.items()}
        return encode_scalar(item, shape)


@dataclass(frozen=True)
class _Place:
    """Where the encoder stands: in the table's terms, in the inputs, and in the request."""

    where: str
    shown: str
    wire: str

    def property(self, name: str) -> "_Place":
        return _Place(join(self.where, name), join(self.shown, name), self.wire)

    def member(self, target: str) -> "_Place":
        return _Place(self.where, self.shown, join(self.wire, target))

    def item(self, index: int, *, shown: bool = True) -> "_Place":
        return _Place(self.where, f"{self.shown}[{index}]" if shown else self.shown, f"{self.wire}[{index}]")


def _structure(shape: Shape) -> StructureShape:
    if isinstance(shape, ListShape):
        shape = shape.member
    if not isinstance(shape, StructureShape):
        raise TypeError(f"{shape.name} is no structure: a member path of the table leads through it")
    return shape


@functools.cache
def _members_by_form(shape: StructureShape) -> Mapping[str, str]:
    return {normal_form(name): name for name in reversed(list(shape.members))}


def _document(item: Any, shape: Shape) -> Any:
    if shape.type_name == "string":
        return item if isinstance(item, str) else json.dumps(item)
    return json.loads(item) if isinstance(item, str) else item


def encode_scalar(item: Any, shape: Shape) -> Any:
    """A scalar as the request model wants it; what cannot be converted is left for validation to refuse."""
    wanted = {"integer": "integer", "long": "integer", "float": "number", "double": "number"}.get(
        shape.type_name, shape.type_name
    )
    if wanted in ("string", "integer", "number", "boolean"):
        converted = convert_scalar(item, wanted)
        return item if converted is None else converted
    if shape.type_name == "blob" and isinstance(item, str):
        return item.encode()
    return item


@dataclass(frozen=True)
class Decoder:
    """Reads a described AWS object back into Pulumi properties."""

    kind: ResourceType

    def properties(
        self, wire: Mapping[str, Any], types: Mapping[str, PropertyType], path: str = ""
    ) -> Values:
        """The properties of `types` that the described object carries."""
        result = {}
        for name, property_type in types.items():
            where = join(path, name)
            if not path and name in self.kind.local:
                continue
            found = self._find(wire, where)
            if found is NOT_SENT or found is None:
                continue
            codec = self.kind.codecs.get(where)
            if codec is not None and codec.from_wire is not None:
                value = codec.from_wire(found)
            else:
                value = self._value(codec.described(found) if codec else found, property_type, where)
            if value is not None:
                result[name] = value
        return result

    def _find(self, wire: Mapping[str, Any], where: str) -> Any:
        mapped = self.kind.members.get(where)
        if mapped is None:
            wanted = normal_form(where.rsplit(".", 1)[-1])
            return next((item for key, item in wire.items() if normal_form(key) == wanted), NOT_SENT)
        found: Any = wire
        for part in [part for part in mapped.split(".") if part]:
            if isinstance(found, list):
                found = found[0] if found else None
            if not isinstance(found, Mapping) or part not in found:
                return NOT_SENT
            found = found[part]
        return found

    def _value(self, item: Any, kind: PropertyType, where: str) -> Any:  # noqa: PLR0911  one return per kind
        if where in self.kind.json:
            return item if isinstance(item, str) else json.dumps(item, default=str)
        if kind.kind == "list" and kind.element is not None:
            items = item if isinstance(item, list) else [item]
            return [self._value(each, kind.element, where) for each in items]
        if isinstance(item, list):
            return self._value(item[0], kind, where) if item else None
        if kind.kind == "object":
            return self.properties(item, kind.members, where) if isinstance(item, Mapping) else None
        if kind.kind == "map" and kind.element is not None:
            if not isinstance(item, Mapping):
                return None
            return {key: self._value(each, kind.element, where) for key, each in item.items()}
        if kind.kind == "any" or hasattr(item, "isoformat"):
            return item
        return convert_scalar(item, kind.kind)
