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
    one = {"image": "x", "memory": 64, "environment": variables}
    return {"family": "web", "containerDefinitions": [{"name": f"c{n}", **one} for n in range(containers)]}


def test_64_kib_are_taken_and_a_byte_more_is_not() -> None:
    rest = len(json.dumps(definition(""), separators=(",", ":")))
    assert register(definition("x" * (65_536 - rest)))[0] == 200
    status, answer = register(definition("x" * (65_537 - rest)))
    assert (status, answer["__type"]) == (400, "ClientException")
    assert answer["message"] == "Actual length: '65537'. Max allowed length is '65536' bytes."


@pytest.mark.parametrize(("containers", "status"), [(10, 200), (11, 400)])
def test_ten_containers_are_taken(containers: int, status: int) -> None:
    assert register(definition("", containers))[0] == status


FARGATE = {
    "family": "web",
    "requiresCompatibilities": ["FARGATE"],
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
}
WEB: dict[str, Any] = {"name": "web", "image": "x"}
SIDE: dict[str, Any] = {"name": "side", "image": "x", "essential": False}


def fargate(*containers: dict[str, Any], **changes: Any) -> dict[str, Any]:
    wanted = {**FARGATE, "containerDefinitions": list(containers or (WEB,)), **changes}
    return {name: value for name, value in wanted.items() if value is not None}


def waits(condition: str, name: str = "side") -> dict[str, Any]:
    return {**WEB, "dependsOn": [{"containerName": name, "condition": condition}]}


AWSLOGS = {**WEB, "logConfiguration": {"logDriver": "awslogs"}}
ECR = {**WEB, "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:1"}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (fargate(family="a b"), "Family contains invalid characters."),
        (fargate(containerDefinitions=[]), "Container list cannot be empty."),
        (fargate({"image": "x"}), "Container.name should not be null or empty."),
        (fargate({"name": "web"}), "Container.image should not be null or empty."),
        (fargate(WEB, WEB), "Container names must be unique"),
        (fargate(SIDE), "At least one container must be essential."),
        (fargate(networkMode="bridge"), "Fargate only supports network mode"),
        (fargate(networkMode=None), "Fargate only supports network mode"),
        (fargate(cpu=None), "Fargate requires that 'cpu' be defined at the task level."),
        (fargate(memory=None), "Fargate requires that 'memory' be defined at the task level."),
        (fargate(memory="4096"), "No Fargate configuration exists for given values."),
        (fargate(pidMode="host"), "do not support pidMode 'host'"),
        (fargate(AWSLOGS, executionRoleArn=None), "execution role ARN to support log driver awslogs."),
        (fargate(ECR, executionRoleArn=None), "execution role ARN to support ECR images."),
        (
            fargate({**WEB, "secrets": [{"name": "A", "valueFrom": "b"}]}, executionRoleArn=None),
            "you must also specify a value for 'executionRoleArn'.",
        ),
        (fargate({**WEB, "memory": 1024}), "is greater than for the task."),
        (fargate({**WEB, "memory": 64, "memoryReservation": 64}), "must be greater than 'memoryReservation'"),
        (
            fargate({**WEB, "portMappings": [{"containerPort": 80, "hostPort": 8080}]}),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        ),
        (fargate({**WEB, "links": ["side"]}, SIDE), "Links are not supported when networkMode=awsvpc."),
        (fargate({**WEB, "mountPoints": [{"sourceVolume": "data"}]}), "Unknown volume 'data'."),
        (fargate({**WEB, "volumesFrom": [{"sourceContainer": "side"}]}), "Unknown container 'side'"),
        (fargate(waits("START")), "which is not in the task definition"),
        (fargate(waits("HEALTHY"), SIDE), "has no health check"),
        (fargate(waits("SUCCESS"), {**SIDE, "essential": True}), "is essential"),
        (fargate(waits("START"), {**waits("START", "web"), "name": "side"}), "in a circle"),
        (
            {"family": "web", "containerDefinitions": [WEB]},
            "Invalid setting for container 'web'. At least one of 'memory' or 'memoryReservation' must be specified.",
        ),
    ],
)
def test_what_ecs_does_not_register_is_refused_in_its_words(request_: dict[str, Any], words: str) -> None:
    status, answer = register(request_)

    assert (status, answer["__type"]) == (400, "ClientException")
    assert words in answer["message"]


@pytest.mark.parametrize(
    "request_",
    [
        fargate(),
        fargate(cpu=".25 vCPU", memory="1 GB"),
        fargate(cpu="16384", memory="122880"),
        fargate(waits("COMPLETE"), SIDE),
        fargate(waits("HEALTHY"), {**SIDE, "healthCheck": {"command": ["CMD", "true"]}}),
        fargate({**WEB, "portMappings": [{"containerPort": 80, "hostPort": 80}]}),
        {"family": "web", "containerDefinitions": [{**WEB, "memoryReservation": 64}]},
        {"family": "web", "memory": "512", "containerDefinitions": [WEB]},
    ],
)
def test_what_ecs_registers_is_taken(request_: dict[str, Any]) -> None:
    assert register(request_)[0] == 200
