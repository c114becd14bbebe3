"""Put the checks in front of MiniStack's operations."""

from collections.abc import Callable
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.vpc import checks

_PERMISSIONS = (
    "AuthorizeSecurityGroupIngress",
    "AuthorizeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
)


def install() -> None:
    """Check every request that EC2 would refuse before MiniStack answers it."""
    actions = upstream.ec2._ACTION_MAP
    for action in checks.CHECKS:
        actions[action] = _checked(action, actions[action])
    for action in _PERMISSIONS:
        actions[action] = _without_ports(actions[action])


def _checked(action: str, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def handle(parameters: Any) -> Any:
        found = checks.refusal(action, parameters)
        return upstream.ec2._error(*found, 400) if found else original(parameters)

    return handle


def _without_ports(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Protocol -1 has no ports: what is sent for them means nothing.

    API Reference, `IpPermission`: "When authorizing security group rules, specifying -1 or a protocol number other than
    … allows traffic on all ports, regardless of any port range you specify." MiniStack compares them, so that a rule
    made without them is not found with them.
    """

    def handle(parameters: Any) -> Any:
        kept = dict(parameters)
        for name, value in parameters.items():
            prefix, _, member = str(name).rpartition(".")
            text = value[0] if isinstance(value, list) else value
            if member == "IpProtocol" and text in {"-1", "all"}:
                for port in ("FromPort", "ToPort"):
                    kept.pop(f"{prefix}.{port}", None)
        return original(kept)

    return handle
