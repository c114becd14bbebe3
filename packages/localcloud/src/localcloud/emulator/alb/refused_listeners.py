"""Listeners that Elastic Load Balancing refuses (API Reference, `CreateListener` and `ModifyListener`)."""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator.alb.refusal import RefusedError

_PROTOCOLS = ("HTTP", "HTTPS")


def check_listener(request: Mapping[str, Any], *, create: bool) -> None:
    """Check port, protocol and certificates of an application load balancer's listener.

    Raises:
        RefusedError: AWS refuses them.
    """
    if ":loadbalancer/app/" not in str(request.get("LoadBalancerArn") or ":loadbalancer/app/"):
        return
    protocol = request.get("Protocol")
    if create and "Port" not in request:
        raise RefusedError("A listener port must be specified")
    if create and protocol is None:
        raise RefusedError("A listener protocol must be specified")
    if protocol is not None and protocol not in _PROTOCOLS:
        raise RefusedError(f"Listener protocol '{protocol}' must be one of '{', '.join(_PROTOCOLS)}'")
    if create and protocol == "HTTPS" and not request.get("Certificates"):
        raise RefusedError("A certificate must be specified for HTTPS listeners")
