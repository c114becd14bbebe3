"""PutClusterCapacityProviders, which takes no capacity provider away from tasks that run on it."""

from collections.abc import Collection, Iterable

from localcloud.emulator import upstream
from localcloud.emulator.ecs import state
from localcloud.emulator.ecs.answers import Refused, Request, cluster_of
from localcloud.emulator.ecs.state import Record


def put_cluster_capacity_providers(request: Request) -> Request:
    """Set a cluster's capacity providers and its default strategy.

    Raises:
        Refused: A task runs on one that is left out.
    """
    cluster = cluster_of(request)
    wanted = list(request.get("capacityProviders") or [])
    with state.LOCK:
        own = [task for task in upstream.ecs._tasks.values() if task["clusterArn"] == cluster["clusterArn"]]
        check(set(cluster.get("capacityProviders") or []) - set(wanted), own)
        cluster["capacityProviders"] = wanted
        cluster["defaultCapacityProviderStrategy"] = list(
            request.get("defaultCapacityProviderStrategy") or []
        )
    return {"cluster": cluster}


def check(leaving: Collection[str], tasks: Iterable[Record]) -> None:
    """Refuse to disassociate what is used.

    "You can only disassociate an existing capacity provider from a cluster if it's not being used by any existing
    tasks" (ECS API Reference, PutClusterCapacityProviders); code and words as in pahud/cdk-fargate-patterns#71.

    Args:
        leaving: Capacity providers that the cluster is to lose.
        tasks: The cluster's tasks.

    Raises:
        Refused: A task that has not stopped runs on one of them.
    """
    used = {task.get("capacityProviderName") for task in tasks if task["lastStatus"] != "STOPPED"}
    if used & set(leaving):
        raise Refused(
            "ResourceInUseException", "The specified capacity provider is in use and cannot be removed."
        )
