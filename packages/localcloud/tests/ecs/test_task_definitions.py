"""A task definition that ECS would not take is not taken here."""

import json
from typing import Any

import pytest

from localcloud.emulator.ecs.task_definitions import checked


def register(request: dict[str, Any]) -> Any:
    def accept(_: Any) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, b"{}"

    status, _, body = checked(accept)(request)
    return status, json.loads(body)


def definition(value: str, containers: int = 1) -> dict[str, Any]:
    variables = [{"name": "A", "value": value}]
    one = {"name": "web", "image": "x", "environment": variables}
    return {"family": "web", "containerDefinitions": [one] * containers}


def test_64_kib_are_taken_and_a_byte_more_is_not() -> None:
    rest = len(json.dumps(definition(""), separators=(",", ":")))
    assert register(definition("x" * (65_536 - rest)))[0] == 200
    status, answer = register(definition("x" * (65_537 - rest)))
    assert (status, answer["__type"]) == (400, "ClientException")
    assert answer["message"] == "Actual length: '65537'. Max allowed length is '65536' bytes."


@pytest.mark.parametrize(("containers", "status"), [(10, 200), (11, 400)])
def test_ten_containers_are_taken(containers: int, status: int) -> None:
    assert register(definition("", containers))[0] == status
