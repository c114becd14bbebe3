"""AWS Cloud Map: namespaces and services."""

from collections.abc import Callable

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, Read, ResourceType
from localcloud.providers.aws.table.services import by_resource_arn
from localcloud.providers.values import Values


def _finished(context: Context, response: Values) -> Values:
    """Wait for a Cloud Map operation and return it."""
    state: Values = {}

    def done() -> bool:
        state.update(context.call("GetOperation", {"OperationId": response["OperationId"]})["Operation"])
        return state.get("Status") in ("SUCCESS", "FAIL")

    context.wait_until(done, "the namespace operation", timeout=120)
    if state["Status"] == "FAIL":
        raise LocalCloudError(f"{state.get('ErrorCode')}: {state.get('ErrorMessage')}")
    return state


def _namespace_id(context: Context, inputs: Values, response: Values) -> str:  # noqa: ARG001  the signature of every id rule
    return str(_finished(context, response)["Targets"]["NAMESPACE"])


def _existing_namespace(kind: str) -> Callable[[Context, Values], str | None]:
    def find(context: Context, inputs: Values) -> str | None:
        found = context.call("ListNamespaces", {}).get("Namespaces", [])
        return next(
            (str(item["Id"]) for item in found if (item["Name"], item["Type"]) == (inputs["name"], kind)),
            None,
        )

    return find


def _gone(context: Context, state: Values) -> None:
    context.wait_until(
        lambda: not context.find_call("GetNamespace", {"Id": state["id"]}), "deleting", timeout=120
    )


def _namespace(state: Values) -> Values:
    return {"Id": state["id"]}


def _imported_namespace(id_: str) -> Values:
    """Cloud Map does not say its VPC, so the id to import does: `ns-…:vpc-…`."""
    namespace, vpc = id_.split(":")
    return {"id": namespace, "vpc": vpc}


PRIVATE_DNS_NAMESPACE = ResourceType(
    type="aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
    service="servicediscovery",
    create=Operation(name="CreatePrivateDnsNamespace"),
    read=Read(name="GetNamespace", keys=_namespace, result="Namespace"),
    update=(Operation(name="UpdatePrivateDnsNamespace", keys=_namespace, only=frozenset({"description"})),),
    delete=(Operation(name="DeleteNamespace", keys=_namespace),),
    after_delete=_gone,
    resolve_id=_namespace_id,
    from_import=_imported_namespace,
    body="Namespace",
    name=Name(maximum=1024, prefix=""),
    replace=frozenset({"name", "vpc"}),
    unread=frozenset({"vpc"}),
    outputs={"hostedZone": "Properties.DnsProperties.HostedZoneId"},
    tags=by_resource_arn(),
    find=_existing_namespace("DNS_PRIVATE"),
)

HTTP_NAMESPACE = ResourceType(
    type="aws:servicediscovery/httpNamespace:HttpNamespace",
    service="servicediscovery",
    create=Operation(name="CreateHttpNamespace"),
    read=Read(name="GetNamespace", keys=_namespace, result="Namespace"),
    update=(Operation(name="UpdateHttpNamespace", keys=_namespace, only=frozenset({"description"})),),
    delete=(Operation(name="DeleteNamespace", keys=_namespace),),
    after_delete=_gone,
    resolve_id=_namespace_id,
    body="Namespace",
    name=Name(maximum=1024, prefix=""),
    replace=frozenset({"name"}),
    outputs={"httpName": "Properties.HttpProperties.HttpName"},
    tags=by_resource_arn(),
    find=_existing_namespace("HTTP"),
)


def _described_service(context: Context, state: Values) -> Values | None:
    found = context.find_call("GetService", {"Id": state["id"]}).get("Service")
    if found and found.get("DnsConfig"):
        found["DnsConfig"].setdefault("NamespaceId", found.get("NamespaceId"))
    return found or None


def _existing_service(context: Context, inputs: Values) -> str | None:
    namespace = inputs.get("namespaceId") or (inputs.get("dnsConfig") or {}).get("namespaceId")
    request = {"Filters": [{"Name": "NAMESPACE_ID", "Values": [namespace]}]} if namespace else {}
    found = context.call("ListServices", request).get("Services", [])
    return next((str(item["Id"]) for item in found if item["Name"] == inputs["name"]), None)


def _deregister_all(context: Context, state: Values) -> None:
    if state.get("forceDestroy"):
        found = context.find_call("ListInstances", {"ServiceId": state["id"]}).get("Instances", [])
        for instance in found:
            context.find_call("DeregisterInstance", {"ServiceId": state["id"], "InstanceId": instance["Id"]})


def _namespace_on_top(request: Values, inputs: Values) -> None:  # noqa: ARG001  the signature of every prepare
    """The place for the namespace that AWS prefers to the one inside `DnsConfig`."""
    config = request.get("DnsConfig")
    namespace = config.pop("NamespaceId", None) if isinstance(config, dict) else None
    if namespace is not None:
        request.setdefault("NamespaceId", namespace)


def _update_body(request: Values, state: Values) -> None:  # noqa: ARG001  the signature of every prepare
    """Only records and description of a service can change."""
    (request["Service"].get("DnsConfig") or {}).pop("NamespaceId", None)
    (request["Service"].get("DnsConfig") or {}).pop("RoutingPolicy", None)


SERVICE = ResourceType(
    type="aws:servicediscovery/service:Service",
    service="servicediscovery",
    create=Operation(name="CreateService", prepare=_namespace_on_top),
    read=_described_service,
    update=(
        Operation(
            name="UpdateService",
            keys=_namespace,
            only=frozenset({"description", "dnsConfig", "healthCheckConfig"}),
            whole=True,
            prepare=_update_body,
        ),
    ),
    before_delete=_deregister_all,
    delete=(Operation(name="DeleteService", keys=_namespace),),
    id="Service.Id",
    body="Service",
    name=Name(maximum=127, prefix=""),
    defaults={"forceDestroy": False},
    computed=frozenset({"namespaceId", "type"}),
    local=frozenset({"forceDestroy"}),
    unread=frozenset({"healthCheckCustomConfig", "type", "dnsConfig.routingPolicy"}),
    replace=frozenset({"name", "namespaceId", "type", "healthCheckCustomConfig"}),
    tags=by_resource_arn(),
    find=_existing_service,
)

TYPES = (PRIVATE_DNS_NAMESPACE, HTTP_NAMESPACE, SERVICE)
