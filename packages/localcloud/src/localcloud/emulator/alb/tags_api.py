"""Tags of load balancers, target groups, listeners and rules."""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator.alb import finding
from localcloud.emulator.alb.finding import Request
from localcloud.emulator.alb.model import Region, Taggable
from localcloud.emulator.alb.refusal import RefusedError

# User Guide, "Tags": 50 per resource; names that begin with aws: are AWS's.
_MOST = 50


def tags_of(request: Request) -> dict[str, str]:
    """The tags a request gives.

    Raises:
        RefusedError: A key is given twice (DuplicateTagKeys), or reserved, or there are too many.
    """
    given: Sequence[Mapping[str, Any]] = request.get("Tags") or ()
    keys = [str(tag["Key"]) for tag in given]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise RefusedError(f"Tag key was specified more than once: {twice[0]}", "DuplicateTagKeys")
    reserved = next((key for key in keys if key.lower().startswith("aws:")), None)
    if reserved:
        raise RefusedError(f"Tag key '{reserved}' is reserved: it begins with aws:")
    if len(keys) > _MOST:
        raise RefusedError(f"The maximum number of tags is '{_MOST}'", "TooManyTags")
    return {str(tag["Key"]): str(tag.get("Value") or "") for tag in given}


def add_tags(region: Region, request: Request) -> None:
    """AddTags."""
    added = tags_of(request)
    resources = [_taggable(region, arn) for arn in request["ResourceArns"]]
    for resource in resources:
        if len(resource.tags | added) > _MOST:
            raise RefusedError(f"The maximum number of tags is '{_MOST}'", "TooManyTags")
    for resource in resources:
        resource.tags.update(added)


def remove_tags(region: Region, request: Request) -> None:
    """RemoveTags."""
    for resource in [_taggable(region, arn) for arn in request["ResourceArns"]]:
        for key in request["TagKeys"]:
            resource.tags.pop(key, None)


def describe_tags(region: Region, request: Request) -> dict[str, Any]:
    """DescribeTags."""
    resources = [_taggable(region, arn) for arn in request["ResourceArns"]]
    return {"TagDescriptions": [{"ResourceArn": one.arn, "Tags": shown(one.tags)} for one in resources]}


def shown(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags in the form of the API."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _taggable(region: Region, arn: str) -> Taggable:
    if ":targetgroup/" in arn:
        return finding.target_group(region, arn)
    if ":loadbalancer/" in arn:
        return finding.balancer(region, arn)
    if ":listener-rule/" in arn:
        return finding.rule(region, arn)
    if ":listener/" in arn:
        return finding.listener(region, arn)
    raise RefusedError(f"Invalid resource ARN: {arn}")
