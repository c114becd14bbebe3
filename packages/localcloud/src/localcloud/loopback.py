"""Which host names are this machine's: nothing here sends anything anywhere else."""

import ipaddress
import os
from collections.abc import MutableMapping
from typing import Final

# As curl, Go, requests, httpx, botocore and gRPC read them: names, addresses, and what ends like a name.
_OURS: Final = ("localhost", ".localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Whether a host name can only be this machine, without asking DNS (RFC 6761 keeps `.localhost` for it)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def keep_off_proxies(environment: MutableMapping[str, str] = os.environ) -> None:
    """Add this machine to the hosts that no proxy is asked for, for this process and those that it starts.

    Libraries and tools read `no_proxy` or `NO_PROXY`, or both, so both get the same value.
    """
    known = [environment.get(name, "") for name in ("no_proxy", "NO_PROXY")]
    hosts = [host.strip() for text in known for host in text.split(",") if host.strip()]
    value = "*" if "*" in hosts else ",".join(dict.fromkeys([*hosts, *_OURS]))
    environment["no_proxy"] = environment["NO_PROXY"] = value
