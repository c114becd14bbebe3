"""Throttling, expired credentials and a lost network while a deployment is followed."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from automation import verification
from automation.target import Target
from automation.verification import verify_service
from infra.deployments.asking import LostContact, patiently
from infra.deployments.verdict import State, Verdict

NO_NETWORK = EndpointConnectionError(endpoint_url="https://ecs.us-east-1.amazonaws.com")
DONE = Verdict(service="web", state=State.COMPLETED, asked="td:2", running="td:2")


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "DescribeServices")


def answers(*items: Any) -> Any:
    left = iter(items)

    def ask(*_: Any) -> Any:
        item = next(left)
        if isinstance(item, Exception):
            raise item
        return item

    return ask


@pytest.mark.parametrize("error", [NO_NETWORK, refused("ThrottlingException"), refused("Whatever", 503)])
def test_what_passes_is_waited_for_longer_and_longer(error: Exception) -> None:
    waits: list[float] = []
    lines: list[str] = []
    found = patiently(answers(*[error] * 6, "fine"), report=lines.append, sleep=waits.append)
    assert found == "fine"
    assert waits == [2, 4, 8, 16, 30, 30]
    assert all("asking again" in line for line in lines)


def test_after_ten_minutes_it_says_so() -> None:
    with pytest.raises(LostContact, match=r"no answer for 6\d\d s: Could not connect"):
        patiently(answers(*[NO_NETWORK] * 99), report=lambda _: None, sleep=lambda _: None)


@pytest.mark.parametrize("error", [refused("ExpiredTokenException"), NoCredentialsError()])
def test_credentials_that_are_over_are_not_waited_for(error: Exception) -> None:
    with pytest.raises(LostContact, match="renew the credentials"):
        patiently(answers(error), report=lambda _: None, sleep=lambda _: None)


def test_what_aws_refuses_is_not_a_lost_contact() -> None:
    with pytest.raises(ClientError):
        patiently(answers(refused("ClusterNotFoundException")), report=lambda _: None)


def test_a_deployment_out_of_sight_is_told_with_what_was_seen_last(monkeypatch: pytest.MonkeyPatch) -> None:
    class Observer:
        """Sees a deployment go on, and then nothing more."""

        sight = None
        progress = "web: 1/2 tasks running · IN_PROGRESS"

        def __init__(self, *_: Any, **__: Any) -> None:
            self.look = answers(None, refused("ExpiredTokenException"))

    monkeypatch.setattr(verification, "Observer", Observer)
    monkeypatch.setattr("automation.verification.time.sleep", lambda _: None)
    target = Target(stack="prod", region="us-east-1", local=None)
    verdict = verify_service(target, "c", "web", "arn:aws:ecs:us-east-1:1:task-definition/web:2")
    assert verdict.state is State.OUT_OF_SIGHT
    assert not verdict.ok
    text = str(verdict)
    for part in (
        "ExpiredTokenException",
        "last seen: web: 1/2 tasks running · IN_PROGRESS",
        "goes on without this run",
        "python -m automation status prod",
    ):
        assert part in text
