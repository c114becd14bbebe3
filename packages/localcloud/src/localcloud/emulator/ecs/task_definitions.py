"""Task definitions: what ECS refuses to register, and their end (deregistered, then deleted)."""

import json
from collections.abc import Callable
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.ecs import definition_rules
from localcloud.emulator.ecs.answers import Refused, Request, Response
from localcloud.emulator.json_api import refused

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
            return refused(refusal)
        return register(request)

    return answer


def check(request: Request) -> None:
    """Accept what ECS accepts.

    Raises:
        Refused: ClientException.
    """
    if len(request.get("containerDefinitions") or ()) > MAX_CONTAINERS:
        raise Refused("ClientException", "Too many containers.")
    length = len(json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode())
    if length > MAX_BYTES:
        raise Refused(
            "ClientException", f"Actual length: '{length}'. Max allowed length is '{MAX_BYTES}' bytes."
        )
    definition_rules.check(request)


def check_deregistration(request: Request) -> None:
    """Accept the name of one revision that is there.

    Raises:
        Refused: ClientException; its words are those of getmoto/moto, test_deregister_task_definition_2.
    """
    _, separator, revision = str(request["taskDefinition"]).rpartition("/")[2].partition(":")
    if not separator:
        raise Refused("ClientException", "Revision is missing.")
    if not revision.isdecimal():
        raise Refused("ClientException", f"Invalid revision number. Number: {revision}")
    check_known(request)


def check_known(request: Request) -> None:
    """Accept the name of a task definition that is there.

    Raises:
        Refused: ClientException.
    """
    key = upstream.ecs._resolve_td_key(str(request["taskDefinition"]))
    if key not in upstream.ecs._task_defs:
        raise Refused("ClientException", "Unable to describe task definition.")


def delete(request: Request) -> Request:
    """DeleteTaskDefinitions: only what is INACTIVE is deleted.

    The reasons are those of getmoto/moto, tests/test_ecs/test_ecs_task_definitions.py.
    """
    deleted: list[Any] = []
    failures = []
    for reference in request["taskDefinitions"]:
        key = upstream.ecs._resolve_td_delete_key(reference)
        found = upstream.ecs._task_defs.get(key) if key else None
        if found is not None and found["status"] != "ACTIVE":
            found["status"] = "DELETE_IN_PROGRESS"
            deleted.append(found)
            continue
        why = "identifier is invalid. Specify a valid name or ARN and try again."
        if key:
            why = "does not exist. Specify a valid account, family, revision and try again."
        if found is not None:
            why = "is still in ACTIVE status. Please deregister the target and try again."
        failures.append({"arn": reference, "reason": f"The specified task definition {why}"})
    return {"taskDefinitions": deleted, "failures": failures}
