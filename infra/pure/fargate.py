"""Task sizes that AWS Fargate offers.

From "Fargate task definition considerations for Amazon ECS", table "Task CPU and memory".
"""

from collections.abc import Sequence

MEMORY_BY_CPU: dict[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
"""CPU units (1024 = one vCPU) → memory sizes in MiB."""

CPU_SIZES = tuple(MEMORY_BY_CPU)


def is_valid_size(cpu: int, memory: int) -> bool:
    """Whether Fargate offers tasks with this CPU (units) and memory (MiB)."""
    return memory in MEMORY_BY_CPU.get(cpu, ())


def nearest_memory(cpu: int, memory: int) -> int:
    """The smallest memory (MiB) offered for a CPU size that holds `memory`, or the largest one there is.

    Raises:
        KeyError: Fargate has no such CPU size.
    """
    sizes = MEMORY_BY_CPU[cpu]
    return next((size for size in sizes if size >= memory), sizes[-1])


def describe_memory(cpu: int) -> str:
    """The memory sizes of a CPU size, for people: `512, 1024 or 2048`, `1024 to 4096 in steps of 1024`.

    Raises:
        KeyError: Fargate has no such CPU size.
    """
    sizes = MEMORY_BY_CPU[cpu]
    if isinstance(sizes, range):
        return f"{sizes[0]} to {sizes[-1]} in steps of {sizes.step}"
    return ", ".join(map(str, sizes[:-1])) + f" or {sizes[-1]}"
