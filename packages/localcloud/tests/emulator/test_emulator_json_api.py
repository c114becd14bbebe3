"""Services of ours in the JSON protocol: the model decides what goes in, and what comes out."""

from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.emulator.json_api import Api, Refused, Request, decoded, shaped


def api(answer: Any) -> Api:
    return Api("ecs", {"CreateCluster": answer, "RunTask": answer}, invalid="InvalidParameterException")


def test_the_models_constraints_are_checked_before_the_operation() -> None:
    seen: list[Request] = []

    with pytest.raises(Refused) as caught:
        api(seen.append).answer("RunTask", {"launchType": "MAINFRAME"})

    assert caught.value.code == "InvalidParameterException"
    assert str(caught.value).startswith("2 validation errors detected: Value null at 'taskDefinition'")
    assert seen == []


@pytest.mark.parametrize(
    ("operation", "words"), [("RunTasks", "Unknown operation"), ("StopTask", "does not emulate StopTask")]
)
def test_operations_that_are_not_there(operation: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as caught:
        api(dict).answer(operation, {})
    assert caught.value.code == "UnknownOperationException"


@pytest.mark.parametrize("body", [b"[]", b"{", b"1"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decoded(body)
    assert caught.value.code == "SerializationException"


def test_an_answer_is_cut_to_the_models_shape() -> None:
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    service = {
        "serviceName": "web",
        "createdAt": moment,
        "_private": 1,
        "roleArn": None,
        "deployments": [{"id": "a", "createdAt": "2025-01-01T00:00:00+00:00", "_private": 1}],
    }

    assert shaped("ecs", "CreateService", {"service": service}) == {
        "service": {
            "serviceName": "web",
            "createdAt": moment.timestamp(),
            "deployments": [{"id": "a", "createdAt": moment.timestamp()}],
        }
    }
