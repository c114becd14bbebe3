"""The verbs against a deployed program: releases, rollback, a failing version, promotion, ephemeral stacks, drift."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import docker
import httpx
import pytest

from automation.engines.command import cli_available
from localcloud.engine.state import stack_lock
from localcloud.settings import CloudSettings
from tests.e2e.stage import COMMAND_SECONDS, REPOSITORY, Ran, Stage

pytestmark = pytest.mark.docker
CRASH = '\nraise SystemExit("made to crash at start")\n'


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A deployed local stack of the built-in engine, and a second stack file like it."""
    made = Stage(tmp_path_factory.mktemp("operations"))
    made.environment["LOCALCLOUD_ENGINE"] = "built-in"
    shutil.copy(made.project / "Pulumi.local.yaml", made.project / "Pulumi.next.yaml")
    try:
        made.up()
        yield made
    finally:
        made.down()


def run(stage: Stage, *arguments: str, code: int = 0) -> Ran:
    ran = stage.run(*arguments)
    assert ran.code == code, ran.output
    return ran


def json_lines(stage: Stage, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    """Standard output of a verb with --json; every line must be JSON."""
    done = subprocess.run(
        stage.command(*arguments, "--json"),
        cwd=stage.project,
        env=stage.environment,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def releases(stage: Stage, stack: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(stage, "releases", stack, "--local", "--json").output)
    return found


def digest(release: dict[str, Any]) -> str:
    return str(release["image"]).partition("@")[2]


def greeting(stage: Stage, stack: str) -> str:
    url = run(stage, "url", stack, "--local").output.strip()
    return stage.get("/", url).text


def test_a_deployment_is_verified_recorded_and_told_as_json(stage: Stage) -> None:
    *events, result = json_lines(stage, "up", "local")
    assert result["event"] == "result"
    assert result["ok"]
    assert result["services"]["web"]["state"] == "completed"
    assert {event["event"] for event in events} >= {"started", "finished", "verified"}
    (release,) = releases(stage, "local")
    assert result["images"]["web"] == release["image"]
    assert release["ok"]


def test_a_failing_version_names_its_cause_and_leaves_the_old_one_answering(stage: Stage) -> None:
    good = (stage.project / "app/service/__init__.py").read_text()
    (stage.project / "app/service/__init__.py").write_text(good + CRASH)
    try:
        ran = run(stage, "up", "local", code=1)
    finally:
        (stage.project / "app/service/__init__.py").write_text(good)
    for part in ("rolled back", "code 1", "made to crash at start"):
        assert part in ran.output
    assert greeting(stage, "local") == "Hello from ECS!"
    assert [item["ok"] for item in releases(stage, "local")] == [False, True]

    run(stage, "rollback", "local")  # what ECS did, for the program as well
    assert releases(stage, "local")[0]["how"] == "rollback"


def test_rolls_back_to_the_previous_and_to_a_named_release_without_a_build(stage: Stage) -> None:
    config = stage.project / "app/service/config.py"
    config.write_text(config.read_text().replace("Hello from ECS!", "Hello again!"))
    run(stage, "up", "local")
    assert greeting(stage, "local") == "Hello again!"
    second = releases(stage, "local")[0]

    back = run(stage, "rollback", "local")
    assert greeting(stage, "local") == "Hello from ECS!"
    assert "built in" not in back.output
    run(stage, "rollback", "local", "--to", second["image"].partition("@sha256:")[2][:12])
    assert greeting(stage, "local") == "Hello again!"
    assert releases(stage, "local")[0]["image"] == second["image"]


def test_promotes_the_same_digest_without_a_build_or_a_changed_file(stage: Stage) -> None:
    before = {path.name: path.read_bytes() for path in stage.project.glob("Pulumi*.yaml")}
    ran = run(stage, "promote", "local", "next", "--local")
    assert "docker-build" not in ran.output
    assert greeting(stage, "next") == greeting(stage, "local")
    given, taken = releases(stage, "local")[0], releases(stage, "next")[0]
    assert digest(given) == digest(taken)
    assert "/ecs-microservice-next/web@" in taken["image"]  # a copy, in a repository of its own
    assert taken["available"]
    assert taken["source"] == f"local#{given['number']}"
    assert {path.name: path.read_bytes() for path in stage.project.glob("Pulumi*.yaml")} == before


def test_drift_is_found_by_its_exit_code(stage: Stage) -> None:
    run(stage, "drift", "next", "--local")
    run(stage, "scale", "2", "next", "--local")
    ran = run(stage, "drift", "next", "--local", code=2)
    assert "desiredCount: 1 => 2" in ran.output
    run(stage, "up", "next", "--local", "--keep-images")
    assert digest(releases(stage, "next")[0]) == digest(releases(stage, "local")[0])


def test_preflight_events_and_a_command_in_the_container(stage: Stage) -> None:
    assert "healthy" in run(stage, "preflight", "local").output
    assert "steady state" in run(stage, "events", "local").output
    assert "uid=10001" in run(stage, "exec", "id").output


def test_an_ephemeral_stack_comes_is_listed_and_goes(stage: Stage) -> None:
    run(stage, "ephemeral", "up", "pr-7", "--from", "local", "--ttl", "1h")
    assert greeting(stage, "pr-7") == greeting(stage, "local")
    assert "pr-7" in run(stage, "ephemeral", "list", "--from", "local").output
    run(stage, "ephemeral", "reap", "--from", "local")
    assert httpx.codes.is_success(
        stage.get("/", run(stage, "url", "pr-7", "--local").output.strip()).status_code
    )
    run(stage, "ephemeral", "reap", "--from", "local", "--name", "pr-7")
    assert "no ephemeral stacks" in run(stage, "ephemeral", "list", "--from", "local").output
    assert "-pr-7" not in str(stage.aws("ecs").list_clusters()["clusterArns"])


@pytest.mark.pulumi
@pytest.mark.skipif(not cli_available(), reason="the pulumi CLI with Python support is not on PATH")
def test_pulumis_own_engine_tells_the_same_truth(stage: Stage) -> None:
    run(stage, "ephemeral", "up", "pr-9", "--from", "local", "--engine", "pulumi")
    before = greeting(stage, "pr-9")
    refused = run(stage, "up", "pr-9", "--local", "--engine", "built-in", code=1)
    assert "was deployed by the pulumi engine" in refused.output

    module = stage.project / "app/service/__init__.py"
    good = module.read_text()
    module.write_text(good + CRASH)
    try:
        ran = run(stage, "up", "pr-9", "--local", code=1)
    finally:
        module.write_text(good)
    for part in ("rolled back", "code 1", "made to crash at start"):
        assert part in ran.output
    assert "Traceback" not in ran.output
    assert greeting(stage, "pr-9") == before

    settings = CloudSettings(home=stage.home, port=stage.port)
    with stack_lock(settings.state_file("ecs-microservice", "pr-9"), "pr-9"):
        assert (
            "another run is changing the stack pr-9"
            in run(stage, "refresh", "pr-9", "--local", code=1).output
        )
    run(stage, "ephemeral", "reap", "--from", "local", "--name", "pr-9", "--json")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["deploy_in_order", "local", "next", "--requests", "3"], 0, "runs in local and in next"),
        (["ephemeral_environment", "pr-8", "--source", "local"], 3, "pr-8 is gone"),
        (["nightly_scale_down", "next"], 0, "next: web: 0 of 0 running"),
        (["drift_report", "next", "local"], 2, "`desiredCount`: `1` → `0`"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_examples_run_as_they_stand(stage: Stage, arguments: list[str], code: int, said: str) -> None:
    script, *rest = arguments
    command = ["--", sys.executable, "-c", "import os, sys; sys.exit(3 if os.environ['URL'] else 0)"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", f"examples.{script}", *rest, "--local", "--project", str(stage.project)),
            *(command if script == "ephemeral_environment" else ()),
        ],
        cwd=REPOSITORY,
        env=os.environ | stage.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert said in done.stdout


def test_a_second_run_at_the_same_time_is_refused(stage: Stage) -> None:
    settings = CloudSettings(home=stage.home, port=stage.port)
    with stack_lock(settings.state_file("ecs-microservice", "local"), "local"):
        for verb in ("up", "refresh", "destroy"):
            assert "another run is changing the stack local" in run(stage, verb, "local", code=1).output
    run(stage, "refresh", "local")


def test_a_promoted_stack_replaces_and_scales_its_tasks_when_its_source_is_gone(stage: Stage) -> None:
    """The last one: it takes the first stack away, with its repository and everything in Docker's cache."""
    run(stage, "scale", "1", "next", "--local")
    run(stage, "destroy", "local")
    name = f"localhost:{stage.port}/ecs-microservice-next/web"
    engine = docker.from_env()
    (task,) = (one for one in engine.containers.list() if str(one.attrs["Config"]["Image"]).startswith(name))
    task.kill()
    for image in engine.images.list(name=name):
        for reference in image.attrs["RepoDigests"]:
            if reference.startswith(name):
                engine.images.remove(reference, force=True)
    run(stage, "scale", "2", "next", "--local")
    assert greeting(stage, "next").startswith("Hello")
    assert "nothing" not in run(stage, "status", "next", "--local").output
