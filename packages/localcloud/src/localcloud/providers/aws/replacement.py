"""How a change of a resource is carried out, as the engine wants to be told."""

from pulumi.provider.experimental import provider as protocol

from localcloud.providers.aws.names import made_up
from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.values import Values


def collides(kind: ResourceType, logical: str, old: Values, new: Values) -> bool:
    """Whether old and new object cannot exist side by side: AWS keeps names unique, and this one was given."""
    if kind.delete_before_replace or kind.name is None:
        return kind.delete_before_replace
    name = kind.name.property
    return old.get(name) == new.get(name) and not made_up(kind.name, logical, new)


def property_diff(name: str, old: Values, new: Values, *, replace: bool) -> protocol.PropertyDiff:
    """What kind of change one property undergoes."""
    kinds = protocol.PropertyDiffKind
    if name not in old:
        kind = kinds.ADD_REPLACE if replace else kinds.ADD
    elif name not in new and name != "tagsAll":
        kind = kinds.DELETE_REPLACE if replace else kinds.DELETE
    else:
        kind = kinds.UPDATE_REPLACE if replace else kinds.UPDATE
    return protocol.PropertyDiff(kind, input_diff=name in new)
