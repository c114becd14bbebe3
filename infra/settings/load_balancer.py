"""The Application Load Balancer that all services of a stack share."""

from pydantic import Field

from infra.settings.base import Cidr, Model


class LoadBalancer(Model):
    """The Application Load Balancer; one per stack, routing by host name and path."""

    internal: bool = False
    """Reachable only from inside the VPC."""

    allowed_cidrs: tuple[Cidr, ...] = Field(default=("0.0.0.0/0",), min_length=1)
    """IPv4 ranges that may open connections to the listeners."""

    idle_timeout: int = Field(default=60, ge=1, le=4000)
    """Seconds after which an idle connection is closed; the app's keep-alive must last longer."""

    deletion_protection: bool | None = None
    """Refuse to delete the load balancer; null for: exactly in production."""
