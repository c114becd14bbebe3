"""Cloud Map as ECS uses it: namespaces, services and their instances, in the caller's account and region.

Everything here runs on the event loop's thread, where the API's handlers change the same state.
"""

from collections.abc import Mapping

from localcloud.emulator.cloud_map.model import (
    DNS_PRIVATE,
    HTTP,
    STORE,
    Instance,
    Namespace,
    Service,
    random_id,
)

Attributes = Mapping[str, str]


def namespace(reference: str) -> Namespace | None:
    """A namespace by its name, id or ARN."""
    stored = STORE.here().namespaces.values()
    return next((entry for entry in stored if reference in {entry.name, entry.id, entry.arn}), None)


def service(service_id: str) -> Service | None:
    """A service by its id."""
    return STORE.here().services.get(service_id)


def service_named(name: str, namespace_id: str) -> Service | None:
    """A service by its name in a namespace."""
    stored = STORE.here().services.values()
    return next((entry for entry in stored if (entry.name, entry.namespace) == (name, namespace_id)), None)


def create_service(name: str, namespace_id: str) -> Service | None:
    """Make a service found through the API only, as ECS does for Service Connect; None without its namespace."""
    here = STORE.here()
    if namespace_id not in here.namespaces:
        return None
    made = Service(name=name, namespace=namespace_id, type=HTTP, creator_request_id=random_id(32))
    here.services[made.id] = made
    return made


def delete_service(service_id: str) -> None:
    """Remove a service; being gone already is what was wanted."""
    STORE.here().services.pop(service_id, None)


def register(service_id: str, instance: str, attributes: Attributes, *, healthy: bool) -> None:
    """Add an instance to a service that is there."""
    found = service(service_id)
    if found is not None:
        found.register(
            Instance(
                id=instance,
                attributes=dict(attributes),
                creator_request_id=random_id(32),
                healthy=healthy,
            )
        )


def deregister(service_id: str, instance: str) -> None:
    """Take an instance out of a service; either being gone already is what was wanted."""
    found = service(service_id)
    if found is not None:
        found.deregister(instance)


def set_health(service_id: str, instance: str, *, healthy: bool) -> None:
    """Say whether an instance is healthy; one that somebody took out stays out."""
    found = service(service_id)
    if found is not None and instance in found.instances:
        found.set_health(instance, healthy=healthy)


def addresses(service_id: str) -> list[str]:
    """IPv4 addresses of a service's healthy instances."""
    found = service(service_id)
    return found.addresses() if found is not None else []


def private_records() -> dict[str, list[str]]:
    """The A records of all private DNS namespaces: addresses by `service.namespace`."""
    here = STORE.here()
    domains = {entry.id: entry.name for entry in here.namespaces.values() if entry.type == DNS_PRIVATE}
    return {
        f"{entry.name}.{domains[entry.namespace]}": entry.addresses()
        for entry in here.services.values()
        if entry.namespace in domains and "A" in entry.records
    }
