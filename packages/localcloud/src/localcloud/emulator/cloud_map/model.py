"""What Cloud Map keeps: namespaces, services, instances, operations, per account and region."""

import secrets
import string
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.json_api import Refused

_ALPHABET = string.ascii_lowercase + string.digits
HTTP, DNS_PRIVATE, DNS_PUBLIC = "HTTP", "DNS_PRIVATE", "DNS_PUBLIC"
Attributes = Mapping[str, str]


def _now() -> datetime:
    return datetime.now(UTC)


def random_id(length: int = 16) -> str:
    """Small letters and digits, as in the ids of Cloud Map."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _arn(kind: str, identifier: str) -> str:
    region, account = upstream.responses.get_region(), upstream.responses.get_account_id()
    return f"arn:aws:servicediscovery:{region}:{account}:{kind}/{identifier}"


@dataclass(kw_only=True)
class Namespace:
    """A name under which services are found.

    Args:
        name: Its name; of a DNS namespace the domain.
        type: HTTP, DNS_PRIVATE or DNS_PUBLIC.
        hosted_zone: Id of the Route 53 hosted zone of a DNS namespace.
        soa_ttl: Seconds of its SOA record, where they were given.
    """

    name: str
    type: str
    creator_request_id: str
    description: str | None = None
    hosted_zone: str | None = None
    soa_ttl: int | None = None
    tags: dict[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=_now)
    id: str = field(default_factory=lambda: f"ns-{random_id()}")
    arn: str = ""

    def __post_init__(self) -> None:
        self.arn = self.arn or _arn("namespace", self.id)


@dataclass(kw_only=True)
class Instance:
    """Something that answers for a service."""

    id: str
    attributes: dict[str, str]
    creator_request_id: str
    healthy: bool = True

    @property
    def health(self) -> str:
        """HEALTHY or UNHEALTHY."""
        return "HEALTHY" if self.healthy else "UNHEALTHY"


@dataclass(kw_only=True)
class Service:
    """A service of a namespace.

    Args:
        name: Its name in the namespace.
        namespace: Id of the namespace.
        dns_config: DnsConfig as it was put.
        health_check: HealthCheckConfig as it was put.
        custom_health_check: HealthCheckCustomConfig as it was put.
        type: HTTP, DNS or DNS_HTTP.
        revision: Counts every change of its instances.
    """

    name: str
    namespace: str
    type: str
    creator_request_id: str
    description: str | None = None
    dns_config: Mapping[str, Any] | None = None
    health_check: Mapping[str, Any] | None = None
    custom_health_check: Mapping[str, Any] | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    revision: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=_now)
    id: str = field(default_factory=lambda: f"srv-{random_id()}")
    arn: str = ""

    def __post_init__(self) -> None:
        self.arn = self.arn or _arn("service", self.id)

    @property
    def records(self) -> frozenset[str]:
        """The types of DNS records that each instance gets."""
        return frozenset(record["Type"] for record in (self.dns_config or {}).get("DnsRecords") or [])

    def register(self, instance: Instance) -> None:
        """Add an instance, or put it in the place of its namesake."""
        self.instances[instance.id] = instance
        self.revision += 1

    def deregister(self, instance: str) -> None:
        """Take an instance out; being gone already is what was wanted."""
        if self.instances.pop(instance, None) is not None:
            self.revision += 1

    def set_health(self, instance: str, *, healthy: bool) -> None:
        """Say whether an instance is healthy."""
        self.instances[instance].healthy = healthy
        self.revision += 1

    def addresses(self) -> list[str]:
        """IPv4 addresses of the healthy instances."""
        found = (
            entry.attributes.get("AWS_INSTANCE_IPV4", "")
            for entry in self.instances.values()
            if entry.healthy
        )
        return [address for address in found if address]


@dataclass(kw_only=True)
class Operation:
    """Something that was done; here it has always ended.

    Args:
        type: CREATE_NAMESPACE and the like.
        targets: Ids of what it was about, by NAMESPACE, SERVICE and INSTANCE.
        error: Code and message, where it failed.
    """

    type: str
    targets: Mapping[str, str]
    error: tuple[str, str] | None = None
    created: datetime = field(default_factory=_now)
    id: str = field(default_factory=lambda: f"{random_id(32)}-{random_id(8)}")

    @property
    def status(self) -> str:
        """SUCCESS or FAIL."""
        return "SUCCESS" if self.error is None else "FAIL"


@dataclass
class Region:
    """What one account has in one region."""

    namespaces: dict[str, Namespace] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)

    def namespace(self, reference: str) -> Namespace:
        """A namespace by its id or ARN.

        Raises:
            Refused: NamespaceNotFound.
        """
        found = self.namespaces.get(reference.rpartition("/")[2])
        if found is None:
            raise Refused("NamespaceNotFound", reference)
        return found

    def service(self, reference: str) -> Service:
        """A service by its id or ARN.

        Raises:
            Refused: ServiceNotFound.
        """
        found = self.services.get(reference.rpartition("/")[2])
        if found is None:
            raise Refused("ServiceNotFound", reference)
        return found

    def services_of(self, namespace: Namespace) -> list[Service]:
        """The services of a namespace."""
        return [service for service in self.services.values() if service.namespace == namespace.id]

    def operated(self, kind: str, *, error: tuple[str, str] | None = None, **targets: str) -> dict[str, str]:
        """Note an operation; returns the answer that names it."""
        operation = Operation(type=kind, targets=targets, error=error)
        self.operations[operation.id] = operation
        return {"OperationId": operation.id}


class Store:
    """Everything Cloud Map knows."""

    def __init__(self) -> None:
        self._regions: defaultdict[tuple[str, str], Region] = defaultdict(Region)

    def here(self) -> Region:
        """The account and region of the request that is being answered."""
        return self._regions[upstream.responses.get_account_id(), upstream.responses.get_region()]

    def clear(self) -> None:
        """Forget everything."""
        self._regions.clear()


STORE = Store()
"""Read by the API, and by what makes names resolve; both on the event loop's thread."""
