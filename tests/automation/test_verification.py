"""What is said of a deployment, for every way it can end."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from automation.target import Target
from automation.verification import verify_service
from infra.deployments.verdict import State, Verdict
from infra.deployments.wording import log_lines

OLD, NEW = "arn:aws:ecs:x:1:task-definition/web:1", "arn:aws:ecs:x:1:task-definition/web:2"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Cloud:
    """An ECS that answers one description after the other, the last one for ever."""

    def __init__(
        self, *services: dict[str, Any], newest: dict[str, Any] | None = None, brought: str = ""
    ) -> None:
        self._services = list(services)
        self._newest = newest
        self._brought = brought
        self.exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    def describe_services(self, **_: Any) -> Any:
        found = self._services.pop(0) if len(self._services) > 1 else self._services[0]
        return {"services": [found] if found else []}

    def list_service_deployments(self, **_: Any) -> Any:
        return {
            "serviceDeployments": [{"serviceDeploymentArn": "d", "createdAt": NOW}] if self._newest else []
        }

    def describe_service_deployments(self, **_: Any) -> Any:
        return {"serviceDeployments": [self._newest]}

    def describe_service_revisions(self, **_: Any) -> Any:
        return {"serviceRevisions": [{"taskDefinition": self._brought}] if self._brought else []}

    def list_tasks(self, **_: Any) -> Any:
        return {"taskArns": ["arn:task/shop/1234567890abcdef"]}

    def describe_tasks(self, **_: Any) -> Any:
        containers = [{"name": "web", "exitCode": 137, "reason": "OutOfMemoryError"}, {"name": "agent"}]
        task = {"taskArn": "arn:task/shop/1234567890abcdef", "taskDefinitionArn": NEW, "createdAt": NOW}
        return {
            "tasks": [
                {**task, "stoppedReason": "Essential container in task exited", "containers": containers}
            ]
        }

    def describe_task_definition(self, **_: Any) -> Any:
        options = {"awslogs-group": "/web", "awslogs-stream-prefix": "web"}
        container = {"name": "web", "image": "i", "logConfiguration": {"options": options}}
        return {"taskDefinition": {"containerDefinitions": [container]}}

    def get_log_events(self, **_: Any) -> Any:
        assert _["logStreamName"] == "web/web/1234567890abcdef"
        return {"events": [{"message": "no memory left"}]}


def service(*deployments: dict[str, Any], desired: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "serviceName": "web",
        "serviceArn": "arn:service/shop/web",
        "clusterArn": "arn:cluster/shop",
        "status": "ACTIVE",
        "desiredCount": desired,
        "runningCount": 1,
        "pendingCount": 0,
        "events": [],
        "deployments": list(deployments),
        **more,
    }


def deployment(definition: str, state: str, status: str = "PRIMARY", reason: str = "") -> dict[str, Any]:
    return {
        "id": f"ecs-svc/{definition[-1]}",
        "status": status,
        "taskDefinition": definition,
        "rolloutState": state,
        "rolloutStateReason": reason,
        "runningCount": 1,
    }


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("automation.verification._POLL_SECONDS", 0.0)


def verify(cloud: Cloud, **options: Any) -> Verdict:
    target = Target(stack="dev", region="us-east-1", local=None)
    target.__dict__.update(ecs=cloud, logs=cloud)  # where cached_property keeps what it made
    return verify_service(target, "shop", "web", NEW, **options)


def test_completed_is_the_asked_version_with_its_deployment_id() -> None:
    verdict = verify(Cloud(service(deployment(NEW, "COMPLETED"))))
    assert verdict.ok
    assert (verdict.running, verdict.deployment) == (NEW, "ecs-svc/2")


def test_follows_a_deployment_to_its_end_and_says_what_happens() -> None:
    said: list[str] = []
    going = service(deployment(NEW, "IN_PROGRESS"), deployment(OLD, "COMPLETED", "ACTIVE"), pendingCount=1)
    verdict = verify(Cloud(going, going, service(deployment(NEW, "COMPLETED"))), report=said.append)
    assert verdict.ok
    assert said == ["web: 1/1 tasks running, 1 pending, 1 of them new · IN_PROGRESS"]


def test_rolled_back_names_reason_exit_code_and_last_log_lines() -> None:
    newest = {"status": "ROLLBACK_SUCCESSFUL", "statusReason": "alarm web-5xx fired"}
    verdict = verify(Cloud(service(deployment(OLD, "COMPLETED")), newest=newest))
    assert verdict.state is State.ROLLED_BACK
    text = str(verdict)
    for part in (
        "web:2",
        "rolled back",
        "alarm web-5xx fired",
        "exit code 137",
        "OutOfMemoryError",
        "no memory left",
    ):
        assert part in text
    assert "running now: web:1" in text


ENDINGS = [
    ("ROLLBACK_SUCCESSFUL", State.ROLLED_BACK),
    ("ROLLBACK_FAILED", State.FAILED),
    ("STOPPED", State.FAILED),
]


@pytest.mark.parametrize(("status", "state"), ENDINGS)
def test_a_failed_deployment_of_the_same_version_is_no_success(status: str, state: State) -> None:
    """A rotated secret, another network, another strategy: what runs after the rollback is what was asked."""
    newest = {
        "status": status,
        "statusReason": "tasks failed to start",
        "targetServiceRevision": {"arn": "r/9"},
    }
    verdict = verify(Cloud(service(deployment(NEW, "COMPLETED")), newest=newest, brought=NEW))
    assert (verdict.state, verdict.reason, verdict.running) == (state, "tasks failed to start", NEW)


def test_a_task_that_the_rollback_stopped_hides_no_crash() -> None:
    class WithSurvivor(Cloud):
        """The newest task was about to start when ECS went back."""

        def list_tasks(self, **_: Any) -> Any:
            return {"taskArns": ["arn:task/shop/1234567890abcdef", "arn:task/shop/later"]}

        def describe_tasks(self, **asked: Any) -> Any:
            (crashed,) = super().describe_tasks(**asked)["tasks"]
            reason = "Scaling activity initiated by (deployment ecs-svc/2)"
            later = {"taskArn": "arn:task/shop/later", "createdAt": NOW + timedelta(seconds=9)}
            return {"tasks": [crashed, {**crashed, **later, "stoppedReason": reason}]}

    newest = {"status": "ROLLBACK_SUCCESSFUL", "statusReason": "tasks failed to start"}
    said = str(verify(WithSurvivor(service(deployment(OLD, "COMPLETED")), newest=newest)))
    assert "no memory left" in said
    assert "Scaling activity" not in said


def test_somebody_elses_failed_deployment_is_not_this_ones() -> None:
    newest = {"status": "ROLLBACK_SUCCESSFUL", "targetServiceRevision": {"arn": "r/9"}}
    assert verify(Cloud(service(deployment(NEW, "COMPLETED")), newest=newest, brought=OLD)).ok


def test_an_earlier_failure_that_is_still_the_newest_listed_does_not_count() -> None:
    """ECS lists a new service deployment later than it describes it."""
    earlier = {"status": "ROLLBACK_SUCCESSFUL", "finishedAt": NOW, "targetServiceRevision": {"arn": "r/1"}}
    going = {**deployment(NEW, "IN_PROGRESS"), "createdAt": NOW + timedelta(seconds=5)}
    done = {**going, "rolloutState": "COMPLETED"}
    assert verify(Cloud(service(going), service(done), newest=earlier, brought=NEW)).ok


def test_a_rollback_that_began_before_its_end_is_this_ones() -> None:
    newest = {"status": "ROLLBACK_SUCCESSFUL", "finishedAt": NOW, "targetServiceRevision": {"arn": "r/1"}}
    rollback = {**deployment(NEW, "COMPLETED"), "createdAt": NOW - timedelta(seconds=5)}
    verdict = verify(Cloud(service(rollback), newest=newest, brought=NEW))
    assert verdict.state is State.ROLLED_BACK


def test_rolled_back_is_known_from_the_failed_deployment_too() -> None:
    failed = deployment(NEW, "FAILED", "INACTIVE", "tasks failed to start")
    verdict = verify(Cloud(service(deployment(OLD, "COMPLETED"), failed)))
    assert verdict.state is State.ROLLED_BACK


def test_waits_while_the_rollback_itself_goes_on() -> None:
    cloud = Cloud(service(deployment(OLD, "COMPLETED")), newest={"status": "ROLLBACK_IN_PROGRESS"})
    assert verify(cloud, timeout=0.05).state is State.STUCK


def test_failed_without_a_rollback() -> None:
    verdict = verify(Cloud(service(deployment(NEW, "FAILED", reason="no capacity"))))
    assert (verdict.state, verdict.reason) == (State.FAILED, "no capacity")
    assert "running now: web:2" in str(verdict)


def test_failed_with_no_task_left_says_of_none_that_it_runs() -> None:
    alone = {**deployment(NEW, "FAILED", reason="tasks failed to start"), "runningCount": 0}
    verdict = verify(Cloud(service(alone)))
    assert verdict.state is State.FAILED
    assert not verdict.running
    assert "running now" not in str(verdict)


def test_json_records_show_message_and_traceback_and_the_same_traceback_once() -> None:
    record = json.dumps(
        {"level": "error", "message": "Exception on /", "traceback": "Traceback:\nKeyError: x"}
    )
    assert log_lines("web", "arn:task/shop/1234567890abcdef", [record, "plain", record]) == [
        "last log lines of web (1234567890ab):",
        "  Exception on /",
        "  Traceback:",
        "  KeyError: x",
        "  plain",
        "  Exception on /",
    ]


def test_superseded_by_a_later_deployment() -> None:
    later = "arn:aws:ecs:x:1:task-definition/web:3"
    verdict = verify(Cloud(service(deployment(later, "COMPLETED")), newest={"status": "SUCCESSFUL"}))
    assert verdict.state is State.SUPERSEDED
    assert "web:3" in str(verdict)


def test_stuck_says_how_far_it_came() -> None:
    verdict = verify(Cloud(service(deployment(NEW, "IN_PROGRESS"), desired=3)), timeout=0.05)
    assert verdict.state is State.STUCK
    assert "1/3 tasks running" in verdict.reason


def test_missing_service() -> None:
    assert verify(Cloud({})).state is State.MISSING


def test_code_deploy_has_the_last_word_on_its_task_sets() -> None:
    sets = [{"status": "PRIMARY", "taskDefinition": NEW}]
    code_deploy = service(deploymentController={"type": "CODE_DEPLOY"}, taskSets=sets)
    assert verify(Cloud(code_deploy)).ok
    sets[0]["taskDefinition"] = OLD
    assert "CodeDeploy" in verify(Cloud(code_deploy)).reason
