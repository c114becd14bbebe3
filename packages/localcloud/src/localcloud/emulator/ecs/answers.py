"""What the ECS operations we answer have in common: finding what a request names, and AWS's refusals."""

from collections.abc import Callable

from localcloud.emulator import upstream
from localcloud.emulator.ecs import state
from localcloud.emulator.ecs.state import Record, ServiceKey
from localcloud.emulator.json_api import Refused, Request, Response, refused

__all__ = ["Refused", "Request", "Response", "answering", "cluster_of", "service_of"]


def answering(operation: Callable[[Request], Request]) -> Callable[[Request], Response]:
    """An operation as a handler in MiniStack's action map."""

    def answer(request: Request) -> Response:
        try:
            document = operation(request)
        except Refused as refusal:
            return refused(refusal)
        with state.LOCK:
            response: Response = upstream.responses.json_response(upstream.ecs._sanitize(document))
        return response

    return answer


def cluster_of(request: Request) -> Record:
    """The cluster a request names.

    Raises:
        Refused: There is none.
    """
    name = upstream.ecs._resolve_cluster_name(request.get("cluster") or "default")
    record: Record | None = upstream.ecs._clusters.get(name) if name else None
    if record is None:
        raise Refused("ClusterNotFoundException", "Cluster not found.")
    return record


def service_of(request: Request) -> tuple[ServiceKey, Record]:
    """The service a request names, by name or ARN.

    Raises:
        Refused: There is none.
    """
    reference = upstream.ecs._resolve_service_ref(str(request.get("service") or ""))
    if reference and reference[1] and not request.get("cluster"):
        request = {**request, "cluster": reference[1]}
    cluster = cluster_of(request)
    if reference is None or reference[1] not in {None, cluster["clusterName"]}:
        raise Refused("ServiceNotFoundException", "Service not found.")
    key = ServiceKey(
        upstream.responses.get_account_id(),
        upstream.responses.get_region(),
        f"{cluster['clusterName']}/{reference[0]}",
    )
    service = key.record()
    if service is None:
        raise Refused("ServiceNotFoundException", "Service not found.")
    return key, service
