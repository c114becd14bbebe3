"""A container definition translated to Docker's terms."""

from typing import Any

import pytest

from localcloud.emulator.ecs.containers import (
    TaskShape,
    bind_mounts,
    container_options,
    network_owner,
    shared_volumes,
    start_order,
    stop_seconds,
)

FARGATE = TaskShape(cpu_units=256, memory_mib=512, network_mode="awsvpc")


@pytest.mark.parametrize(
    ("cpu", "memory", "units", "mebibytes"),
    [
        ("256", "512", 256, 512),
        (".25 vCPU", "0.5GB", 256, 512),
        ("1 vcpu", "2 GB", 1024, 2048),
        (None, None, None, None),
    ],
)
def test_task_sizes_are_read_in_every_form(cpu: Any, memory: Any, units: Any, mebibytes: Any) -> None:
    shape = TaskShape.of({"cpu": cpu, "memory": memory})
    assert (shape.cpu_units, shape.memory_mib) == (units, mebibytes)


def test_a_container_without_limits_gets_the_tasks() -> None:
    options = container_options({"name": "app"}, FARGATE)

    assert options["nano_cpus"] == 250_000_000
    assert options["mem_limit"] == options["memswap_limit"] == 512 * 1024 * 1024


def test_a_task_without_a_size_limits_nothing() -> None:
    options = container_options(
        {"name": "app"}, TaskShape(cpu_units=None, memory_mib=None, network_mode="bridge")
    )

    assert "nano_cpus" not in options
    assert "mem_limit" not in options


def test_nothing_is_passed_that_was_not_asked_for() -> None:
    assert set(container_options({"name": "app"}, FARGATE)) == {
        "cpu_shares",
        "init",
        "log_config",
        "mem_limit",
        "memswap_limit",
        "nano_cpus",
        "privileged",
        "read_only",
        "stdin_open",
        "tty",
    }


def test_health_checks_keep_their_defaults() -> None:
    check = container_options({"healthCheck": {"command": ["CMD", "true"]}}, FARGATE)["healthcheck"]
    second = 1_000_000_000
    assert (check["Interval"], check["Timeout"], check["Retries"]) == (30 * second, 5 * second, 3)


@pytest.mark.parametrize(("given", "seconds"), [(None, 30), (0, 0), (5, 5), (900, 120)])
def test_stop_timeout(given: int | None, seconds: int) -> None:
    assert stop_seconds({} if given is None else {"stopTimeout": given}) == seconds


def depends(name: str, *on: tuple[str, str], essential: bool = True) -> dict[str, Any]:
    dependencies = [{"containerName": other, "condition": condition} for other, condition in on]
    return {"name": name, "dependsOn": dependencies, "essential": essential}


def test_containers_start_after_what_they_depend_on() -> None:
    order = start_order(
        [depends("app", ("proxy", "HEALTHY"), ("migrate", "SUCCESS")), depends("proxy"), depends("migrate")]
    )
    assert [entry["name"] for entry in order] == ["proxy", "migrate", "app"]


@pytest.mark.parametrize(
    ("definitions", "message"),
    [
        ([depends("a", ("b", "START")), depends("b", ("a", "START"))], "a -> b -> a"),
        ([depends("a", ("c", "START"))], "container a depends on c, which is not in the task definition"),
    ],
)
def test_dependencies_that_cannot_be_met_are_refused(definitions: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        start_order(definitions)


def test_the_network_belongs_to_a_container_that_stays() -> None:
    order = start_order([depends("app", ("migrate", "SUCCESS")), depends("migrate", essential=False)])
    assert network_owner(order) == "app"


def test_an_essential_container_comes_first_where_the_order_is_free() -> None:
    order = start_order([depends("helper", essential=False), depends("app")])
    assert network_owner(order) == "app"


def test_volumes_are_host_folders_or_shared_within_the_task() -> None:
    task = {"volumes": [{"name": "host", "host": {"sourcePath": "/srv"}}, {"name": "shared", "host": {}}]}
    container = {
        "mountPoints": [
            {"sourceVolume": "host", "containerPath": "/a", "readOnly": True},
            {"sourceVolume": "shared", "containerPath": "/b"},
        ]
    }
    assert bind_mounts(task, container) == ["/srv:/a:ro"]
    assert shared_volumes(task, container) == [("shared", "/b", False)]
