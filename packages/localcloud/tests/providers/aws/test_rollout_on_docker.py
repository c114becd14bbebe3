"""A service that waits for its steady state, with real containers: it comes up, and a broken version fails."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from localcloud.errors import ResourceInitFailed
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.stage import root_filesystem, static_busybox
from packages.localcloud.tests.providers.aws.examples import EXAMPLES, LISTENER, TARGETS, TASK, forward
from packages.localcloud.tests.providers.aws.examples_around import LOGS
from packages.localcloud.tests.providers.aws.harness import Driver, Handle
from packages.localcloud.tests.providers.aws.world import World

pytestmark = pytest.mark.docker
SERVICE = "aws:ecs/service:Service"


@pytest.fixture
def image(cloud: CloudSettings, tmp_path: Path) -> Iterator[str]:
    """A tiny image in the Docker engine, under a name that no registry has."""
    engine = docker.from_env()
    repository = f"localcloud-rollout-{cloud.port}"
    engine.api.import_image_from_data(
        root_filesystem(static_busybox(tmp_path)), repository=repository, tag="1"
    )
    yield f"{repository}:1"
    engine.images.remove(f"{repository}:1", force=True)


def definition(driver: Driver, image: str, logs: str, command: list[str]) -> Handle:
    options = {"awslogs-group": logs, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}
    container = {
        "name": "app",
        "image": image,
        "command": command,
        "portMappings": [{"containerPort": 5000}],
        "linuxParameters": {"initProcessEnabled": True},
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    inputs = {
        "family": "rollout",
        "executionRoleArn": "arn:aws:iam::000000000000:role/execution",  # what awslogs needs on Fargate
        "containerDefinitions": json.dumps([container]),
        "cpu": "256",
        "memory": "512",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
    }
    return driver.create(TASK, "rollout", inputs)


def test_comes_up_and_fails_when_a_broken_version_was_rolled_back(driver: Driver, image: str) -> None:
    world = World(driver, EXAMPLES)
    logs = world.make(LOGS)["name"]
    targets = driver.create(
        TARGETS,
        "web",
        {
            "port": 5000,
            "protocol": "HTTP",
            "targetType": "ip",
            "vpcId": world.vpc_id,
            "deregistrationDelay": 1,
            "healthCheck": {"path": "/", "interval": 5, "timeout": 2, "healthyThreshold": 2},
        },
    )
    driver.create(
        LISTENER, "web", {**EXAMPLES[LISTENER].inputs(world), "defaultActions": forward(targets.id)}
    )
    base: dict[str, Any] = {
        **EXAMPLES[SERVICE].inputs(world),
        "desiredCount": 1,
        "loadBalancers": [{"targetGroupArn": targets.id, "containerName": "app", "containerPort": 5000}],
    }
    works = definition(driver, image, logs, ["httpd", "-f", "-p", "5000", "-h", "/www"])
    service = driver.create(SERVICE, "web", {**base, "taskDefinition": works["arn"]})

    broken = definition(driver, image, logs, ["sh", "-c", "echo cannot read DATABASE_URL; exit 3"])
    with pytest.raises(ResourceInitFailed) as caught:
        driver.update(service, {**base, "taskDefinition": broken["arn"]})

    said = "\n".join(caught.value.reasons)
    assert caught.value.resource_id == service.id
    assert f"waiting for ECS Service ({service.id}) update: " in said
    assert "rolled back because the circuit breaker threshold was exceeded" in said

    driver.update(service, {**base, "taskDefinition": works["arn"]})
    assert driver.read(service).resource_id == service.id
