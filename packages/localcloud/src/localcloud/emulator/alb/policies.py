"""The predefined security policies of HTTPS and TLS listeners.

Source: Application Load Balancer guide, "Security policies for your Application Load Balancer", tables of protocols and
ciphers by policy.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """One policy: TLS versions, newest first, and ciphers by priority."""

    protocols: tuple[str, ...]
    ciphers: tuple[str, ...]


# Ciphers that come together in every policy that has them.
_BLOCKS: tuple[tuple[str, ...], ...] = (
    (
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
    ),
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
    ),
    (
        "ECDHE-ECDSA-AES128-SHA256",
        "ECDHE-RSA-AES128-SHA256",
        "ECDHE-ECDSA-AES256-SHA384",
        "ECDHE-RSA-AES256-SHA384",
    ),
    (
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES128-SHA",
        "AES256-SHA",
    ),
    (
        "AES128-GCM-SHA256",
        "AES128-SHA256",
        "AES256-GCM-SHA384",
        "AES256-SHA256",
    ),
)
# TLS versions, oldest first.
_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")


def _policy(newest: int, oldest: int, *blocks: int) -> Policy:
    ciphers = tuple(cipher for block in blocks for cipher in _BLOCKS[block])
    return Policy(tuple(reversed(_VERSIONS[oldest : newest + 1])), ciphers)


POLICIES: Mapping[str, Policy] = {
    "ELBSecurityPolicy-TLS13-1-3-2021-06": _policy(3, 3, 0),
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09": _policy(3, 3, 0),
    "ELBSecurityPolicy-TLS13-1-2-2021-06": _policy(3, 2, 0, 1, 2),
    "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09": _policy(3, 2, 0, 1, 2),
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06": _policy(3, 2, 0, 1),
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09": _policy(3, 2, 0, 1),
    "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06": _policy(3, 2, 0, 1, 2, 3, 4),
    "ELBSecurityPolicy-TLS13-1-2-Ext2-PQ-2025-09": _policy(3, 2, 0, 1, 2, 3, 4),
    "ELBSecurityPolicy-TLS13-1-2-Ext1-PQ-2025-09": _policy(3, 2, 0, 1, 2, 3, 4),
    "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06": _policy(3, 2, 0, 1, 2, 4),
    "ELBSecurityPolicy-TLS13-1-1-2021-06": _policy(3, 1, 0, 1, 2, 3, 4),
    "ELBSecurityPolicy-TLS13-1-0-2021-06": _policy(3, 0, 0, 1, 2, 3, 4),
    "ELBSecurityPolicy-TLS13-1-0-PQ-2025-09": _policy(3, 0, 0, 1, 2, 3, 4),
    "ELBSecurityPolicy-TLS-1-2-Ext-2018-06": _policy(2, 2, 1, 2, 3, 4),
    "ELBSecurityPolicy-TLS-1-2-2017-01": _policy(2, 2, 1, 2, 4),
    "ELBSecurityPolicy-TLS-1-1-2017-01": _policy(2, 1, 1, 2, 3, 4),
    "ELBSecurityPolicy-2016-08": _policy(2, 0, 1, 2, 3, 4),
    "ELBSecurityPolicy-FS-1-2-Res-2020-10": _policy(2, 2, 1),
}
