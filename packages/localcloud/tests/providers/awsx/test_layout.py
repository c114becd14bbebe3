"""How awsx divides a VPC's range."""

import ipaddress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from localcloud.errors import LocalCloudError
from localcloud.providers.awsx.layout import SubnetSpec, layout, read_specs

KINDS = st.sampled_from(["Private", "Public", "Isolated"])


def blocks(cidr: str, zones: int, specs: list[SubnetSpec] | None) -> list[tuple[str, str]]:
    return [(subnet.name, subnet.cidr) for subnet in layout("main", cidr, zones, specs)]


def test_a_large_private_and_a_smaller_public_subnet_in_each_zone_by_default() -> None:
    assert blocks("10.0.0.0/16", 3, None) == [
        ("main-private-1", "10.0.0.0/19"),
        ("main-public-1", "10.0.32.0/20"),
        ("main-private-2", "10.0.64.0/19"),
        ("main-public-2", "10.0.96.0/20"),
        ("main-private-3", "10.0.128.0/19"),
        ("main-public-3", "10.0.160.0/20"),
    ]


def test_specs_keep_their_order_and_names_and_start_where_their_size_allows() -> None:
    specs = [SubnetSpec(type="Public", name="edge", mask=26), SubnetSpec(type="Private", mask=24)]
    assert blocks("10.1.0.0/20", 2, specs) == [
        ("main-edge-1", "10.1.0.0/26"),
        ("main-private-1", "10.1.1.0/24"),
        ("main-edge-2", "10.1.8.0/26"),
        ("main-private-2", "10.1.9.0/24"),
    ]


def test_explicit_ranges_are_taken_as_they_are() -> None:
    specs = [SubnetSpec(type="Private", blocks=("10.0.1.0/24", "10.0.2.0/24"))]
    assert blocks("10.0.0.0/16", 2, specs) == [
        ("main-private-1", "10.0.1.0/24"),
        ("main-private-2", "10.0.2.0/24"),
    ]


@given(
    st.integers(16, 26),
    st.integers(1, 4),
    st.lists(st.builds(SubnetSpec, type=KINDS, mask=st.none() | st.integers(20, 28)), min_size=1, max_size=4),
)
def test_subnets_never_overlap_and_never_leave_the_range(
    prefix: int, zones: int, specs: list[SubnetSpec]
) -> None:
    network = ipaddress.IPv4Network(f"10.0.0.0/{prefix}")
    try:
        made = layout("main", str(network), zones, specs)
    except LocalCloudError:
        assume(False)
    ranges = [ipaddress.IPv4Network(subnet.cidr) for subnet in made]
    assert len(ranges) == zones * len(specs)
    assert all(block.subnet_of(network) for block in ranges)
    assert not any(one.overlaps(other) for index, one in enumerate(ranges) for other in ranges[index + 1 :])


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"type": "Secret"}, r"subnetSpecs\[0\].type: 'Secret' is not allowed; allowed: Public"),
        ({"type": "Public", "size": 100}, r"subnetSpecs\[0\].size: 100 is not allowed"),
        ({"type": "Public", "size": 256, "cidrMask": 25}, "256 addresses are a /24, not the /25"),
    ],
)
def test_wrong_specs_are_refused_by_name(spec: dict[str, object], says: str) -> None:
    with pytest.raises(LocalCloudError, match=says):
        read_specs([spec])


@pytest.mark.parametrize(
    ("specs", "says"),
    [
        ([SubnetSpec(type="Private", mask=16)], "need 65536 addresses; a zone has 32768"),
        ([SubnetSpec(type="Private", blocks=("10.0.0.0/24",))], r"has 1 ranges; allowed: 2"),
        ([SubnetSpec(type="Private", blocks=("10.0.0.0/24", "10.0.0.0/25"))], "overlaps"),
        ([SubnetSpec(type="Private", blocks=("10.0.0.0/24", "10.9.0.0/24"))], "not inside"),
    ],
)
def test_what_does_not_fit_is_refused(specs: list[SubnetSpec], says: str) -> None:
    with pytest.raises(LocalCloudError, match=says):
        layout("main", "10.0.0.0/16", 2, specs)
