"""EC2 instance types ("Amazon EC2 instance type naming conventions")."""

import re
from collections.abc import Mapping

from infra.settings.base import Architecture

EXAMPLES: Mapping[Architecture, str] = {"x86_64": "t3.medium", "arm64": "t4g.medium"}


def architecture(instance_type: str) -> Architecture:
    """Processor architecture of a type: a `g` after the generation stands for Graviton, and a1 came before."""
    graviton = re.match(r"(a1|[a-z]+\d+[a-z]*g[a-z]*(-[a-z0-9-]+)?)\.", instance_type)
    return "arm64" if graviton else "x86_64"


def size(instance_type: str) -> tuple[int, int] | None:
    """CPU units and MiB of a type ("Amazon EC2 instance types"); None for one that is not known here.

    Known are the burstable types, and the general, compute and memory families of which each size doubles the last.
    ECS offers a little less memory, as the system and the agent take their share.
    """
    family, _, name = instance_type.partition(".")
    if re.fullmatch(r"t(3|3a|4g)", family):
        return _BURSTABLE.get(name)
    kind = re.match(r"([mcr])\d+[a-z]*(-flex)?$", family)
    cpus = _cpus(name)
    if not kind or cpus is None:
        return None
    return cpus * 1024, int(cpus * _GIB_PER_CPU[kind[1]] * 1024)


_GIB = 1024
_BURSTABLE: Mapping[str, tuple[int, int]] = {
    "nano": (2048, _GIB // 2),
    "micro": (2048, _GIB),
    "small": (2048, 2 * _GIB),
    "medium": (2048, 4 * _GIB),
    "large": (2048, 8 * _GIB),
    "xlarge": (4096, 16 * _GIB),
    "2xlarge": (8192, 32 * _GIB),
}
_GIB_PER_CPU = {"c": 2, "m": 4, "r": 8}


def _cpus(name: str) -> int | None:
    if name in {"medium", "large", "xlarge"}:
        return {"medium": 1, "large": 2, "xlarge": 4}[name]
    found = re.fullmatch(r"(\d+)xlarge", name)
    return 4 * int(found[1]) if found else None
