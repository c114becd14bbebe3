"""Changes of a running service under constant load: none loses a request, and a second update has nothing to do."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.e2e.stage import Ran, Stage

pytestmark = pytest.mark.docker
FAST = {"bakeMinutes": 1, "rollbackOnAlarm": False}
CANARY = {"strategy": "canary", "canary": {"percent": 20, "bakeMinutes": 1}, **FAST}
AT_ONCE = {"configuration": "CodeDeployDefault.ECSAllAtOnce", "terminationWaitMinutes": 0}
CODE_DEPLOY = {"strategy": "codeDeploy", "codeDeploy": AT_ONCE, "rollbackOnAlarm": False}
ROLLING = {"strategy": "rolling"}


class Running:
    """A stack whose services are changed while two clients ask."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.services: dict[str, Any] = {}

    def service(self, name: str, **settings: Any) -> None:
        """Set a service's settings; its greeting is its name, deployment and port."""
        said = settings.get("deployment", ROLLING)["strategy"]
        port = settings.get("port", 5000)
        drain = {"SHUTDOWN_DRAIN_SECONDS": 1, "SHUTDOWN_TIMEOUT_SECONDS": 4, "PORT": port}
        self.services[name] = {
            "desiredCount": 2,
            "deregistrationDelay": 5,
            "stopTimeout": 5,
            "healthCheck": {"path": "/healthz", "interval": 5, "timeout": 2},
            "environment": {"GREETING": f"{name} {said} {port}", **drain},
            **settings,
        }

    def write(self) -> None:
        config = {"aws:region": "us-east-1", "production": False, "services": self.services}
        (self.stage.project / "Pulumi.local.yaml").write_text(yaml.safe_dump({"config": config}))

    def changed(self, answer: str) -> None:
        """Deploy under load: no request is lost, this one answers, and a second update changes nothing."""
        self.write()
        with self.stage.traffic() as traffic:
            ran = self.stage.run("up", "local")
        assert ran.code == 0, ran.output
        assert traffic.failed == 0, traffic.answers
        assert traffic.total > 500
        assert self.stage.get().text == answer
        assert "No changes" in self.stage.up().output

    def refused(self) -> Ran:
        self.write()
        with self.stage.traffic() as traffic:
            ran = self.stage.run("up", "local")
        assert ran.code != 0
        assert traffic.failed == 0, traffic.answers
        return ran


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two tasks that are replaced, on a clock that runs thirty times as fast as AWS's."""
    stage = Stage(tmp_path_factory.mktemp("changes"))
    stage.environment["LOCALCLOUD_CLOCK"] = "30"
    made = Running(stage)
    made.service("web")
    made.write()
    try:
        stage.up()
        yield made
    finally:
        stage.down()


def test_to_canary_and_back_while_the_spare_target_group_is_live(running: Running) -> None:
    running.service("web", deployment=CANARY)
    running.changed("web canary 5000")
    running.service("web", port=5001)
    running.changed("web rolling 5001")
    groups = running.stage.aws("elbv2").describe_target_groups()["TargetGroups"]
    assert [group["TargetGroupName"].rpartition("-")[0] for group in groups] == ["web-spare"]


def test_to_codedeploy_with_the_port_in_its_appspec_and_on_to_canary(running: Running) -> None:
    running.service("web", deployment=CODE_DEPLOY)
    running.changed("web codeDeploy 5000")
    running.service("web", deployment=CANARY)
    running.changed("web canary 5000")
    running.service("web", deployment=CODE_DEPLOY)
    assert "allowed: rolling, deployed once, and codeDeploy after that" in running.refused().output
    running.service("web", deployment=CANARY)


def test_a_path_is_carved_out_of_a_running_service(running: Running) -> None:
    running.service("home", route={"paths": ["/"]})
    running.changed("home rolling 5000")
