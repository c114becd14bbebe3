"""Operations on instances, and their discovery.

Rules without another source are those of the AWS Cloud Map API Reference, at the operation or the error.
"""

from collections.abc import Mapping

from localcloud.emulator.cloud_map import requests
from localcloud.emulator.cloud_map.model import HTTP, Instance, Region, Service, Store, random_id
from localcloud.emulator.json_api import Operations, Refused, Request

ADDRESSES = {"A": "AWS_INSTANCE_IPV4", "AAAA": "AWS_INSTANCE_IPV6", "CNAME": "AWS_INSTANCE_CNAME"}
"""The attribute that an instance needs for a record (RegisterInstance, "Attributes")."""


class InstancesApi:
    """RegisterInstance, DiscoverInstances and the operations around them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Operations:
        """Handlers by the operation's name."""
        return {
            "RegisterInstance": self._register,
            "DeregisterInstance": self._deregister,
            "GetInstance": self._get,
            "ListInstances": self._list,
            "GetInstancesHealthStatus": self._health,
            "UpdateInstanceCustomHealthStatus": self._set_health,
            "DiscoverInstances": self._discover,
            "DiscoverInstancesRevision": lambda request: {
                "InstancesRevision": self._discovered(request).revision
            },
        }

    def _register(self, request: Request) -> Request:
        here = self._store.here()
        service = here.service(str(request["ServiceId"]))
        attributes = {str(key): str(value) for key, value in request["Attributes"].items()}
        _check(here, service, attributes)
        instance = str(request["InstanceId"])
        healthy = attributes.get("AWS_INIT_HEALTH_STATUS") != "UNHEALTHY"
        service.register(
            Instance(
                id=instance,
                attributes=attributes,
                creator_request_id=str(request.get("CreatorRequestId") or random_id(32)),
                healthy=healthy,
            )
        )
        return here.operated("REGISTER_INSTANCE", INSTANCE=instance, SERVICE=service.id)

    def _deregister(self, request: Request) -> Request:
        here = self._store.here()
        service = here.service(str(request["ServiceId"]))
        instance = _instance(service, request)
        service.deregister(instance.id)
        return here.operated("DEREGISTER_INSTANCE", INSTANCE=instance.id, SERVICE=service.id)

    def _get(self, request: Request) -> Request:
        return {"Instance": _shown(_instance(self._store.here().service(str(request["ServiceId"])), request))}

    def _list(self, request: Request) -> Request:
        service = self._store.here().service(str(request["ServiceId"]))
        return requests.page(request, "Instances", list(service.instances.values()), _shown)

    def _health(self, request: Request) -> Request:
        service = self._store.here().service(str(request["ServiceId"]))
        names = request.get("Instances") or list(service.instances)
        found = [_instance(service, {"InstanceId": name}) for name in names]
        page = requests.page(request, "Status", found, lambda entry: {"id": entry.id, "health": entry.health})
        return {**page, "Status": {entry["id"]: entry["health"] for entry in page["Status"]}}

    def _set_health(self, request: Request) -> Request:
        service = self._store.here().service(str(request["ServiceId"]))
        instance = _instance(service, request)
        if service.custom_health_check is None:
            raise Refused(
                "CustomHealthNotFound",
                "The health check for the instance that's specified by ServiceId and InstanceId isn't a custom health "
                "check.",
            )
        service.set_health(instance.id, healthy=request["Status"] == "HEALTHY")
        return {}

    # -- discovery --------------------------------------------------------------------------------------------

    def _discover(self, request: Request) -> Request:
        service = self._discovered(request)
        found = [
            instance
            for instance in service.instances.values()
            if _has(instance, request.get("QueryParameters") or {})
        ]
        found = _by_health(found, str(request.get("HealthStatus") or "ALL"))
        # Opportunistic: parameters that no instance has are as good as none.
        found = [entry for entry in found if _has(entry, request.get("OptionalParameters") or {})] or found
        return {
            "Instances": [
                {
                    "InstanceId": instance.id,
                    "NamespaceName": request["NamespaceName"],
                    "ServiceName": service.name,
                    "HealthStatus": instance.health,
                    "Attributes": instance.attributes,
                }
                for instance in found[: int(request.get("MaxResults") or requests.PAGE)]
            ],
            "InstancesRevision": service.revision,
        }

    def _discovered(self, request: Request) -> Service:
        here, wanted = self._store.here(), str(request["NamespaceName"])
        namespace = next((entry for entry in here.namespaces.values() if entry.name == wanted), None)
        if namespace is None:
            raise Refused("NamespaceNotFound", wanted)
        name = str(request["ServiceName"])
        found = next((entry for entry in here.services_of(namespace) if entry.name == name), None)
        if found is None:
            raise Refused("ServiceNotFound", name)
        return found


def _instance(service: Service, request: Request) -> Instance:
    name = str(request["InstanceId"])
    if name not in service.instances:
        raise Refused("InstanceNotFound", name)
    return service.instances[name]


def _check(here: Region, service: Service, attributes: Mapping[str, str]) -> None:
    own = sorted(name for name in attributes if name.startswith("AWS_INSTANCE_"))
    if "AWS_ALIAS_DNS_NAME" in attributes:
        if own:
            raise requests.invalid(
                "If you specify a value for AWS_ALIAS_DNS_NAME, don't specify values for any of the AWS_INSTANCE "
                f"attributes: {', '.join(own)}."
            )
        return
    if here.namespaces[service.namespace].type == HTTP:
        return
    needed = [ADDRESSES[kind] for kind in sorted(service.records & ADDRESSES.keys())]
    if "SRV" in service.records:
        needed.append("AWS_INSTANCE_PORT")
    missing = [name for name in needed if not attributes.get(name)]
    if missing:
        raise requests.invalid(
            f"The service's DNS records need the attribute{'s' if len(missing) > 1 else ''} {', '.join(missing)}."
        )


def _shown(instance: Instance) -> Request:
    return {
        "Id": instance.id,
        "CreatorRequestId": instance.creator_request_id,
        "Attributes": instance.attributes,
    }


def _has(instance: Instance, wanted: Mapping[str, str]) -> bool:
    return all(instance.attributes.get(key) == value for key, value in wanted.items())


def _by_health(found: list[Instance], wanted: str) -> list[Instance]:
    """HEALTHY_OR_ELSE_ALL fails open: with no healthy instance all are returned."""
    if wanted == "ALL":
        return found
    healthy = [entry for entry in found if entry.healthy]
    if wanted == "UNHEALTHY":
        return [entry for entry in found if not entry.healthy]
    return healthy if healthy or wanted == "HEALTHY" else found
