"""Which task definitions this machine runs: RegisterTaskDefinition refuses the others before anything uses them."""

from collections.abc import Callable

from localcloud.containment import Containment
from localcloud.emulator import upstream
from localcloud.emulator.ecs.answers import Request, Response


def admitting(
    register: Callable[[Request], Response], containment: Containment
) -> Callable[[Request], Response]:
    """RegisterTaskDefinition that refuses what the user of this machine did not allow (docs/security.md).

    AWS accepts such a definition for instances of one's own: what is refused is this machine's part, and says so. Where
    the operation is not asked through the API (CloudFormation) the container itself is refused (`machine.within`).
    """

    def answer(request: Request) -> Response:
        reason = containment.task_refusal(request)
        if reason is None:
            return register(request)
        refused: Response = upstream.responses.error_response_json(
            "ClientException", f"The local cloud does not run this task definition: {reason}", 400
        )
        return refused

    return answer
