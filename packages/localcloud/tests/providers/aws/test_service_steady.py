"""The wait of the AWS provider: what it takes for steady, what for failed, and what it does not see."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from localcloud.errors import ResourceInitFailed
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.service_steady import wait_for_steady_state

BEGAN = 1_800_000_000.0
ARN = "arn:aws:ecs:us-east-1:000000000000:service/main/web"
WANTED = {"id": ARN, "cluster": "main", "waitForSteadyState": True}


class Ecs:
    """A service with one deployment, and the service deployment of that."""

    def __init__(self, *statuses: str, began: float = BEGAN + 1, running: int = 1) -> None:
        self._statuses = list(statuses)
        self._began = began
        self._running = running

    def __call__(self, operation: str, _: Any) -> Any:
        match operation:
            case "DescribeServices":
                created = datetime.fromtimestamp(self._began, UTC)
                primary = {"id": "ecs-svc/7", "status": "PRIMARY", "createdAt": created}
                described = {"status": "ACTIVE", "desiredCount": 1, "runningCount": self._running}
                return {"services": [{**described, "deployments": [primary]}]}
            case "ListServiceDeployments":
                target = "arn:service-revision/main/web/7"
                return {
                    "serviceDeployments": [{"serviceDeploymentArn": "d", "targetServiceRevisionArn": target}]
                }
            case _:
                status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
                return {"serviceDeployments": [{"status": status, "statusReason": f"it is {status}"}]}


def wait(ecs: Ecs, wanted: dict[str, Any] | None = None, **previous: Any) -> None:
    context = SimpleNamespace(call=ecs, find_call=ecs, began=BEGAN, timeout=0.1)
    wait_for_steady_state(cast("Context", context), wanted or WANTED, previous)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.providers.aws.service_steady.POLL_SECONDS", 0.0)


def test_a_new_deployment_is_followed_to_its_success() -> None:
    wait(Ecs("PENDING", "IN_PROGRESS", "SUCCESSFUL"))


@pytest.mark.parametrize("status", ["STOPPED", "ROLLBACK_FAILED", "ROLLBACK_SUCCESSFUL"])
def test_a_failed_deployment_fails_with_the_reason_of_ecs_alone(status: str) -> None:
    with pytest.raises(ResourceInitFailed) as caught:
        wait(Ecs("IN_PROGRESS", status), id=ARN)
    assert caught.value.reasons == [f"waiting for ECS Service ({ARN}) update: it is {status}"]


def test_without_a_new_deployment_only_tasks_are_counted() -> None:
    """So an earlier rollback is not seen."""
    wait(Ecs("ROLLBACK_SUCCESSFUL", began=BEGAN - 60))
    with pytest.raises(ResourceInitFailed, match="create: timeout while waiting"):
        wait(Ecs("SUCCESSFUL", began=BEGAN - 60, running=0))


def test_nobody_waits_who_does_not_ask_for_it() -> None:
    wait(Ecs("IN_PROGRESS"), {**WANTED, "waitForSteadyState": False})
