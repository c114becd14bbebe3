"""When two property values mean the same to AWS."""

import json
from collections.abc import Mapping
from typing import Any

from localcloud.providers.aws.resource_type import ResourceType
from localcloud.providers.aws.wire import join
from localcloud.providers.values import UNKNOWN


def same(kind: ResourceType, old: Any, new: Any, path: str) -> bool:  # noqa: PLR0911  one return per kind of value
    """Whether a changed spelling changes nothing: JSON formatting, the order of a set, an empty or absent value.

    Args:
        kind: The resource's type.
        old: Recorded value.
        new: Wanted value.
        path: Property path in the table's terms (without indexes).
    """
    if old is UNKNOWN or new is UNKNOWN:
        return False
    if old == new or (_empty(old) and _empty(new)) or (new is None and says_nothing(old)):
        return True
    if new is None and (path in kind.computed or kind.neutral.get(path) == old):
        return True
    if path in kind.equal and not isinstance(old, Mapping):
        return old is not None and new is not None and bool(kind.equal[path](old, new))
    if path in kind.json:
        return bool(_json(old) == _json(new))
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return all(same(kind, old.get(key), new.get(key), join(path, key)) for key in {*old, *new})
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return _same_items(kind, old, new, path)
    return False


def _same_items(kind: ResourceType, old: list[Any], new: list[Any], path: str) -> bool:
    if path not in kind.sets:
        return all(same(kind, one, other, path) for one, other in zip(old, new, strict=True))
    left = list(new)
    for item in old:
        match = next((index for index, other in enumerate(left) if same(kind, item, other, path)), None)
        if match is None:
            return False
        del left[match]
    return True


def covers(kind: ResourceType, described: Any, wanted: Any, path: str) -> bool:
    """Whether what AWS describes is what was wanted, where AWS may have filled in more than was said."""
    if path in kind.unread or same(kind, described, wanted, path):
        return True
    if isinstance(wanted, Mapping) and isinstance(described, Mapping):
        return all(covers(kind, described.get(key), item, join(path, key)) for key, item in wanted.items())
    if isinstance(wanted, list) and isinstance(described, list) and len(wanted) == len(described):
        if path in kind.sets:
            return all(any(covers(kind, other, item, path) for other in described) for item in wanted)
        return all(covers(kind, other, item, path) for other, item in zip(described, wanted, strict=True))
    # AWS leaves out what has its neutral value.
    return described is None and wanted in (False, 0, "", "0")


def _empty(value: Any) -> bool:
    return value is None or value in ({}, [], "")


def says_nothing(value: Any) -> bool:
    """Whether AWS describes a property only to say that it is not used: false, zero, nothing, or a block of these.

    Such a value is no difference to a program that does not mention it, and no input of an imported object
    (pulumi-terraform-bridge, `isDefaultOrZeroValue`; terraform-provider-aws,
    `SuppressMissingOptionalConfigurationBlock`).
    """
    if isinstance(value, Mapping):
        return all(says_nothing(item) for item in value.values())
    return not value


def _json(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def same_policy(old: Any, new: Any) -> bool:
    """Whether two IAM policy documents mean the same."""
    return bool(canonical(_json(old)) == canonical(_json(new)))


def canonical(value: Any) -> Any:
    """An IAM document in one spelling: IAM treats `"Action": "x"` and `"Action": ["x"]` alike, in any order."""
    if isinstance(value, Mapping):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [canonical(item) for item in value]
        if len(items) == 1:
            return items[0]
        if all(isinstance(item, str) for item in items):
            return sorted(items)
        return items
    return value
