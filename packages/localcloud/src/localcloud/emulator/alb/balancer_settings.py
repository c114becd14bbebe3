"""The attributes of a load balancer that its data plane goes by.

Source: API Reference, `LoadBalancerAttribute`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BalancerSettings:
    """What a load balancer does with connections and header fields.

    Args:
        idle_timeout: Seconds without a byte after which a connection is closed.
        client_keep_alive: Seconds after which a client's connection is closed with its next response.
        desync_mitigation_mode: monitor, defensive or strictest.
        drop_invalid_header_fields: Leave out fields whose names are more than letters, digits and hyphens.
        forwarded_for: append, preserve or remove.
        forwarded_port: Whether the client's port is part of X-Forwarded-For.
    """

    idle_timeout: float = 60.0
    client_keep_alive: float = 3600.0
    desync_mitigation_mode: str = "defensive"
    drop_invalid_header_fields: bool = False
    forwarded_for: str = "append"
    forwarded_port: bool = False

    @classmethod
    def of(cls, attributes: Iterable[Mapping[str, str]]) -> "BalancerSettings":
        """Read stored attributes; those that are not there have AWS's defaults."""
        given = {str(entry["Key"]): str(entry["Value"]) for entry in attributes}

        def value(key: str, default: str) -> str:
            return given.get(key) or default

        return cls(
            idle_timeout=float(value("idle_timeout.timeout_seconds", "60")),
            client_keep_alive=float(value("client_keep_alive.seconds", "3600")),
            desync_mitigation_mode=value("routing.http.desync_mitigation_mode", "defensive"),
            drop_invalid_header_fields=value("routing.http.drop_invalid_header_fields.enabled", "false")
            == "true",
            forwarded_for=value("routing.http.xff_header_processing.mode", "append"),
            forwarded_port=value("routing.http.xff_client_port.enabled", "false") == "true",
        )


DEFAULT = BalancerSettings()
