"""Operations on namespaces, and on what was done (operations).

Rules without another source are those of the AWS Cloud Map API Reference, at the operation or the error.
"""

from localcloud.emulator.cloud_map import hosted_zones, requests
from localcloud.emulator.cloud_map.model import (
    DNS_PRIVATE,
    DNS_PUBLIC,
    HTTP,
    Namespace,
    Operation,
    Region,
    Store,
    random_id,
)
from localcloud.emulator.json_api import Operations, Refused, Request


class NamespacesApi:
    """The namespaces of the three types, and GetOperation and ListOperations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def operations(self) -> Operations:
        """Handlers by the operation's name."""
        return {
            "CreateHttpNamespace": lambda request: self._create(request, HTTP),
            "CreatePrivateDnsNamespace": lambda request: self._create(request, DNS_PRIVATE),
            "CreatePublicDnsNamespace": lambda request: self._create(request, DNS_PUBLIC),
            "UpdateHttpNamespace": lambda request: self._update(request, HTTP),
            "UpdatePrivateDnsNamespace": lambda request: self._update(request, DNS_PRIVATE),
            "UpdatePublicDnsNamespace": lambda request: self._update(request, DNS_PUBLIC),
            "GetNamespace": self._get,
            "ListNamespaces": self._list,
            "DeleteNamespace": self._delete,
            "GetOperation": self._get_operation,
            "ListOperations": self._list_operations,
        }

    def _create(self, request: Request, kind: str) -> Request:
        here, name = self._store.here(), str(request["Name"])
        tags = requests.tags_of(request)
        creator = request.get("CreatorRequestId")
        present = next((entry for entry in here.namespaces.values() if entry.name == name), None)
        if present is not None:
            return _again(here, present, creator, kind)
        namespace = Namespace(
            name=name,
            type=kind,
            creator_request_id=str(creator or random_id(32)),
            description=request.get("Description"),
            soa_ttl=_soa_ttl(request),
            tags=tags,
        )
        if kind != HTTP:
            try:
                namespace.hosted_zone = hosted_zones.create(name, request.get("Vpc"))
            except hosted_zones.HostedZoneError as error:
                # The request is accepted; it is the operation that fails (API Reference, type Operation, "ErrorCode";
                # hashicorp/terraform-provider-aws#2830).
                return here.operated("CREATE_NAMESPACE", error=("CANNOT_CREATE_HOSTED_ZONE", str(error)))
        here.namespaces[namespace.id] = namespace
        return here.operated("CREATE_NAMESPACE", NAMESPACE=namespace.id)

    def _update(self, request: Request, kind: str) -> Request:
        here = self._store.here()
        namespace = here.namespace(str(request["Id"]))
        if namespace.type != kind:
            raise requests.invalid(
                f"The namespace {namespace.id} is of the type {namespace.type}, not {kind}."
            )
        change = request["Namespace"]
        namespace.description = change.get("Description", namespace.description)
        ttl = _soa_ttl(change)
        namespace.soa_ttl = namespace.soa_ttl if ttl is None else ttl
        return here.operated("UPDATE_NAMESPACE", NAMESPACE=namespace.id)

    def _get(self, request: Request) -> Request:
        here = self._store.here()
        return {"Namespace": _shown(here, here.namespace(str(request["Id"])))}

    def _list(self, request: Request) -> Request:
        here = self._store.here()
        found = [
            namespace
            for namespace in here.namespaces.values()
            if requests.passes(
                request,
                {
                    "TYPE": namespace.type,
                    "NAME": namespace.name,
                    "HTTP_NAME": namespace.name,
                    "RESOURCE_OWNER": "SELF",
                },
            )
        ]
        return requests.page(request, "Namespaces", found, lambda namespace: _shown(here, namespace))

    def _delete(self, request: Request) -> Request:
        here = self._store.here()
        namespace = here.namespace(str(request["Id"]))
        if here.services_of(namespace):
            # The words of ministack/services/servicediscovery.py.
            raise Refused(
                "ResourceInUse",
                "Namespace has associated services; delete the services before deleting the namespace",
            )
        if namespace.hosted_zone:
            hosted_zones.delete(namespace.hosted_zone)
        del here.namespaces[namespace.id]
        return here.operated("DELETE_NAMESPACE", NAMESPACE=namespace.id)

    def _get_operation(self, request: Request) -> Request:
        found = self._store.here().operations.get(str(request["OperationId"]))
        if found is None:
            raise Refused("OperationNotFound", f"No operation {request['OperationId']}.")
        return {"Operation": _operation(found)}

    def _list_operations(self, request: Request) -> Request:
        here = self._store.here()
        found = [
            operation
            for operation in here.operations.values()
            if _is_listed(here, operation)
            and requests.passes(
                request,
                {
                    "NAMESPACE_ID": operation.targets.get("NAMESPACE"),
                    "SERVICE_ID": operation.targets.get("SERVICE"),
                    "STATUS": operation.status,
                    "TYPE": operation.type,
                    "UPDATE_DATE": str(operation.created.timestamp()),
                },
            )
        ]
        return requests.page(request, "Operations", found, _operation)


def _again(here: Region, present: Namespace, creator: object, kind: str) -> Request:
    """The answer to a request for a namespace that is there: the first one's, where it is the same request again."""
    made = next(
        operation
        for operation in here.operations.values()
        if operation.type == "CREATE_NAMESPACE" and operation.targets.get("NAMESPACE") == present.id
    )
    if creator == present.creator_request_id and kind == present.type:
        return {"OperationId": made.id}
    raise Refused(
        "NamespaceAlreadyExists",
        "The namespace that you're trying to create already exists.",
        members={"CreatorRequestId": present.creator_request_id, "NamespaceId": present.id},
    )


def _soa_ttl(document: Request) -> int | None:
    soa = ((document.get("Properties") or {}).get("DnsProperties") or {}).get("SOA") or {}
    return int(soa["TTL"]) if "TTL" in soa else None


def _shown(here: Region, namespace: Namespace) -> Request:
    """A namespace; the form of its properties is that of the AWS CLI's examples for get-namespace, list-namespaces."""
    dns: dict[str, object] = {"HostedZoneId": namespace.hosted_zone}
    if namespace.soa_ttl is not None or namespace.type == HTTP:
        dns["SOA"] = {"TTL": namespace.soa_ttl}
    return {
        "Arn": namespace.arn,
        "Id": namespace.id,
        "Name": namespace.name,
        "Type": namespace.type,
        "Description": namespace.description,
        "ServiceCount": len(here.services_of(namespace)),
        "Properties": {"DnsProperties": dns, "HttpProperties": {"HttpName": namespace.name}},
        "CreateDate": namespace.created,
        "CreatorRequestId": namespace.creator_request_id,
    }


def _is_listed(here: Region, operation: Operation) -> bool:
    """Operations go with what they were about (seen on AWS: moto's test_delete_namespace)."""
    namespace, service = operation.targets.get("NAMESPACE"), operation.targets.get("SERVICE")
    return (namespace is None or namespace in here.namespaces) and (
        service is None or service in here.services
    )


def _operation(operation: Operation) -> Request:
    code, message = operation.error or (None, None)
    return {
        "Id": operation.id,
        "Type": operation.type,
        "Status": operation.status,
        "ErrorCode": code,
        "ErrorMessage": message,
        "CreateDate": operation.created,
        "UpdateDate": operation.created,
        "Targets": operation.targets,
    }
