"""What AWS refuses of a service that is to be found by name, and what the local cloud has to say about it."""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator.ecs import events
from localcloud.emulator.ecs.answers import Refused
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.naming import cloud_map, service_connect


def named(wanted: Mapping[str, Any], definition: Mapping[str, Any], cluster_arn: str) -> None:
    """Check a service's registries and its Service Connect configuration; in the request's scope.

    Args:
        wanted: The request, or the service as it will be.
        definition: Its task definition.
        cluster_arn: Its cluster, which may have a default namespace.

    Raises:
        Refused: A Cloud Map service, a namespace or a named port does not exist.
    """
    for registry in wanted.get("serviceRegistries") or []:
        arn = str(registry.get("registryArn") or "")
        if cloud_map.service(arn.rpartition("/")[2]) is None:
            raise Refused("InvalidParameterException", f"The service registry {arn} does not exist.")
    configuration = wanted.get("serviceConnectConfiguration")
    if not configuration or not configuration.get("enabled"):
        return
    if service_connect.namespace_of(configuration, cluster_arn) is None:
        reference = configuration.get("namespace") or "(the cluster has no default namespace)"
        raise Refused(
            "NamespaceNotFoundException", f"The Service Connect namespace {reference} was not found."
        )
    for entry in configuration.get("services") or []:
        if service_connect.port_of(str(entry.get("portName")), definition) is None:
            raise Refused(
                "InvalidParameterException",
                f"The Service Connect portName {entry.get('portName')} is not a named port of the task definition.",
            )


def tell_of_ports(service: Record, definition: Mapping[str, Any]) -> None:
    """Add a service event for each alias whose port is another than the container's: here nothing translates it."""
    configuration = service.get("serviceConnectConfiguration")
    for offer in service_connect.offers(configuration, str(service["clusterArn"])):
        found = service_connect.port_of(offer.port_name, definition)
        for alias, port in offer.aliases:
            if found and port != found[1]:
                events.add(
                    service,
                    f"is not reached at {alias}:{port} on the local cloud, which has no Service Connect proxy: "
                    f"call {alias}:{found[1]}, or give the alias the container's port.",
                )
