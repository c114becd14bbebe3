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
    """Prefix lengths of a zone's block and of the subnets in it.

    Args:
        zone: Prefix length of what a zone has.
        private: Prefix length of a private subnet.
        public: Prefix length of a public subnet.
    """

    zone: int
    private: int
    public: int


def plan(cidr: str, most_zones: int) -> SubnetPlan | None:
    """The largest private subnets that fit a zone's block beside the public ones, or None when the range is too small.

    The range is divided once, for the most zones that there may ever be: awsx puts the block of the n-th zone at n
    times its size (pulumi-awsx, `subnetDistributorNew.ts`), so that a further zone leaves the subnets of the others
    where they are. Divided for the zones of the day, the subnets of a third one would collide with those of the second
    (`InvalidSubnet.Conflict`, pulumi-awsx#520).

    Args:
        cidr: The VPC's range.
        most_zones: Availability zones at most.

    Raises:
        ValueError: The range is not a network address.
    """
    network = ipaddress.IPv4Network(cidr)
    if not 16 <= network.prefixlen <= 28:
        return None
    zone = network.prefixlen + (most_zones - 1).bit_length()
    for private in range(max(LARGEST_PRIVATE, zone + 1), SMALLEST_PRIVATE + 1):
        public = max(PUBLIC_PREFIX, private)
        if 2 ** (32 - private) + 2 ** (32 - public) <= 2 ** (32 - zone):
            return SubnetPlan(zone=zone, private=private, public=public)
    return None
