"""Task sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pure import fargate


@pytest.mark.parametrize(
    ("cpu", "memory", "valid"),
    [
        (256, 512, True),
        (256, 2048, True),
        (256, 3072, False),
        (512, 512, False),
        (1024, 2048, True),
        (4096, 30720, True),
        (8192, 16384, True),
        (8192, 17408, False),
        (16384, 122880, True),
        (300, 512, False),
    ],
)
def test_sizes_are_those_of_the_aws_table(cpu: int, memory: int, valid: bool) -> None:
    assert fargate.is_valid_size(cpu, memory) is valid


@given(st.sampled_from(fargate.CPU_SIZES), st.integers(1, 200_000))
def test_nearest_memory_is_offered_and_never_smaller_when_it_can_be(cpu: int, memory: int) -> None:
    nearest = fargate.nearest_memory(cpu, memory)
    assert fargate.is_valid_size(cpu, nearest)
    assert nearest >= memory or nearest == max(fargate.MEMORY_BY_CPU[cpu])


@given(st.sampled_from(fargate.CPU_SIZES), st.integers(1, 200_000))
def test_an_offered_size_is_its_own_nearest(cpu: int, memory: int) -> None:
    if fargate.is_valid_size(cpu, memory):
        assert fargate.nearest_memory(cpu, memory) == memory


def test_descriptions_name_the_ends_of_a_range() -> None:
    assert fargate.describe_memory(256) == "512, 1024 or 2048"
    assert fargate.describe_memory(8192) == "16384 to 61440 in steps of 4096"
