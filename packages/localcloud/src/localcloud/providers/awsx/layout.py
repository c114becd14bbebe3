"""How a VPC's address range is divided into subnets (pulumi-awsx, `subnetStrategy` Auto and Exact)."""

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from localcloud.errors import LocalCloudError

TYPES = ("Public", "Private", "Isolated", "Unused")


@dataclass(frozen=True, kw_only=True)
class SubnetSpec:
    """One kind of subnet, made once in every zone.

    Args:
        type: Public, Private, Isolated, or Unused for a gap.
        name: Part of the subnets' names; the type when nothing is said.
        mask: Prefix length; None shares what the zone has.
        blocks: Explicit ranges, one for each zone; empty to compute them.
        tags: Tags of these subnets alone.
    """

    type: str
    name: str = ""
    mask: int | None = None
    blocks: tuple[str, ...] = ()
    tags: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """One subnet of the layout."""

    name: str
    type: str
    zone: int
    cidr: str
    tags: dict[str, Any] = field(default_factory=dict)


def read_specs(inputs: Sequence[dict[str, Any]] | None) -> tuple[SubnetSpec, ...] | None:
    """The program's `subnetSpecs`, None when it gives none.

    Raises:
        LocalCloudError: a type or size AWS does not know, or a size that contradicts the mask.
    """
    return None if inputs is None else tuple(_read_spec(item, index) for index, item in enumerate(inputs))


def _read_spec(item: dict[str, Any], index: int) -> SubnetSpec:
    where = f"subnetSpecs[{index}]"
    if item.get("type") not in TYPES:
        raise LocalCloudError(
            f"{where}.type: {item.get('type')!r} is not allowed; allowed: {', '.join(TYPES)}"
        )
    mask, size = item.get("cidrMask"), item.get("size")
    if size is not None:
        if size < 4 or size & (size - 1):
            raise LocalCloudError(f"{where}.size: {size} is not allowed; allowed: powers of two from 4")
        expected = 32 - size.bit_length() + 1
        if mask not in (None, expected):
            raise LocalCloudError(
                f"{where}.size: {size} addresses are a /{expected}, not the /{mask} of cidrMask"
            )
        mask = expected
    return SubnetSpec(
        type=item["type"],
        name=str(item.get("name") or ""),
        mask=mask,
        blocks=tuple(item.get("cidrBlocks") or ()),
        tags=dict(item.get("tags") or {}),
    )


def layout(
    name: str, cidr: str, zones: int, specs: Sequence[SubnetSpec] | None, zone_mask: int | None = None
) -> list[Subnet]:
    """Divide the range: an equal block for each zone, its subnets side by side in the order of the specs.

    Args:
        name: The component's name, which the subnets' names start with.
        cidr: The VPC's range.
        zones: Number of availability zones.
        specs: Kinds of subnets; None is one private and one public subnet in each zone.
        zone_mask: Prefix length of a zone's block; None divides the whole range evenly.

    Raises:
        LocalCloudError: the subnets do not fit, overlap, or have not one explicit range for each zone.
    """
    network = ipaddress.IPv4Network(cidr)
    if specs is not None and any(spec.blocks for spec in specs):
        subnets = _explicit(name, zones, specs)
    else:
        subnets = _computed(name, network, zones, specs, zone_mask)
    _refuse_overlaps(network, subnets)
    return subnets


def _explicit(name: str, zones: int, specs: Sequence[SubnetSpec]) -> list[Subnet]:
    for index, spec in enumerate(specs):
        if len(spec.blocks) != zones:
            raise LocalCloudError(
                f"subnetSpecs[{index}].cidrBlocks: has {len(spec.blocks)} ranges; allowed: {zones}, one for each zone"
            )
    return [_subnet(name, spec, zone, spec.blocks[zone]) for zone in range(zones) for spec in specs]


def _computed(
    name: str,
    network: ipaddress.IPv4Network,
    zones: int,
    specs: Sequence[SubnetSpec] | None,
    zone_mask: int | None,
) -> list[Subnet]:
    zone_mask = zone_mask or network.prefixlen + _bits(zones)
    specs = specs if specs is not None else _default_specs(zone_mask)
    shared = zone_mask + _bits(len(specs))
    masks = [spec.mask or shared for spec in specs]
    needed, available = sum(2 ** (32 - mask) for mask in masks), 2 ** (32 - zone_mask)
    if needed > available:
        raise LocalCloudError(
            f"subnetSpecs: the subnets of a zone need {needed} addresses; a zone has {available} of {network}"
        )
    subnets = []
    for zone in range(zones):
        following = int(network.network_address) + zone * available
        for spec, mask in zip(specs, masks, strict=True):
            size = 2 ** (32 - mask)
            start = math.ceil(following / size) * size
            subnets.append(_subnet(name, spec, zone, f"{ipaddress.IPv4Address(start)}/{mask}"))
            following = start + size
    return subnets


def _subnet(name: str, spec: SubnetSpec, zone: int, cidr: str) -> Subnet:
    return Subnet(
        name=f"{name}-{spec.name or spec.type.lower()}-{zone + 1}",
        type=spec.type,
        zone=zone,
        cidr=cidr,
        tags=spec.tags,
    )


def _default_specs(zone_mask: int) -> tuple[SubnetSpec, ...]:
    if zone_mask > 26:
        raise LocalCloudError(
            f"cidrBlock: a zone would get a /{zone_mask}; allowed: at least a /26, or subnetSpecs with their own sizes"
        )
    mask = max(zone_mask, 16)
    return (SubnetSpec(type="Private", mask=mask + 1), SubnetSpec(type="Public", mask=mask + 2))


def _bits(count: int) -> int:
    return math.ceil(math.log2(count)) if count > 1 else 0


def _refuse_overlaps(network: ipaddress.IPv4Network, subnets: Sequence[Subnet]) -> None:
    seen: list[tuple[ipaddress.IPv4Network, Subnet]] = []
    for subnet in subnets:
        block = ipaddress.IPv4Network(subnet.cidr)
        if not block.subnet_of(network):
            raise LocalCloudError(f"subnet {subnet.name} ({block}) is not inside the VPC's range {network}")
        other = next((item for range_, item in seen if range_.overlaps(block)), None)
        if other is not None:
            raise LocalCloudError(f"subnet {subnet.name} ({block}) overlaps {other.name} ({other.cidr})")
        seen.append((block, subnet))
