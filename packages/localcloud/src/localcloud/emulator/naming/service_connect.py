"""Service Connect as services declare it: what they offer, under which aliases, and in which namespace.

On AWS a proxy in each task takes the calls. Here an alias is a name of the offering tasks themselves, so that a caller
reaches them at the port their container listens on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.cloud_map.model import Namespace
from localcloud.emulator.naming import cloud_map


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One port that a service offers by name.

    Args:
        namespace: Id of the Cloud Map namespace.
        name: Name in the namespace.
        port_name: Port mapping of the task definition.
        aliases: Names and ports by which clients call it.
    """

    namespace: str
    name: str
    port_name: str
    aliases: tuple[tuple[str, int], ...]


def namespace_of(configuration: Mapping[str, Any] | None, cluster_arn: str) -> Namespace | None:
    """The namespace whose names a service's tasks know and offer; None where Service Connect is off."""
    if not configuration or not configuration.get("enabled"):
        return None
    cluster = upstream.ecs._clusters.get(cluster_arn.rpartition("/")[2]) or {}
    defaults = cluster.get("serviceConnectDefaults") or {}
    reference = configuration.get("namespace") or defaults.get("namespace")
    return cloud_map.namespace(str(reference)) if reference else None


def offers(configuration: Mapping[str, Any] | None, cluster_arn: str) -> Iterator[Offer]:
    """What a configuration offers. An alias without a name is `name.namespace`, as on AWS."""
    namespace = namespace_of(configuration, cluster_arn)
    if configuration is None or namespace is None:
        return
    for entry in configuration.get("services") or []:
        name = str(entry.get("discoveryName") or entry["portName"])
        aliases = [
            (str(alias.get("dnsName") or f"{name}.{namespace.name}"), int(alias["port"]))
            for alias in entry.get("clientAliases") or []
        ]
        yield Offer(
            namespace=namespace.id,
            name=name,
            port_name=str(entry["portName"]),
            aliases=tuple(aliases),
        )


def port_of(port_name: str, definition: Mapping[str, Any]) -> tuple[str, int] | None:
    """The container and port behind a port mapping's name; None when the task definition has no such name."""
    for container in definition["containerDefinitions"]:
        for mapping in container.get("portMappings") or []:
            if mapping.get("name") == port_name:
                return str(container["name"]), int(mapping["containerPort"])
    return None
