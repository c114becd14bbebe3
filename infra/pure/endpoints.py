"""Names of VPC endpoint services ("AWS services that integrate with AWS PrivateLink")."""

from collections.abc import Mapping

from infra.settings.network import Endpoint

GATEWAYS = frozenset({"s3"})
"""Services reached through route tables: free of charge, and without a network interface."""

_REGISTRY = ("ecr.api", "ecr.dkr")
_SEVERAL: Mapping[Endpoint, tuple[str, ...]] = {
    "ecr": _REGISTRY,
    "ecs": ("ecs", "ecs-agent", "ecs-telemetry"),
}


def services_of(endpoint: Endpoint) -> tuple[str, ...]:
    """The endpoint services behind one entry of the settings."""
    return _SEVERAL.get(endpoint, (endpoint,))


def service_name(service: str, *, partition: str, region: str) -> str:
    """Full name of an endpoint service; the registry's begin differently in China."""
    prefix = "cn." if partition == "aws-cn" and service in _REGISTRY else ""
    return f"{prefix}com.amazonaws.{region}.{service}"
