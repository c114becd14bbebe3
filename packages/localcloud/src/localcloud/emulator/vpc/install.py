"""Put the checks in front of MiniStack's operations."""

from collections.abc import Callable
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.vpc import checks


def install() -> None:
    """Check every request that EC2 would refuse before MiniStack answers it."""
    actions = upstream.ec2._ACTION_MAP
    for action in checks.CHECKS:
        actions[action] = _checked(action, actions[action])


def _checked(action: str, original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def handle(parameters: Any) -> Any:
        found = checks.refusal(action, parameters)
        return upstream.ec2._error(*found, 400) if found else original(parameters)

    return handle
