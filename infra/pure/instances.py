"""EC2 instance types ("Amazon EC2 instance type naming conventions")."""

import re
from collections.abc import Mapping

from infra.settings.base import Architecture

EXAMPLES: Mapping[Architecture, str] = {"x86_64": "t3.medium", "arm64": "t4g.medium"}


def architecture(instance_type: str) -> Architecture:
    """Processor architecture of a type: a `g` after the generation stands for Graviton, and a1 came before."""
    graviton = re.match(r"(a1|[a-z]+\d+[a-z]*g[a-z]*(-[a-z0-9-]+)?)\.", instance_type)
    return "arm64" if graviton else "x86_64"
