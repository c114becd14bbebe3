"""What of an object that is imported counts as given by the program.

pulumi-terraform-bridge, `extractSchemaInputsObject`: everything that can be given, without what is not required and
has its default or nothing as its value.
"""

from collections.abc import Collection, Mapping
from typing import Any

from localcloud.providers.aws.compare import says_nothing
from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.aws.sdk import PropertyType, ResourceSchema
from localcloud.providers.values import Values


def import_inputs(kind: ResourceType, schema: ResourceSchema, state: Values) -> Values:
    """The inputs that a program would have to give for an object of this state.

    Args:
        kind: The object's type.
        schema: What the SDK says about it.
        state: Its state, whole.
    """
    return _object(state, schema.inputs, schema.required, kind.defaults)


def _object(
    value: Mapping[str, Any],
    members: Mapping[str, PropertyType],
    required: Collection[str],
    defaults: Mapping[str, Any],
) -> Values:
    result = {}
    for name, item in value.items():
        if name not in members:
            continue
        inner = _value(item, members[name])
        left_out = inner == defaults[name] if name in defaults else says_nothing(inner)
        if name in required or not left_out:
            result[name] = inner
    return result


def _value(value: Any, kind: PropertyType) -> Any:
    if isinstance(value, list) and kind.element is not None:
        return [_value(item, kind.element) for item in value]
    if isinstance(value, Mapping) and kind.kind == "object":
        return _object(value, kind.members, kind.required, {})
    return value
