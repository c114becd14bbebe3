"""Physical names: Pulumi's auto-naming within AWS's limits."""

import hashlib
import re
import secrets

from localcloud.providers.aws.inputs import Failure
from localcloud.providers.aws.resource_type import Name
from localcloud.providers.values import UNKNOWN, Values

RANDOM_DIGITS = 7


def with_name(rule: Name, logical: str, values: Values, old: Values, seed: bytes) -> list[Failure]:
    """Complete the inputs with a physical name, as Pulumi auto-names: logical name, dash, seven hex digits.

    An update keeps the name that was made up before; the same seed always makes the same name.

    Args:
        rule: The type's naming rule.
        logical: The resource's logical name.
        values: Inputs, completed in place.
        old: Inputs of the last run; empty for a new or replaced resource.
        seed: The engine's random seed; empty means random.

    Returns:
        A failure when the name is longer than AWS allows.
    """
    given = values.get(rule.property)
    prefix = values.get(rule.prefix) if rule.prefix else None
    if given is None and prefix is not UNKNOWN:
        start = rule.lead + _start(rule, logical, prefix)
        kept = old.get(rule.property)
        digits = hashlib.sha256(seed).hexdigest() if seed else secrets.token_hex(32)
        values[rule.property] = (
            kept
            if isinstance(kept, str) and _matches(kept, start, rule)
            else start + digits[:RANDOM_DIGITS] + rule.suffix
        )
    name = values.get(rule.property)
    if isinstance(name, str) and len(name) > rule.maximum:
        made = (
            "" if given is not None else f"; shorten the logical name {logical!r} or give {rule.property!r}"
        )
        return [
            Failure(
                rule.property, f"{name!r} has {len(name)} characters; AWS allows at most {rule.maximum}{made}"
            )
        ]
    return []


def made_up(rule: Name, logical: str, values: Values) -> bool:
    """Whether the physical name in these inputs was made up here, so that a replacement gets another one."""
    name, prefix = values.get(rule.property), values.get(rule.prefix)
    return isinstance(name, str) and _matches(name, rule.lead + _start(rule, logical, prefix), rule)


def _start(rule: Name, logical: str, prefix: object) -> str:
    start = prefix if isinstance(prefix, str) else f"{logical}-"
    return start.lower() if rule.lower else start


def _matches(name: str, start: str, rule: Name) -> bool:
    pattern = re.escape(start) + rf"[0-9a-f]{{{RANDOM_DIGITS}}}" + re.escape(rule.suffix)
    return re.fullmatch(pattern, name) is not None
