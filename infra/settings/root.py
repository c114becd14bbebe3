"""All settings of a stack."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from infra.settings.base import Model
from infra.settings.cluster import Cluster
from infra.settings.encryption import Encryption
from infra.settings.load_balancer import LoadBalancer
from infra.settings.network import Network
from infra.settings.observability import Observability
from infra.settings.secrets import PolicyArn
from infra.settings.service import Service

ServiceName = Annotated[
    str, Field(max_length=24, pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", examples=["web", "api"])
]
"""Lower-case letters, digits, single hyphens; at most 24, as a target group's 32 less Pulumi's suffix."""

TagKey = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_ .:/=+@-]*$", examples=["cost-center"])
]
TagValue = Annotated[str, Field(max_length=256, pattern=r"^[A-Za-z0-9_ .:/=+@-]*$", examples=["shop"])]


class Settings(Model):
    """Everything a stack file can say about the program, beside the keys under `aws:`."""

    services: Mapping[ServiceName, Service] = Field(min_length=1)
    """The services, name → service."""

    network: Network = Network()
    """Where they run."""

    cluster: Cluster = Cluster()
    """What they run on."""

    load_balancer: LoadBalancer = LoadBalancer()
    """How they are reached."""

    observability: Observability = Observability()
    """Alarms, their subscribers and the dashboard."""

    encryption: Encryption | None = None
    """Encrypt logs and notifications with a key of the account's own; `{}` makes one, null leaves it to AWS's keys."""

    permissions_boundary: PolicyArn | None = None
    """Managed policy that bounds every role the stack makes, where the account asks for one; null for none."""

    tags: Mapping[TagKey, TagValue] = Field(default={}, max_length=40)
    """Tags of every resource, in addition to Project, Stack and ManagedBy."""

    production: bool = True
    """Whether people depend on the stack: keeps its load balancer and images when someone destroys it."""

    @property
    def has_alarms(self) -> bool:
        """Whether services have alarms."""
        return self.production if self.observability.alarms is None else self.observability.alarms

    @property
    def has_dashboard(self) -> bool:
        """Whether there is a dashboard."""
        return self.production if self.observability.dashboard is None else self.observability.dashboard

    @property
    def is_observed(self) -> bool:
        """Whether there is anything to watch, or anybody to tell."""
        subscribers = self.observability.emails + self.observability.webhooks
        return self.has_alarms or self.has_dashboard or bool(subscribers)

    @property
    def callees_first(self) -> Mapping[str, Service]:
        """The services, those that only call others by name last."""
        return dict(sorted(self.services.items(), key=lambda item: item[1].only_calls))

    def address(self, callee: str) -> str:
        """URL at which the services of the stack reach one of them, as its discovery says."""
        service = self.services[callee]
        dns = service.discovery is not None and service.discovery.mode == "dns"
        host = f"{callee}.{self.cluster.namespace}" if dns else callee
        return f"http://{host}:{service.listens_on}"

    def callees(self, name: str) -> list[str]:
        """What must be there before a service that only calls others through Service Connect.

        Its tasks know the names that were there when they were deployed (ECS Developer Guide, "Service Connect").
        """
        if not self.services[name].only_calls:
            return []
        return [other for other, service in self.services.items() if service.is_called]

    @property
    def config_secrets(self) -> frozenset[str]:
        """Names of the encrypted configuration values that services ask for."""
        return frozenset(
            key
            for service in self.services.values()
            for key in [*service.build.secrets.values(), *(s.config for s in service.secrets.values())]
            if key
        )
