"""How a VPC's address range is divided: large private subnets for tasks, small public ones for load balancers."""

import ipaddress
from dataclasses import dataclass

PUBLIC_PREFIX = 26
"""Prefix length of a public subnet: 59 addresses, where a load balancer wants 8 to grow into."""

SMALLEST_PRIVATE = 26
LARGEST_PRIVATE = 19
"""Prefix length beyond which more addresses per zone would never be used: 8,187 tasks."""


@dataclass(frozen=True)
class SubnetPlan:
    """Prefix lengths of the subnets of each zone.

    Args:
        private: Prefix length of a private subnet.
        public: Prefix length of a public subnet.
    """

    private: int
    public: int


def plan(cidr: str, zones: int) -> SubnetPlan | None:
    """The largest private subnets that fit a range beside the public ones, or None when the range is too small.

    Raises:
        ValueError: The range is not a network address.
    """
    network = ipaddress.IPv4Network(cidr)
    if not 16 <= network.prefixlen <= 28:
        return None
    for private in range(max(LARGEST_PRIVATE, network.prefixlen + 1), SMALLEST_PRIVATE + 1):
        public = max(PUBLIC_PREFIX, private)
        # awsx lays each zone's subnets side by side in a block that is a power of two.
        per_zone = 2 ** (32 - private) + 2 ** (32 - public)
        block = 1 << (per_zone - 1).bit_length()
        if zones * block <= network.num_addresses:
            return SubnetPlan(private=private, public=public)
    return None
