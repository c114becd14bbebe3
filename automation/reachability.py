"""Whether and how a stack's URL can be asked from here: a healthy stack must not fail because we are outside."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from automation.engines import CloudResource

_LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Door:
    """The way to a stack's URL.

    Args:
        url: The URL that people use.
        address: Host name that is connected to: the load balancer's own, which exists as soon as it does.
        internal: Whether the load balancer has private addresses only.
        let_in: IPv4 ranges that its security group lets in; empty where anybody is.
    """

    url: str
    address: str = ""
    internal: bool = False
    let_in: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Host name of the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def has_own_name(self) -> bool:
        """Whether people use another name than the load balancer's."""
        return bool(self.address) and self.host != self.address

    @property
    def shut(self) -> str:
        """Why no answer may reach this machine although all is well; empty where one has to."""
        if self.internal:
            return "the load balancer is internal, and answers inside its VPC only"
        if self.let_in:
            return f"the load balancer lets in {', '.join(self.let_in)} only"
        return ""

    def astray(self) -> str:
        """Why the URL's name does not lead people to the load balancer; empty when it does."""
        if not self.has_own_name:
            return ""
        found, wanted = _addresses(self.host), _addresses(self.address)
        if not wanted or found & wanted:
            return ""
        leads = f"leads to {', '.join(sorted(found))}" if found else "is not in DNS, as this machine sees it"
        return f"{self.host} {leads}; its record has to lead to {self.address} (a CNAME, or an alias in Route 53)"


def door_of(url: str, resources: Iterable[CloudResource]) -> Door:
    """Read the way to a URL from a stack's resources.

    Args:
        url: The stack's `url` output.
        resources: What the engine's last update left.
    """
    known = list(resources)
    balancer = next((item for item in known if item.type == _LOAD_BALANCER), None)
    if balancer is None:
        return Door(url=url)
    groups = set(balancer.outputs.get("securityGroups") or ())
    parts = urlsplit(url)
    port = parts.port or _PORTS.get(parts.scheme, 80)
    return Door(
        url=url,
        address=str(balancer.outputs.get("dnsName") or ""),
        internal=bool(balancer.outputs.get("internal")),
        let_in=_let_in(known, groups, port),
    )


def _let_in(resources: Sequence[CloudResource], groups: set[str], port: int) -> tuple[str, ...]:
    ranges = [
        str(item.outputs["cidrIpv4"])
        for item in resources
        if item.type == _INGRESS
        and item.outputs.get("securityGroupId") in groups
        and item.outputs.get("cidrIpv4")
        and int(item.outputs.get("fromPort") or 0) <= port <= int(item.outputs.get("toPort") or 65535)
    ]
    return () if "0.0.0.0/0" in ranges else tuple(sorted(ranges))


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None, socket.AF_INET)}
    except OSError:
        return set()
