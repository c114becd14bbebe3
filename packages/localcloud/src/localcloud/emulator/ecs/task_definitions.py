"""Task definitions that ECS refuses for their size; MiniStack keeps any."""

import json
from collections.abc import Callable

from localcloud.emulator.ecs.answers import Refused, Request, Response

MAX_BYTES = 65_536
"""ECS service quotas, "Task definition size": 64 KiB.

The API answers `Actual length: '66420'. Max allowed length is '65536' bytes.` (awsdocs/amazon-ecs-developer-guide#149).
What exactly it measures is not documented; here it is the request's JSON without spaces.
"""

MAX_CONTAINERS = 10
"""ECS service quotas, "Containers per task definition"; the answer is that of amazon-ecs-cli#184."""


def checked(register: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """RegisterTaskDefinition that refuses before it registers.

    Args:
        register: MiniStack's own handler.
    """

    def answer(request: Request) -> Response:
        try:
            check(request)
        except Refused as refusal:
            return refusal.response
        return register(request)

    return answer


def check(request: Request) -> None:
    """Accept what fits.

    Raises:
        Refused: It is too long, or has too many containers.
    """
    if len(request.get("containerDefinitions") or ()) > MAX_CONTAINERS:
        raise Refused("ClientException", "Too many containers.")
    length = len(json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode())
    if length > MAX_BYTES:
        raise Refused(
            "ClientException", f"Actual length: '{length}'. Max allowed length is '{MAX_BYTES}' bytes."
        )
