"""Cloud Map as MiniStack keeps it: namespaces, services and their instances, in the caller's account and region.

Everything here runs on the event loop's thread, where MiniStack's handlers change the same stores.
"""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecs.state import Record

Attributes = Mapping[str, str]


def namespace(reference: str) -> Record | None:
    """A namespace by its name, id or ARN."""
    stored = upstream.servicediscovery._namespaces.values()
    return next((entry for entry in stored if reference in {entry["Name"], entry["Id"], entry["Arn"]}), None)


def service(service_id: str) -> Record | None:
    """A service by its id."""
    found: Record | None = upstream.servicediscovery._services.get(service_id)
    return found


def service_named(name: str, namespace_id: str) -> Record | None:
    """A service by its name in a namespace."""
    stored = upstream.servicediscovery._services.values()
    return next(
        (entry for entry in stored if (entry["Name"], entry["NamespaceId"]) == (name, namespace_id)), None
    )


def create_service(name: str, namespace_id: str) -> Record | None:
    """Make a service that is found through the API only, as ECS does for Service Connect."""
    upstream.servicediscovery._create_service({"Name": name, "NamespaceId": namespace_id})
    return service_named(name, namespace_id)


def delete_service(service_id: str) -> None:
    """Remove a service; being gone already is what was wanted."""
    upstream.servicediscovery._delete_service({"Id": service_id})


def register(service_id: str, instance: str, attributes: Attributes, *, healthy: bool) -> None:
    """Add an instance to a service."""
    upstream.servicediscovery._register_instance(
        {"ServiceId": service_id, "InstanceId": instance, "Attributes": dict(attributes)}
    )
    if not healthy:
        set_health(service_id, instance, healthy=False)


def deregister(service_id: str, instance: str) -> None:
    """Take an instance out of a service."""
    upstream.servicediscovery._deregister_instance({"ServiceId": service_id, "InstanceId": instance})


def set_health(service_id: str, instance: str, *, healthy: bool) -> None:
    """Say whether an instance is healthy."""
    status = "HEALTHY" if healthy else "UNHEALTHY"
    upstream.servicediscovery._update_instance_custom_health_status(
        {"ServiceId": service_id, "InstanceId": instance, "Status": status}
    )


def addresses(service_id: str) -> list[str]:
    """IPv4 addresses of a service's healthy instances."""
    instances = upstream.servicediscovery._instances.get(service_id) or {}
    statuses = upstream.servicediscovery._instance_health_status.get(service_id) or {}
    found = [
        str((entry.get("Attributes") or {}).get("AWS_INSTANCE_IPV4") or "")
        for name, entry in instances.items()
        if statuses.get(name, "HEALTHY") == "HEALTHY"
    ]
    return [address for address in found if address]


def private_records() -> dict[str, list[str]]:
    """The A records of all private DNS namespaces: addresses by `service.namespace`."""
    domains = {
        entry["Id"]: entry["Name"]
        for entry in upstream.servicediscovery._namespaces.values()
        if entry["Type"] == "DNS_PRIVATE"
    }
    return {
        f"{entry['Name']}.{domains[entry['NamespaceId']]}": addresses(entry["Id"])
        for entry in upstream.servicediscovery._services.values()
        if entry["NamespaceId"] in domains and _has_a_record(entry)
    }


def _has_a_record(entry: Mapping[str, Any]) -> bool:
    records = (entry.get("DnsConfig") or {}).get("DnsRecords") or []
    return any(record.get("Type") == "A" for record in records)
