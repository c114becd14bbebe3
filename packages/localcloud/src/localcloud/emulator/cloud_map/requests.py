"""What the operations of Cloud Map have in common: filters, pages, tags."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from localcloud.emulator import paging
from localcloud.emulator.json_api import Refused, Request

Entry = TypeVar("Entry")
PAGE = 100
"""Results without MaxResults (API Reference: "If you don't specify a value for MaxResults, AWS Cloud Map returns up to
100")."""
TAG_LIMIT = 50


def invalid(message: str) -> Refused:
    """An InvalidInput."""
    return Refused("InvalidInput", message)


def page(request: Request, name: str, found: Sequence[Entry], show: Callable[[Entry], Request]) -> Request:
    """One page of a list.

    Raises:
        Refused: InvalidInput; the token is none.
    """
    try:
        entries, following = paging.page(
            found, size=int(request.get("MaxResults") or PAGE), token=request.get("NextToken")
        )
    except paging.UnknownTokenError:
        raise invalid("The NextToken is not valid.") from None
    return {name: [show(entry) for entry in entries], "NextToken": following}


def passes(request: Request, values: Mapping[str, str | None]) -> bool:
    """Whether something with these values passes a list request's filters.

    Conditions are EQ (the default), IN, BEGINS_WITH and, for UPDATE_DATE in seconds since 1970, BETWEEN (API Reference,
    NamespaceFilter, ServiceFilter, OperationFilter).

    Raises:
        Refused: InvalidInput; a filter has the wrong number of values.
    """
    return all(_passes(entry, values) for entry in request.get("Filters") or [])


def _passes(entry: Mapping[str, Any], values: Mapping[str, str | None]) -> bool:
    condition, wanted, value = entry.get("Condition") or "EQ", entry["Values"], values.get(entry["Name"])
    if len(wanted) != {"EQ": 1, "BEGINS_WITH": 1, "BETWEEN": 2}.get(condition, len(wanted)) or not wanted:
        raise invalid(f"The filter {entry['Name']} has the wrong number of values for {condition}.")
    if value is None:
        return False
    if condition == "BEGINS_WITH":
        return value.startswith(wanted[0])
    if condition == "BETWEEN":
        return float(wanted[0]) <= float(value) <= float(wanted[1])
    return value in wanted


def tags_of(request: Request) -> dict[str, str]:
    """The tags that a request gives.

    Raises:
        Refused: TooManyTagsException.
    """
    return with_tags({}, request)


def with_tags(present: Mapping[str, str], request: Request) -> dict[str, str]:
    """Tags with those of a request added.

    Raises:
        Refused: TooManyTagsException.
    """
    tags = {**present, **{tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}}
    if len(tags) > TAG_LIMIT:
        raise Refused(
            "TooManyTagsException",
            "The list of tags on the resource is over the quota. The maximum number of tags that can be applied to a "
            f"resource is {TAG_LIMIT}.",
        )
    return tags
