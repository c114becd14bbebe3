"""Tags: merged with the provider's default tags, sent at create, updated on change."""

from collections.abc import Mapping
from typing import Any

import jmespath

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import TagApi
from localcloud.providers.values import UNKNOWN, Values

# EC2 objects without a name of their own carry the fingerprint of their URN, so that one left behind by an
# interrupted create can be found again. It never appears in a resource's properties.
CREATED_AS = "localcloud:created-as"


def merged(default_tags: Mapping[str, str], tags: Any) -> Any:
    """The provider's default tags overridden by the resource's own (Terraform: `tags_all`)."""
    if tags is UNKNOWN:
        return UNKNOWN
    return {**default_tags, **(tags or {})}


def to_wire(api: TagApi, tags: Mapping[str, Any]) -> Any:
    """Tags in the service's form."""
    if not api.key:
        return dict(tags)
    return [{api.key: key, api.value: value} for key, value in tags.items()]


def from_wire(api: TagApi, wire: Any) -> dict[str, str]:
    """Tags from the service's form, without those the local cloud or AWS itself sets."""
    pairs = (
        wire.items()
        if isinstance(wire, Mapping)
        else ((tag[api.key], tag.get(api.value, "")) for tag in wire or [])
    )
    return {key: value for key, value in pairs if not key.startswith(("aws:", CREATED_AS))}


def at_create(api: TagApi, tags: Any, fingerprint: str) -> Values:
    """The members of a create request that carry the tags; tags that are not known yet cannot be checked."""
    if tags is UNKNOWN:
        return {}
    if api.ec2_type:
        wire = to_wire(api, {**tags, **({CREATED_AS: fingerprint} if fingerprint else {})})
        return {"TagSpecifications": [{"ResourceType": api.ec2_type, "Tags": wire}]} if wire else {}
    if api.marked and fingerprint:
        tags = {**tags, CREATED_AS: fingerprint}
    return {api.member: to_wire(api, tags)} if api.member and tags else {}


def update(
    context: Context, api: TagApi, state: Values, old: Mapping[str, str], new: Mapping[str, str]
) -> None:
    """Bring the tags of an existing object from `old` to `new`.

    Raises:
        LocalCloudError: AWS refused a call.
    """
    if api.by_hand:
        return
    gone = [key for key in old if key not in new]
    if gone:
        keys: Any = [{api.key: key} for key in gone] if api.untag_wrap else gone
        context.call(api.untag, {**api.keys(state), api.untag_member: keys})
    changed = {key: value for key, value in new.items() if old.get(key) != value}
    if changed:
        context.call(api.tag, {**api.keys(state), api.tag_member: to_wire(api, changed)})


def read(context: Context, api: TagApi, state: Values, described: Any) -> dict[str, str]:
    """The tags AWS has, from the description or by their own call.

    Raises:
        LocalCloudError: AWS refused the call.
    """
    source = context.find_call(api.read, api.keys(state)) if api.read else described
    return from_wire(api, jmespath.search(api.read_result, source))
