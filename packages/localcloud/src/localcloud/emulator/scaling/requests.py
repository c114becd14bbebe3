"""What the operations have in common: whose request it is, which service it names, pages."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from localcloud.emulator import paging, upstream
from localcloud.emulator.json_api import Refused, Request
from localcloud.emulator.scaling.errors import invalid, unknown
from localcloud.emulator.scaling.model import DIMENSION, NAMESPACE, ScalableTarget, Scope, ServiceRef, Store

T = TypeVar("T")
PAGE = 50


def current_scope() -> Scope:
    """Account and region of the request that is being answered."""
    return Scope(upstream.responses.get_account_id(), upstream.responses.get_region())


def service_ref(request: Request) -> ServiceRef:
    """The ECS service a request names.

    Raises:
        Refused: ValidationException; what is named is no ECS service.
    """
    namespace, resource = str(request["ServiceNamespace"]), str(request["ResourceId"])
    if namespace != NAMESPACE:
        raise invalid(
            f"The local cloud scales ECS services only; service namespace {namespace} is not emulated."
        )
    parts = resource.split("/")
    if (
        request["ScalableDimension"] != DIMENSION
        or len(parts) != 3
        or parts[0] != "service"
        or not all(parts)
    ):
        raise invalid("Unsupported service namespace, resource type or scalable dimension")
    return ServiceRef(current_scope(), parts[1], parts[2])


def registered(store: Store, request: Request) -> ScalableTarget:
    """The scalable target a request names.

    Raises:
        Refused: ObjectNotFoundException; it is not registered.
    """
    ref = service_ref(request)
    target = store.target(ref)
    if target is None:
        raise unknown(f"No scalable target registered for {ref.words}")
    return target


def identity(ref: ServiceRef) -> dict[str, str]:
    """The members every description begins with."""
    return {"ServiceNamespace": NAMESPACE, "ResourceId": ref.resource_id, "ScalableDimension": DIMENSION}


def check_filters(request: Request) -> None:
    """Refuse a describe request that names a dimension of no resource.

    Raises:
        Refused: ValidationException.
    """
    if request.get("ScalableDimension") and not (request.get("ResourceId") or request.get("ResourceIds")):
        raise invalid("If you specify a scalable dimension, you must also specify a resource ID.")


def concerns(request: Request, ref: ServiceRef) -> bool:
    """Whether a describe request's filters let a service through."""
    return (
        request["ServiceNamespace"] == NAMESPACE
        and request.get("ResourceId") in {None, ref.resource_id}
        and request.get("ScalableDimension") in {None, DIMENSION}
    )


def page(
    request: Request,
    name: str,
    found: Sequence[T],
    show: Callable[[T], Mapping[str, Any]],
    *,
    most: int = PAGE,
) -> Request:
    """One page of a describe operation's answer, of `most` entries when the request does not say how many.

    Raises:
        Refused: InvalidNextTokenException, or ValidationException for MaxResults outside 1 to `most`.
    """
    given = request.get("MaxResults")
    size = most if given is None else int(given)
    if not 1 <= size <= most:
        raise invalid(
            f"Value '{size}' at 'maxResults' failed to satisfy constraint: a number from 1 to {most}"
        )
    try:
        entries, following = paging.page(found, size=size, token=request.get("NextToken"))
    except paging.UnknownTokenError:
        raise Refused("InvalidNextTokenException", "The next token is not valid.") from None
    return {name: [show(entry) for entry in entries], "NextToken": following}


def timestamp(moment: datetime) -> float:
    """A time as the JSON protocol carries it: seconds since 1970."""
    return round(moment.timestamp(), 3)


def moment(value: object) -> datetime | None:
    """A time from a request, in seconds since 1970 or in ISO 8601; None when it is not given.

    Raises:
        Refused: ValidationException; it is no time.
    """
    if value is None:
        return None
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        raise invalid(f"{value!r} is not a time") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
