"""How containers are confined."""

import json
from typing import Any

import pulumi
import pytest

from tests.program import invariants
from tests.program.answers import DIGEST
from tests.program.deploy import Recorded, deploy_services


def containers(recorded: Recorded) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(recorded.one("TaskDefinition").inputs["containerDefinitions"])
    return found


def deployed(**service: Any) -> Recorded:
    recorded = deploy_services({"web": service})
    invariants.check_all(recorded)
    return recorded


def in_memory(path: str, mib: int = 64) -> dict[str, Any]:
    """A folder that every user of the container can write to, on Fargate as on EC2."""
    options = ["rw", "exec", "nosuid", "nodev", "mode=1777"]
    return {"containerPath": path, "size": mib, "mountOptions": options}


def test_careful_by_default() -> None:
    (web,) = containers(deployed())
    assert web["readonlyRootFilesystem"] is True
    assert web["linuxParameters"] == {"initProcessEnabled": True, "tmpfs": [in_memory("/tmp")]}
    assert web["stopTimeout"] == 30
    assert "user" not in web
    assert "healthCheck" not in web
    assert web["environment"] == [{"name": "PORT", "value": "5000"}]


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (["curl -f localhost"], ["CMD-SHELL", "curl -f localhost"]),
        (["curl", "localhost"], ["CMD", "curl", "localhost"]),
        (["CMD", "/check"], ["CMD", "/check"]),
        (["CMD-SHELL", "true || false"], ["CMD-SHELL", "true || false"]),
        (["NONE"], None),
        (["NONE", "curl", "localhost"], None),
    ],
)
def test_forms_of_a_health_check(said: list[str], sent: list[str] | None) -> None:
    (web,) = containers(deployed(container={"healthCheck": {"command": said}}))
    assert web.get("healthCheck", {}).get("command") == sent


def test_a_port_that_is_a_secret_is_not_a_variable_as_well() -> None:
    (web,) = containers(deployed(secrets={"PORT": {"ssm": "/port"}}))
    assert web["environment"] == []


def test_everything_that_can_be_said_is_passed_on() -> None:
    recorded = deployed(
        container={
            "user": 10001,
            "writablePaths": ["/tmp/", "/var/cache/app"],
            "writableMib": 100,
            "ulimits": {"nofile": {"soft": 1024, "hard": 4096}},
            "command": ["serve", "--fast"],
            "entryPoint": ["/bin/app"],
            "initProcess": False,
            "healthCheck": {"command": ["curl -f http://localhost:5000/healthz"], "startPeriod": 10},
        },
        ephemeralStorageGib=40,
        environment={"PORT": 5000, "DEBUG": False, "NAME": "x"},
    )
    (web,) = containers(recorded)
    assert web["user"] == "10001"
    assert web["ulimits"] == [{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}]
    assert web["command"] == ["serve", "--fast"]
    assert web["entryPoint"] == ["/bin/app"]
    assert web["linuxParameters"] == {"tmpfs": [in_memory("/tmp", 100), in_memory("/var/cache/app", 100)]}
    assert web["healthCheck"]["command"] == ["CMD-SHELL", "curl -f http://localhost:5000/healthz"]
    assert web["environment"] == [
        {"name": "DEBUG", "value": "false"},
        {"name": "NAME", "value": "x"},
        {"name": "PORT", "value": "5000"},
    ]
    definition = recorded.one("TaskDefinition").inputs
    assert definition["ephemeralStorage"] == {"sizeInGib": 40}
    # A bind mount is root's on Fargate: an image that does not run as root could not write to it.
    assert "volumes" not in definition


def test_container_that_may_write_everywhere_has_nothing_in_memory() -> None:
    (web,) = containers(deployed(container={"readOnlyRootFilesystem": False}))
    assert web["linuxParameters"] == {"initProcessEnabled": True}


def test_folders_in_memory_that_would_fill_it_are_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"writableMib is 300: /tmp, /a would fill .* at most 128"):
        deployed(container={"writablePaths": ["/a"], "writableMib": 300})


def test_sidecars_are_pinned_confined_and_logged_too() -> None:
    recorded = deployed(
        memory=1024,
        sidecars={"agent": {"image": "ghcr.io/shop/agent:2", "memory": 128, "command": ["run"]}},
    )
    web, agent = containers(recorded)
    assert web["name"] == "web"
    assert agent["image"] == f"ghcr.io/shop/agent@{DIGEST}"
    assert agent["essential"] is False
    assert agent["readonlyRootFilesystem"] is True
    assert agent["linuxParameters"] == {"tmpfs": [in_memory("/tmp")]}
    assert agent["memoryReservation"] == 128
    assert agent["logConfiguration"]["options"]["awslogs-stream-prefix"] == "agent"


def test_service_knobs_reach_the_service_and_its_target_group() -> None:
    recorded = deployed(
        deregistrationDelay=90,
        slowStart=60,
        availabilityZoneRebalancing=False,
        healthCheck={"path": "/healthz", "gracePeriod": 10, "matcher": "200-299"},
    )
    group = recorded.one("TargetGroup").inputs
    assert (group["deregistrationDelay"], group["slowStart"]) == (90, 60)
    assert (group["healthCheck"]["path"], group["healthCheck"]["matcher"]) == ("/healthz", "200-299")
    service = recorded.one("aws:ecs/service:Service").inputs
    assert service["availabilityZoneRebalancing"] == "DISABLED"
    assert service["healthCheckGracePeriodSeconds"] == 10
    assert service["propagateTags"] == "SERVICE"
    assert service["enableEcsManagedTags"] is True


def test_order_of_the_environment_in_the_file_changes_nothing() -> None:
    one = deployed(environment={"A": "1", "B": "2"}).one("TaskDefinition").inputs
    other = deployed(environment={"B": "2", "A": "1"}).one("TaskDefinition").inputs
    assert one == other
