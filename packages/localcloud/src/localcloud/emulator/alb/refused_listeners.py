"""Listeners that Elastic Load Balancing refuses (API Reference, `CreateListener` and `ModifyListener`)."""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator.alb.refusal import RefusedError

_PROTOCOLS = {
    "application": ("HTTP", "HTTPS"),
    "network": ("TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"),
}


def check_listener(request: Mapping[str, Any], balancer: str, *, create: bool) -> None:
    """Check port, protocol and certificates of a listener of a load balancer of a type.

    Raises:
        RefusedError: AWS refuses them.
    """
    protocol = request.get("Protocol")
    if balancer == "gateway":
        for member in ("Port", "Protocol"):
            if request.get(member) is not None:
                raise RefusedError(f"A {member.lower()} cannot be specified for gateway listeners")
        return
    if create and request.get("Port") is None:
        raise RefusedError("A listener port must be specified")
    if create and protocol is None:
        raise RefusedError("A listener protocol must be specified")
    allowed = _PROTOCOLS[balancer]
    if protocol is not None and protocol not in allowed:
        raise RefusedError(f"Listener protocol '{protocol}' must be one of '{', '.join(allowed)}'")
    if create and protocol in {"HTTPS", "TLS"} and not request.get("Certificates"):
        raise RefusedError(f"A certificate must be specified for {protocol} listeners")
