"""New versions under constant load: nothing is lost, and a bad one is turned back by its alarm."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.stage import Stage, eventually

pytestmark = pytest.mark.docker
REQUESTS = 5_000
GREET = 'return Response(settings.greeting, mimetype="text/plain")'
STACK = """
config:
  aws:region: us-east-1
  production: false
  observability: { alarms: true }
  services:
    web:
      desiredCount: 2
      deregistrationDelay: 5
      stopTimeout: 5
      environment: { GREETING: one, SHUTDOWN_DRAIN_SECONDS: 1, SHUTDOWN_TIMEOUT_SECONDS: 4 }
      healthCheck: { path: /healthz, interval: 5, timeout: 2 }
      alarms: { minutes: 2 }
      deployment: { strategy: canary, canary: { percent: 20, bakeMinutes: 5 }, bakeMinutes: 1 }
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two tasks that are deployed as canaries, on a clock that runs thirty times as fast as AWS's."""
    made = Stage(tmp_path_factory.mktemp("rollouts"))
    made.environment["LOCALCLOUD_CLOCK"] = "30"
    (made.project / "Pulumi.local.yaml").write_text(STACK)
    try:
        made.up()
        yield made
    finally:
        made.down()


def deploy_under_load(stage: Stage) -> None:
    with stage.traffic() as traffic:
        stage.up()
        eventually(lambda: traffic.total >= REQUESTS, 60, f"{REQUESTS} requests")
    assert traffic.failed == 0, traffic.answers


def test_a_canary_takes_over_without_a_failed_request(stage: Stage) -> None:
    stage.edit("Pulumi.local.yaml", "GREETING: one", "GREETING: two")
    deploy_under_load(stage)
    assert stage.get().text == "two"


def test_an_update_after_the_shift_changes_nothing_and_a_refresh_finds_nothing_to_undo(stage: Stage) -> None:
    assert "No changes" in stage.up().output
    assert stage.run("refresh", "local").code == 0
    assert "No changes" in stage.up().output
    assert stage.get().text == "two"


def test_a_bad_version_is_rolled_back_by_its_alarm_and_fails_only_its_canary_share(stage: Stage) -> None:
    stage.edit("app/service/application.py", GREET, 'raise RuntimeError("broken by this version")')
    with stage.traffic() as traffic:
        ran = stage.run("up", "local")
        failed = traffic.failed
        eventually(lambda: traffic.total >= REQUESTS, 60, f"{REQUESTS} requests")

    assert ran.code == 1
    assert "rolled back because the alarm was detected" in ran.output
    assert "broken by this version" in ran.output, "the last log lines are shown"
    assert set(traffic.answers) == {"200", "500"}
    assert 0 < failed < 0.3 * traffic.total
    assert traffic.failed == failed, "nothing fails after the rollback"
    assert stage.get().text == "two"


def test_blue_green_takes_over_without_a_failed_request(stage: Stage) -> None:
    stage.edit("app/service/application.py", 'raise RuntimeError("broken by this version")', GREET)
    stage.edit("Pulumi.local.yaml", "GREETING: two", "GREETING: three")
    stage.edit(
        "Pulumi.local.yaml",
        "{ strategy: canary, canary: { percent: 20, bakeMinutes: 5 }, bakeMinutes: 1 }",
        "{ strategy: blueGreen, bakeMinutes: 3 }",
    )
    deploy_under_load(stage)
    assert stage.get().text == "three"


def test_killing_every_container_is_followed_by_full_recovery(stage: Stage) -> None:
    before = stage.containers()
    url = stage.url
    subprocess.run(["docker", "kill", *before], check=True, capture_output=True)
    eventually(lambda: not set(before) & set(stage.containers()), 10, "the killed containers are gone")
    eventually(lambda: stage.get(url=url).status_code == 200, 10, "a replacement answers")
    eventually(lambda: len(stage.containers()) == len(before) == 2, 10, "all of them are back")
