"""Which resources a run with targets is about, by URN: the rules of `pulumi up --target`."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from localcloud.engine.resources import PROVIDER_PREFIX, STACK_TYPE


@dataclass(frozen=True)
class Targets:
    """URNs and patterns of URNs; none means every resource.

    In a pattern `*` is anything but a colon and `**` anything (Pulumi engine, `UrnTargets` in deployment.go).

    Args:
        patterns: The URNs and patterns.
    """

    patterns: tuple[str, ...] = ()

    def includes(self, urn: str, type_: str) -> bool:
        """Whether a resource is one of them; the stack and providers always are (`isImplicitlyTargetedResource`)."""
        if not self.patterns or type_ == STACK_TYPE or type_.startswith(PROVIDER_PREFIX):
            return True
        return any(re.fullmatch(_expression(pattern), urn) for pattern in self.patterns)


def _expression(pattern: str) -> str:
    def within(part: str) -> Iterable[str]:
        return (re.escape(text) for text in part.split("*"))

    return ".*".join("[^:]*".join(within(part)) for part in pattern.split("**"))
