"""A deployment whose tasks cannot become healthy ends early, and says why."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from infra.deployments.observing import Observer
from infra.deployments.verdict import State, Verdict

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = "arn:aws:ecs:x:1:task-definition/web:1", "arn:aws:ecs:x:1:task-definition/web:2"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/0123456789abcdef"
GIVEN_UP = f"Task failed ELB health checks in (target-group {GROUP})"


class Cloud:
    """A service with one task of the new version that was given up, and one that is being tried."""

    def __init__(self, why: str, *, stopped: str = GIVEN_UP, log: tuple[str, ...] = ()) -> None:
        self._why, self._stopped, self._log = why, stopped, log
        self.status, self.refuses = (
            "",
            False,
        )  # of its newest service deployment, and whether it may be stopped
        self.stopped: list[dict[str, Any]] = []
        self.ended: datetime | None = None
        self.exceptions = SimpleNamespace(ResourceNotFoundException=KeyError)

    @property
    def clients(self) -> Any:
        return SimpleNamespace(ecs=self, elbv2=self, logs=self)

    def describe_services(self, **_: Any) -> Any:
        text = f"(service web) (task t) (port 5000) is unhealthy in (target-group {GROUP}) due to (reason {self._why})"
        deployments = [
            {
                "id": "ecs-svc/2",
                "status": "PRIMARY",
                "taskDefinition": NEW,
                "rolloutState": "IN_PROGRESS",
                "failedTasks": 1,
                "runningCount": 1,
                "createdAt": NOW,
            },
            {
                "id": "ecs-svc/1",
                "status": "ACTIVE",
                "taskDefinition": OLD,
                "runningCount": 1,
                "createdAt": NOW,
            },
        ]
        service = {
            "serviceName": "web",
            "serviceArn": "arn:service/web",
            "clusterArn": "arn:cluster/web",
            "status": "ACTIVE",
            "runningCount": 2,
            "pendingCount": 0,
            "desiredCount": 1,
            "deployments": deployments,
            "events": [{"createdAt": NOW + timedelta(seconds=50), "message": text}],
            "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "web", "containerPort": 5000}],
        }
        return {"services": [service]}

    def list_service_deployments(self, **_: Any) -> Any:
        newest = {"serviceDeploymentArn": "arn:new", "createdAt": NOW}
        return {"serviceDeployments": [newest] if self.status else []}

    def describe_service_deployments(self, **_: Any) -> Any:
        newest = {"serviceDeploymentArn": "arn:new", "status": self.status, "statusReason": "Stopped."}
        return {"serviceDeployments": [{**newest, "sourceServiceRevisions": [{"arn": "arn:old"}]}]}

    def describe_service_revisions(self, **_: Any) -> Any:
        return {"serviceRevisions": [{"taskDefinition": NEW}]}

    def stop_service_deployment(self, **asked: Any) -> None:
        if self.refuses:
            raise ClientError(cast("Any", {"Error": {"Code": "AccessDeniedException"}}), "Stop")
        self.stopped.append(asked)
        self.status = "ROLLBACK_SUCCESSFUL"

    def list_tasks(self, **_: Any) -> Any:
        return {"taskArns": ["arn:task/web/1234567890abcdef"]}

    def describe_tasks(self, **_: Any) -> Any:
        details = [{"name": "privateIPv4Address", "value": "10.0.1.7"}]
        task = {
            "taskArn": "arn:task/web/1234567890abcdef",
            "taskDefinitionArn": NEW,
            "createdAt": NOW,
            "stoppedReason": self._stopped,
            "containers": [{"name": "web", "exitCode": 0}],
            "attachments": [{"type": "ElasticNetworkInterface", "details": details}],
        }
        return {"tasks": [task | ({"stoppedAt": self.ended} if self.ended else {})]}

    def describe_task_definition(self, **_: Any) -> Any:
        options = {"awslogs-group": "/web", "awslogs-stream-prefix": "web"}
        return {
            "taskDefinition": {
                "containerDefinitions": [{"name": "web", "logConfiguration": {"options": options}}]
            }
        }

    def describe_target_health(self, **_: Any) -> Any:
        return {"TargetHealthDescriptions": []}

    def describe_target_groups(self, **_: Any) -> Any:
        return {"TargetGroups": [{"HealthCheckPath": "/nope", "Matcher": {"HttpCode": "200"}}]}

    def get_log_events(self, **_: Any) -> Any:
        return {"events": [{"message": line} for line in self._log]}


def test_a_crash_is_explained_by_the_setting_that_mends_it() -> None:
    cloud = Cloud(
        "", stopped="Essential container in task exited", log=("os.environ", "KeyError: 'LOG_LEVEL'")
    )
    observer = Observer(cloud.clients, "web", "web", NEW, since=NOW.timestamp())
    assert observer.look() is None
    failed = Verdict(service="web", state=State.ROLLED_BACK, asked=NEW, running=OLD, reason="x")
    assert (
        "fix: pulumi config set --path services.web.environment.LOG_LEVEL"
        in observer.explain(failed).details[-4]
    )


def looked(cloud: Cloud) -> Verdict | None:
    observer = Observer(cloud.clients, "web", "web", NEW, since=NOW.timestamp())
    verdict = observer.look()
    return observer.explain(verdict) if verdict else None


def test_a_wrong_path_ends_the_deployment_with_the_request_and_its_answer() -> None:
    verdict = looked(Cloud("Health checks failed with these codes: [404]"))
    assert verdict is not None
    assert (verdict.state, verdict.running) == (State.FAILED, OLD)
    assert "cannot become healthy" in verdict.reason
    assert "health check: GET /nope on port 5000 → 404 (Host: 10.0.1.7:5000); 200 is healthy" in str(verdict)
    assert "services.web.healthCheck.path is /nope" in str(verdict)


def test_a_deployment_that_cannot_become_healthy_is_rolled_back_by_whoever_follows_it() -> None:
    cloud = Cloud("Health checks failed with these codes: [404]")
    cloud.status = "IN_PROGRESS"
    observer = Observer(cloud.clients, "web", "web", NEW, since=NOW.timestamp(), ends=True)
    assert observer.look() is None, "it is followed to the end of the rollback"
    assert cloud.stopped == [{"serviceDeploymentArn": "arn:new", "stopType": "ROLLBACK"}]
    verdict = observer.look()
    assert verdict is not None
    assert verdict.state is State.ROLLED_BACK
    assert "this run asked for that: its tasks cannot become healthy" in verdict.reason
    assert "→ 404" in str(observer.explain(verdict))


def test_where_it_may_not_be_stopped_it_is_said_that_ecs_goes_on() -> None:
    cloud = Cloud("Health checks failed with these codes: [404]")
    cloud.status, cloud.refuses = "IN_PROGRESS", True
    verdict = Observer(cloud.clients, "web", "web", NEW, since=NOW.timestamp(), ends=True).look()
    assert verdict is not None
    assert "ECS goes on trying" in verdict.reason


def test_a_task_that_failed_before_anybody_looked_ends_nothing() -> None:
    """It may have failed by a health check that is mended since."""
    cloud = Cloud("Health checks failed with these codes: [404]")
    cloud.ended = datetime.now(UTC) - timedelta(minutes=1)
    assert Observer(cloud.clients, "web", "web", NEW, since=NOW.timestamp()).look() is None


def test_a_wrong_port_ends_the_deployment_with_the_port_of_the_log() -> None:
    verdict = looked(Cloud("Health checks failed", log=("Listening at: http://0.0.0.0:8000 (1)",)))
    assert verdict is not None
    assert "nothing answers on 5000; the log says it listens on 8000" in str(verdict)
    assert "fix: pulumi config set --path services.web.port 8000" in str(verdict)


@pytest.mark.parametrize(
    "cloud",
    [
        Cloud("Health checks failed with these codes: [503]"),
        Cloud("Request timed out"),
        Cloud("Health checks failed", log=("Listening at: http://0.0.0.0:5000 (1)",)),
        Cloud("Health checks failed with these codes: [404]", stopped="Essential container in task exited"),
    ],
    ids=["503", "timeout", "the right port", "another reason"],
)
def test_what_may_still_heal_goes_on(cloud: Cloud) -> None:
    assert looked(cloud) is None
