"""Which host names are this machine's: nothing here sends anything anywhere else."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host name can only be this machine, without asking DNS (RFC 6761 keeps `.localhost` for it)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
