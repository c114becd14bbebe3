"""What clusters refuse, and tags of what is not there.

The codes are those of the API Reference; the words those that users quote from AWS in public repositories, and those of
getmoto/moto's test_list_tags_exceptions.
"""

from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecs import state
from localcloud.emulator.ecs.answers import Refused, Request, cluster_of

_NOT_THERE = {
    "service": ("ServiceNotFoundException", "Service not found."),
    "cluster": ("ClusterNotFoundException", "Cluster not found."),
    "task-definition": ("ClientException", "Unable to describe task definition."),
}


def check_deletion(request: Request) -> None:
    """Accept the deletion of an empty cluster.

    Raises:
        Refused: It has services (ClusterContainsServicesException) or tasks (ClusterContainsTasksException).
    """
    cluster = cluster_of(request)
    arn = cluster["clusterArn"]
    services = upstream.ecs._services.values()
    if any(entry["clusterArn"] == arn and entry["status"] == "ACTIVE" for entry in services):
        raise Refused(
            "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
        )
    tasks = upstream.ecs._tasks.values()
    if any(entry["clusterArn"] == arn and state.is_live(entry) for entry in tasks):
        raise Refused(
            "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."
        )


def check_resource(request: Request) -> None:
    """Accept the ARN of something that can have tags and is there.

    Raises:
        Refused: InvalidParameterException.
    """
    ecs, arn = upstream.ecs, str(request["resourceArn"])
    known = (
        *(entry["clusterArn"] for entry in ecs._clusters.values()),
        *(entry["taskDefinitionArn"] for entry in ecs._task_defs.values()),
        *(entry["serviceArn"] for entry in ecs._services.values()),
        *(entry["taskArn"] for entry in ecs._tasks.values()),
        *(entry["capacityProviderArn"] for entry in ecs._capacity_providers.values()),
    )
    if arn not in known and arn not in ecs._tags:
        kind = arn.split(":", 5)[-1].partition("/")[0]
        raise Refused(
            *_NOT_THERE.get(kind, ("InvalidParameterException", f"The resource {arn} is not there."))
        )


def keep_defaults(request: Request, document: dict[str, Any]) -> None:
    """Keep a new cluster's default namespace, which MiniStack drops."""
    defaults = request.get("serviceConnectDefaults")
    cluster = upstream.ecs._clusters.get(document["cluster"]["clusterName"])
    if defaults and cluster is not None:
        cluster["serviceConnectDefaults"] = dict(defaults)
        document["cluster"] = {**document["cluster"], "serviceConnectDefaults": dict(defaults)}
