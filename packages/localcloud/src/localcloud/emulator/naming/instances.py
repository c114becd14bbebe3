"""Which Cloud Map instances the tasks of ECS services are to be: a pure reading of the services' and tasks' records."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.emulator.ecs import state
from localcloud.emulator.ecs.state import Record, ServiceKey
from localcloud.emulator.naming import cloud_map, service_connect
from localcloud.emulator.shifting import placement
from localcloud.emulator.shifting.phases import is_gradual

_NAMING = ("serviceRegistries", "serviceConnectConfiguration")


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A task in a Cloud Map service.

    Args:
        account: Account of both.
        region: Region of both.
        service: Id of the Cloud Map service.
        id: Id of the task.
        attributes: What ECS says about the task.
        healthy: Whether its containers' health checks pass; true where it has none.
    """

    account: str
    region: str
    service: str
    id: str
    attributes: tuple[tuple[str, str], ...]
    healthy: bool


def revision_of(service: Record, task: Record) -> Mapping[str, Any]:
    """What the service was asked to be when its task was started."""
    deployment = next(
        (entry for entry in service["deployments"] if entry["id"] == task.get("_deployment_id")), None
    )
    revisions = service.get("_service_revisions") or []
    wanted = deployment["_revision"] if deployment else None
    return next((entry for entry in revisions if entry["serviceRevisionArn"] == wanted), service)


def wanted(key: ServiceKey, service: Record) -> Iterator[Instance]:
    """The instances of one service's tasks: those that run and are not on their way out."""
    revisions = [service, *(service.get("_service_revisions") or [])]
    named = any(entry.get(name) for entry in revisions for name in _NAMING)
    if service["status"] != "ACTIVE" or not named:
        return
    for task in state.tasks_of(key, service):
        if task["lastStatus"] != "RUNNING" or task["desiredStatus"] != "RUNNING":
            continue
        revision = revision_of(service, task)
        for service_id, container, port in _places(service, task, revision):
            address = _address(task, container)
            if address and cloud_map.service(service_id):
                yield Instance(
                    account=key.account,
                    region=key.region,
                    service=service_id,
                    id=state.task_id(task),
                    attributes=tuple(_attributes(key, service, task, address, port).items()),
                    healthy=not task.get("_has_health_check") or task["healthStatus"] == "HEALTHY",
                )


def _places(
    service: Record, task: Record, revision: Mapping[str, Any]
) -> Iterator[tuple[str, str | None, int | None]]:
    """Where a task is to be registered: Cloud Map service, container and port."""
    for registry in revision.get("serviceRegistries") or []:
        port = registry.get("port") or registry.get("containerPort")
        service_id = str(registry.get("registryArn") or "").rpartition("/")[2]
        yield service_id, registry.get("containerName"), int(port) if port else None
    if not _takes_calls(service, task):
        return
    configuration = revision.get("serviceConnectConfiguration")
    for offer in service_connect.offers(configuration, str(service["clusterArn"])):
        entry = cloud_map.service_named(offer.name, offer.namespace)
        found = service_connect.port_of(offer.port_name, task["_definition"])
        if entry and found:
            yield entry.id, *found


def _takes_calls(service: Record, task: Record) -> bool:
    """Whether Service Connect leads to a task: in a gradual deployment not to the new one until it is the live one."""
    live = placement.serving(service)
    if live is None or not is_gradual(service["deploymentConfiguration"]):
        return True
    return bool(task.get("_deployment_id") == live["id"])


def _address(task: Record, container: str | None) -> str:
    known = task.get("_addresses") or {}
    return str(known.get(container) or next(iter(known.values()), ""))


def _attributes(
    key: ServiceKey, service: Record, task: Record, address: str, port: int | None
) -> dict[str, str]:
    """The attributes ECS gives an instance (Developer Guide, "Service discovery considerations")."""
    attributes = {
        "AVAILABILITY_ZONE": str(task.get("availabilityZone") or f"{key.region}a"),
        "AWS_INSTANCE_IPV4": address,
        "ECS_CLUSTER_NAME": key.cluster,
        "ECS_SERVICE_NAME": str(service["serviceName"]),
        "ECS_TASK_DEFINITION_FAMILY": str(task["_definition"]["family"]),
        "REGION": key.region,
    }
    if port:
        attributes["AWS_INSTANCE_PORT"] = str(port)
    return attributes
