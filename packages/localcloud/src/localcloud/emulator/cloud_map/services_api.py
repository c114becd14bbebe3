"""Operations on services, their attributes, and the tags of services and namespaces.

Rules without another source are those of the AWS Cloud Map API Reference, at the operation, the type or the error.
"""

from localcloud.emulator.cloud_map import requests
from localcloud.emulator.cloud_map.model import (
    DNS_PRIVATE,
    HTTP,
    Namespace,
    Region,
    Service,
    Store,
    random_id,
)
from localcloud.emulator.json_api import Operations, Refused, Request

ATTRIBUTE_LIMIT = 30


class ServicesApi:
    """CreateService and the operations around it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Operations:
        """Handlers by the operation's name."""
        return {
            "CreateService": self._create,
            "UpdateService": self._update,
            "GetService": lambda request: {"Service": _shown(self._store.here().service(str(request["Id"])))},
            "ListServices": self._list,
            "DeleteService": self._delete,
            "GetServiceAttributes": self._attributes,
            "UpdateServiceAttributes": self._update_attributes,
            "DeleteServiceAttributes": self._delete_attributes,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def _create(self, request: Request) -> Request:
        here = self._store.here()
        dns = request.get("DnsConfig") or {}
        reference = request.get("NamespaceId") or dns.get("NamespaceId")
        if not reference:
            # Seen on AWS: awsdocs/aws-cloudformation-user-guide#463.
            raise requests.invalid("Service namespace id cannot be null")
        namespace = here.namespace(str(reference))
        _check(request, namespace)
        tags = requests.tags_of(request)
        name, creator = str(request["Name"]), request.get("CreatorRequestId")
        present = next((entry for entry in here.services_of(namespace) if entry.name == name), None)
        if present is not None:
            if creator == present.creator_request_id:
                return {"Service": _shown(present)}
            raise Refused(
                "ServiceAlreadyExists",
                "The service can't be created because a service with the same name already exists.",
                members={
                    "CreatorRequestId": present.creator_request_id,
                    "ServiceId": present.id,
                    "ServiceArn": present.arn,
                },
            )
        service = Service(
            name=name,
            namespace=namespace.id,
            type=_type(request, namespace),
            creator_request_id=str(creator or random_id(32)),
            description=request.get("Description"),
            dns_config={**dns, "NamespaceId": namespace.id} if dns else None,
            health_check=request.get("HealthCheckConfig"),
            custom_health_check=request.get("HealthCheckCustomConfig"),
            tags=tags,
        )
        here.services[service.id] = service
        return {"Service": _shown(service)}

    def _update(self, request: Request) -> Request:
        """Change a service; records and the health check that are not given again are deleted."""
        here = self._store.here()
        service = here.service(str(request["Id"]))
        change = request["Service"]
        _check(
            {**change, "HealthCheckCustomConfig": service.custom_health_check},
            here.namespaces[service.namespace],
        )
        service.description = change.get("Description", service.description)
        dns = change.get("DnsConfig")
        service.dns_config = {**(service.dns_config or {}), **dns} if dns else None
        service.health_check = change.get("HealthCheckConfig")
        return here.operated("UPDATE_SERVICE", SERVICE=service.id)

    def _list(self, request: Request) -> Request:
        found = [
            service
            for service in self._store.here().services.values()
            if requests.passes(request, {"NAMESPACE_ID": service.namespace, "RESOURCE_OWNER": "SELF"})
        ]
        return requests.page(request, "Services", found, _shown)

    def _delete(self, request: Request) -> Request:
        here = self._store.here()
        service = here.service(str(request["Id"]))
        if service.instances:
            # Seen on AWS: hashicorp/terraform-provider-aws#4853.
            raise Refused(
                "ResourceInUse",
                "Service contains registered instances; delete the instances before deleting the service",
            )
        del here.services[service.id]
        return {}

    # -- attributes -------------------------------------------------------------------------------------------

    def _attributes(self, request: Request) -> Request:
        service = self._store.here().service(str(request["ServiceId"]))
        return {
            "ServiceAttributes": {
                "ServiceArn": service.arn,
                "ResourceOwner": "SELF",
                "Attributes": dict(service.attributes),
            }
        }

    def _update_attributes(self, request: Request) -> Request:
        service = self._store.here().service(str(request["ServiceId"]))
        attributes = {**service.attributes, **request["Attributes"]}
        if len(attributes) > ATTRIBUTE_LIMIT:
            raise Refused(
                "ServiceAttributesLimitExceededException",
                f"The attribute can't be added to the service because you've exceeded the quota of {ATTRIBUTE_LIMIT} "
                "attributes for a service.",
            )
        service.attributes = attributes
        return {}

    def _delete_attributes(self, request: Request) -> Request:
        service = self._store.here().service(str(request["ServiceId"]))
        for key in request["Attributes"]:
            service.attributes.pop(key, None)
        return {}

    # -- tags -------------------------------------------------------------------------------------------------

    def _tag(self, request: Request) -> Request:
        tagged = _tagged(self._store.here(), request)
        tagged.tags = requests.with_tags(tagged.tags, request)
        return {}

    def _untag(self, request: Request) -> Request:
        tagged = _tagged(self._store.here(), request)
        tagged.tags = {key: value for key, value in tagged.tags.items() if key not in request["TagKeys"]}
        return {}

    def _list_tags(self, request: Request) -> Request:
        tags = _tagged(self._store.here(), request).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _check(request: Request, namespace: Namespace) -> None:
    dns, check = request.get("DnsConfig") or {}, request.get("HealthCheckConfig")
    records = {record["Type"] for record in dns.get("DnsRecords") or []}
    if check and request.get("HealthCheckCustomConfig"):
        raise requests.invalid(
            "You can specify either HealthCheckConfig or HealthCheckCustomConfig, but not both."
        )
    if check and namespace.type == DNS_PRIVATE:
        raise requests.invalid("HealthCheckConfig is for services of public DNS and HTTP namespaces only.")
    if check and check["Type"] == "TCP" and check.get("ResourcePath"):
        raise requests.invalid("If you specify TCP for Type, don't specify a value for ResourcePath.")
    if "CNAME" in records and dns.get("RoutingPolicy") == "MULTIVALUE":
        raise requests.invalid("If you specify CNAME for the record's Type, RoutingPolicy must be WEIGHTED.")
    if "CNAME" in records and check:
        raise requests.invalid(
            "If you specify CNAME for the record's Type, you can't specify HealthCheckConfig."
        )


def _type(request: Request, namespace: Namespace) -> str:
    """HTTP, DNS or DNS_HTTP (API Reference, type Service)."""
    if namespace.type == HTTP or request.get("Type") == HTTP or not request.get("DnsConfig"):
        return HTTP
    return "DNS_HTTP"


def _shown(service: Service) -> Request:
    return {
        "Id": service.id,
        "Arn": service.arn,
        "Name": service.name,
        "NamespaceId": service.namespace,
        "Description": service.description,
        "InstanceCount": len(service.instances),
        "DnsConfig": service.dns_config,
        "Type": service.type,
        "HealthCheckConfig": service.health_check,
        "HealthCheckCustomConfig": service.custom_health_check,
        "CreateDate": service.created,
        "CreatorRequestId": service.creator_request_id,
    }


def _tagged(here: Region, request: Request) -> Namespace | Service:
    arn = str(request["ResourceARN"])
    everything: list[Namespace | Service] = [*here.namespaces.values(), *here.services.values()]
    found = next((entry for entry in everything if entry.arn == arn), None)
    if found is None:
        raise Refused("ResourceNotFoundException", f"The resource {arn} can't be found.")
    return found
