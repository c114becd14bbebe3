"""What the pulumi_aws SDK says about a resource type or function: property names, types, which are required."""

import functools
import importlib
import inspect
import re
import threading
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union

from pulumi import _types as pulumi_types

Kind = Literal["string", "integer", "number", "boolean", "list", "map", "object", "any"]
SCALARS: Mapping[Any, Kind] = {str: "string", int: "integer", float: "number", bool: "boolean"}


@dataclass(frozen=True)
class PropertyType:
    """Type of one property: a scalar, a list or map of an element type, or an object of an SDK class."""

    kind: Kind
    element: "PropertyType | None" = None
    cls: type | None = None

    @property
    def members(self) -> "Mapping[str, PropertyType]":
        """Properties of an object type, by camelCase name; empty for every other kind."""
        return object_members(self.cls) if self.cls else {}

    @property
    def required(self) -> frozenset[str]:
        """Names of an object type's required properties."""
        return required_members(self.cls) if self.cls else frozenset()


_importing = threading.Lock()
ANY = PropertyType("any")


@dataclass(frozen=True)
class ResourceSchema:
    """Inputs and outputs of one resource type as pulumi_aws declares them."""

    inputs: Mapping[str, PropertyType]
    required: frozenset[str]
    outputs: Mapping[str, PropertyType]

    @property
    def computed(self) -> frozenset[str]:
        """Outputs that cannot be given as inputs."""
        return frozenset(self.outputs) - frozenset(self.inputs)


@dataclass(frozen=True)
class FunctionSchema:
    """Arguments and results of one function as pulumi_aws declares them."""

    arguments: Mapping[str, PropertyType]
    results: Mapping[str, PropertyType]


def snake(name: str) -> str:
    """`taskDefinition` → `task_definition`, as the SDK generator names its modules."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def camel(name: str) -> str:
    """`task_definition` → `taskDefinition`."""
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def _import(name: str) -> Any:
    """Import a module, one at a time.

    The SDK's modules import each other in circles, and threads that begin at different ends
    of one would wait for each other, which Python ends with an error. Its packages load on first use; a module
    imported before that would load its package half-way through itself, which then lacks the module's names for
    everybody in the process.
    """
    with _importing:
        getattr(importlib.import_module(name.rpartition(".")[0]), "__all__", None)
        return importlib.import_module(name)


def _module(token: str) -> tuple[Any, str]:
    """The generated module of a token such as `aws:ecs/cluster:Cluster`, and the member's name."""
    package, path, member = token.split(":")
    folder, _, file = path.partition("/")
    parts = [f"pulumi_{package}", *([] if folder == "index" else [folder]), snake(file or member)]
    return _import(".".join(parts)), member


@functools.cache
def resource_schema(token: str) -> ResourceSchema:
    """Read a resource type's schema from its SDK classes.

    Raises:
        ModuleNotFoundError: the SDK has no such type.
        AttributeError: the SDK has no such type.
    """
    module, member = _module(token)
    # Where a nested type already has the name, the generator calls the resource's own arguments …InitArgs.
    arguments = getattr(module, f"{member}InitArgs", None) or getattr(module, f"{member}Args")
    outputs = pulumi_types.resource_types(getattr(module, member))
    return ResourceSchema(
        inputs=object_members(arguments),
        required=required_members(arguments),
        outputs={name: _property_type(hint) for name, hint in outputs.items()},
    )


@functools.cache
def function_schema(token: str) -> FunctionSchema:
    """Read a function's schema from its SDK function and result class.

    Raises:
        ModuleNotFoundError: the SDK has no such function.
        AttributeError: the SDK has no such function.
    """
    module, member = _module(token)
    function = getattr(module, snake(member))
    result = getattr(module, f"{member[0].upper()}{member[1:]}Result")
    # The generated functions are wrapped; only the undecorated one tells its parameters.
    parameters = inspect.signature(inspect.unwrap(function)).parameters
    hints = typing.get_type_hints(inspect.unwrap(function))
    return FunctionSchema(
        arguments={
            camel(name): _property_type(hints.get(name, Any)) for name in parameters if name != "opts"
        },
        results=object_members(result),
    )


@functools.cache
def provider_inputs() -> Mapping[str, PropertyType]:
    """Configuration the real `aws` provider takes."""
    return object_members(_import("pulumi_aws.provider").ProviderArgs)


@functools.cache
def object_members(cls: type) -> Mapping[str, PropertyType]:
    """Properties of an SDK input or output class, by camelCase name."""
    output = pulumi_types.is_output_type(cls)
    hints = pulumi_types.output_type_types(cls) if output else pulumi_types.input_type_types(cls)
    return {name: _property_type(hint) for name, hint in hints.items()}


@functools.cache
def required_members(cls: type) -> frozenset[str]:
    """Required properties of an SDK input class: its constructor's parameters without a default."""
    names = pulumi_types.input_type_py_to_pulumi_names(cls)
    # getattr: mypy knows __init__ only on instances, and the class's own one is what is asked for.
    parameters = inspect.signature(getattr(cls, "__init__")).parameters  # noqa: B009
    return frozenset(
        names[name]
        for name, item in parameters.items()
        if name in names and item.default is inspect.Parameter.empty
    )


def _property_type(hint: Any) -> PropertyType:  # noqa: PLR0911  one return per kind of hint reads best
    if hint in SCALARS:
        return PropertyType(SCALARS[hint])
    origin = typing.get_origin(hint)
    if origin is Union or str(origin) == "<class 'types.UnionType'>":
        return _union_type(typing.get_args(hint))
    if origin is not None and issubclass(origin, Mapping):
        return PropertyType("map", element=_property_type(typing.get_args(hint)[1]))
    if origin is not None and issubclass(origin, Sequence):
        return PropertyType("list", element=_property_type(typing.get_args(hint)[0]))
    if isinstance(hint, type) and (pulumi_types.is_input_type(hint) or pulumi_types.is_output_type(hint)):
        return PropertyType("object", cls=hint)
    if isinstance(hint, type) and issubclass(hint, str):
        return PropertyType("string")
    return ANY


def _union_type(members: Sequence[Any]) -> PropertyType:
    """The concrete type of `Input[T]`, `Optional[T]`, or `Union[str, Enum]`."""
    kinds = [kind for item in members if (kind := _property_type(item)) != ANY]
    if len(set(kinds)) == 1:
        return kinds[0]
    # A policy document may be given as text or as an object: the text form is what AWS stores.
    strings = [kind for kind in kinds if kind.kind == "string"]
    return strings[0] if strings else (kinds[0] if kinds else ANY)
