"""What CodeDeploy has to deploy is started and followed; what it runs already is left alone."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from automation import code_deploy
from automation.engines import CloudResource
from automation.images import asked_services
from automation.target import Target

OLD, NEW = "arn:aws:ecs:x:1:task-definition/web:1", "arn:aws:ecs:x:1:task-definition/web:2"
STATES = {"Succeeded": {}, "Failed": {"code": "ALARM_ACTIVE", "message": "errors went off"}}


def resource(kind: str, inputs: dict[str, Any], outputs: dict[str, Any]) -> CloudResource:
    return CloudResource(
        urn=f"urn:pulumi:s::p::{kind}::web", type=kind, id="x", inputs=inputs, outputs=outputs
    )


RESOURCES = [
    resource("aws:ecs/taskDefinition:TaskDefinition", {}, {"arn": NEW}),
    resource(
        "aws:ecs/service:Service",
        {"deploymentController": {"type": "CODE_DEPLOY"}, "taskDefinition": OLD},
        {"name": "web", "taskDefinition": OLD},
    ),
    resource(
        "aws:codedeploy/deploymentGroup:DeploymentGroup",
        {},
        {
            "appName": "shop",
            "deploymentGroupName": "web",
            "ecsService": {"clusterName": "c", "serviceName": "web"},
        },
    ),
]


class CodeDeploy:
    """A CodeDeploy whose deployments end as they are told to, after one look at them."""

    def __init__(self, end: str, refusal: str = "") -> None:
        self.started: list[dict[str, Any]] = []
        self._statuses = ["InProgress", end]
        self._refusal = refusal

    def create_deployment(self, **request: Any) -> Any:
        if self._refusal:
            raise ClientError({"Error": {"Code": "X", "Message": self._refusal}}, "CreateDeployment")
        self.started.append(request)
        return {"deploymentId": "d-1"}

    def get_deployment(self, **_: Any) -> Any:
        status = self._statuses.pop(0)
        info = {"status": status, "deploymentConfigName": "Fast", "errorInformation": STATES.get(status)}
        return {"deploymentInfo": info}


NETWORK = {"subnets": ["a", "b"], "securityGroups": ["g"], "assignPublicIp": "ENABLED"}
REVISION = {
    "TaskDefinition": NEW,
    "LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 5000.0},
    "NetworkConfiguration": {
        "AwsvpcConfiguration": {"Subnets": ["b", "a"], "SecurityGroups": ["g"], "AssignPublicIp": "ENABLED"}
    },
    "CapacityProviderStrategy": [{"CapacityProvider": "FARGATE", "Base": 0.0, "Weight": 1.0}],
}


def deployed(
    client: CodeDeploy, running: str, revision: dict[str, Any] | None = None
) -> tuple[dict[str, str], list[str]]:
    service = {
        "taskDefinition": OLD,
        "taskSets": [{"status": "PRIMARY", "taskDefinition": running}],
        "loadBalancers": [{"containerName": "web", "containerPort": 5000}],
        "networkConfiguration": {"awsvpcConfiguration": NETWORK},
    }
    component = resource("ecs-microservice:index:CodeDeployment", {}, {"revision": revision or REVISION})
    ecs = SimpleNamespace(describe_services=lambda **_: {"services": [service]})
    target = cast("Target", SimpleNamespace(ecs=ecs, client=lambda _: client))
    lines: list[str] = []
    return code_deploy.deploy(target, [*RESOURCES, component], lines.append), lines


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_deploy, "_POLL_SECONDS", 0)


def test_the_registered_revision_is_what_the_service_is_asked_to_run() -> None:
    assert [service.task_definition for service in asked_services(RESOURCES)] == [NEW]


def test_a_new_revision_is_deployed_and_followed_to_its_end() -> None:
    client = CodeDeploy("Succeeded")
    problems, lines = deployed(client, OLD)
    assert problems == {}
    [request] = client.started
    assert (request["applicationName"], request["deploymentGroupName"]) == ("shop", "web")
    assert NEW in request["revision"]["appSpecContent"]["content"]
    assert [line.rpartition(": ")[2] for line in lines] == ["InProgress", "Succeeded"]


def test_a_revision_that_runs_already_is_not_deployed_again() -> None:
    client = CodeDeploy("Succeeded")
    assert deployed(client, NEW) == ({}, [])
    assert client.started == []


@pytest.mark.parametrize(
    "change",
    [
        {"LoadBalancerInfo": {"ContainerName": "web", "ContainerPort": 8080}},
        {
            "NetworkConfiguration": {
                "AwsvpcConfiguration": {
                    "Subnets": ["c"],
                    "SecurityGroups": ["g"],
                    "AssignPublicIp": "ENABLED",
                }
            }
        },
        {"CapacityProviderStrategy": [{"CapacityProvider": "FARGATE_SPOT", "Base": 0, "Weight": 1}]},
    ],
)
def test_network_capacity_and_port_go_through_the_appspec(change: dict[str, Any]) -> None:
    client = CodeDeploy("Succeeded")
    assert deployed(client, NEW, {**REVISION, **change})[0] == {}
    [request] = client.started
    content = json.loads(request["revision"]["appSpecContent"]["content"])
    properties = content["Resources"][0]["TargetService"]["Properties"]
    assert properties | change == properties


def test_a_failure_is_told_with_codedeploys_reason() -> None:
    problems, _ = deployed(CodeDeploy("Failed"), OLD)
    assert problems == {"web": "CodeDeploy deployment d-1: ALARM_ACTIVE: errors went off"}
    problems, _ = deployed(CodeDeploy("Failed", refusal="already has an active Deployment"), OLD)
    assert problems["web"].endswith("already has an active Deployment")
