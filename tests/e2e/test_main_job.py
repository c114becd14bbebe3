"""From source to an answer through the load balancer, and what a person does next."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.killing import kill_destroy, problem
from tests.e2e.stage import Stage, counted, eventually

pytestmark = pytest.mark.docker
CRASH = 'raise SystemExit("made to crash at start")\n'


def test_the_url_answers_as_the_seed_does(stage: Stage) -> None:
    answer = stage.get()

    assert answer.status_code == 200
    assert answer.text == "Hello from ECS!"


def test_the_task_runs_the_image_by_digest_with_the_seeds_sizes(stage: Stage) -> None:
    ecs = stage.aws("ecs")
    cluster = ecs.list_clusters()["clusterArns"][0]
    service = ecs.describe_services(cluster=cluster, services=["web"])["services"][0]
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    container = task["containerDefinitions"][0]

    assert (task["cpu"], task["memory"]) == ("256", "512")
    assert container["portMappings"][0]["containerPort"] == 5000
    assert "@sha256:" in container["image"]


def test_the_load_balancer_reports_the_target_healthy(stage: Stage) -> None:
    elbv2 = stage.aws("elbv2")
    (group,) = elbv2.describe_target_groups()["TargetGroups"]
    states = [
        description["TargetHealth"]["State"]
        for description in elbv2.describe_target_health(TargetGroupArn=group["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
    ]

    assert states == ["healthy"]


def test_requests_are_in_the_log_group_with_their_request_id(stage: Stage) -> None:
    stage.get("/?who=e2e")

    def logged() -> bool:
        return '"request_id"' in stage.run("logs", "local", "-n", "500").output

    eventually(logged, 10, "a log line with a request id")


def test_a_second_up_changes_nothing_and_says_so(stage: Stage) -> None:
    ran = stage.up()

    assert counted(ran.output, "unchanged") > 20
    for word in ("created", "updated", "replaced", "deleted"):
        assert counted(ran.output, word) == 0, ran.output


def test_a_killed_container_is_replaced_and_answers_again(stage: Stage) -> None:
    (container,) = stage.containers()
    url = stage.url

    subprocess.run(["docker", "kill", container], check=True, capture_output=True)
    eventually(
        lambda: stage.get(url=url).status_code != 200 or container not in stage.containers(),
        5,
        "the kill is seen",
    )
    eventually(lambda: stage.get(url=url).status_code == 200, 10, "the replacement answers")

    assert container not in stage.containers()


def test_scaling_by_hand_runs_more_containers_and_fewer_again(stage: Stage) -> None:
    assert stage.run("scale", "2", "local").code == 0
    assert len(stage.containers()) == 2

    assert stage.run("scale", "1", "local").code == 0
    eventually(lambda: len(stage.containers()) == 1, 20, "one container left")


def test_status_shows_the_service_its_deployment_and_its_task(stage: Stage) -> None:
    output = stage.run("status", "local").output

    assert "web: 1 of 1 tasks running" in output
    assert "COMPLETED" in output
    assert "healthy" in output


def test_a_changed_line_rolls_the_service_without_a_failed_request(stage: Stage) -> None:
    stage.edit("app/service/config.py", "Hello from ECS!", "Hello from ECS, again!")

    with stage.traffic() as traffic:
        stage.up()

    assert stage.get().text == "Hello from ECS, again!"
    assert traffic.total > 200
    assert traffic.failed == 0, traffic.answers


def test_a_version_that_crashes_is_rolled_back_while_the_old_one_answers(stage: Stage) -> None:
    stage.edit("app/service/__main__.py", "import signal\n", f"{CRASH}import signal\n")

    with stage.traffic() as traffic:
        ran = stage.run("up", "local")

    assert ran.code != 0
    assert "made to crash at start" in ran.output, "the last log lines are shown"
    assert "roll" in ran.output.lower()
    assert traffic.failed == 0, traffic.answers
    assert stage.get().text == "Hello from ECS, again!"


def test_a_second_up_after_a_rollback_tries_again_and_fails_again(stage: Stage) -> None:
    before = stage.aws("ecs").list_service_deployments(cluster="ecs-microservice-local", service="web")
    ran = stage.run("up", "local")
    after = stage.aws("ecs").list_service_deployments(cluster="ecs-microservice-local", service="web")

    assert ran.code != 0
    assert "failed; it is tried again" in ran.output
    assert "made to crash at start" in ran.output
    assert len(after["serviceDeployments"]) == len(before["serviceDeployments"]) + 1
    assert stage.get().text == "Hello from ECS, again!"


def test_after_the_mistake_is_mended_up_works_again(stage: Stage) -> None:
    stage.edit("app/service/__main__.py", CRASH, "")

    stage.up()

    assert stage.get().text == "Hello from ECS, again!"


def test_a_broken_dockerfile_is_named_and_leaves_the_service_running(stage: Stage) -> None:
    original = (stage.project / "app/Dockerfile").read_text()
    stage.edit("app/Dockerfile", "FROM", "RUM nothing\nFROM")

    ran = stage.run("up", "local")
    (stage.project / "app/Dockerfile").write_text(original)

    assert ran.code != 0
    assert "Dockerfile" in ran.output
    assert "Traceback" not in ran.output
    assert stage.get().status_code == 200


def test_two_services_share_the_load_balancer_by_path_and_find_each_other_by_name(stage: Stage) -> None:
    config = stage.project / "Pulumi.local.yaml"
    original = config.read_text()
    try:
        config.write_text(
            original + "      discovery: { mode: dns, listen: false }\n"
            "    admin:\n"
            "      build: { context: app }\n"
            "      route: { paths: [/admin, /admin/*] }\n"
            "      desiredCount: 1\n"
            "      deregistrationDelay: 5\n"
            "      stopTimeout: 5\n"
            "      healthCheck: { interval: 5, timeout: 2 }\n"
            "      discovery: { mode: dns }\n"
            "  cluster: { namespace: shop.internal }\n"
        )
        stage.up()
        assert stage.get("/").text == "Hello from ECS, again!"
        assert stage.get("/admin/healthz").headers["content-type"].startswith("application/json")
        eventually(lambda: len(stage.containers()) == 2, 20, "one container per service")
        call = (
            "import urllib.request as r; print(r.urlopen('http://admin.shop.internal:5000/').read().decode())"
        )
        for container in stage.containers():
            said = subprocess.check_output(["docker", "exec", container, "python", "-c", call], text=True)
            assert said == "Hello from ECS, again!\n"
    finally:
        config.write_text(original)
    stage.up()
    eventually(lambda: len(stage.containers()) == 1, 20, "the second service is gone")


def test_a_schedule_moves_the_minimum_and_a_second_up_keeps_what_scaling_did(stage: Stage) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=15)).strftime("%Y-%m-%dT%H:%M:%S")
    stage.edit(
        "Pulumi.local.yaml",
        "      desiredCount: 1",
        "      scaling:\n"
        "        { min: 1, max: 3, cpu: { target: 60 },\n"
        f"          schedules: {{ opening: {{ cron: at({soon}), min: 2, max: 3 }} }} }}\n"
        "      desiredCount: 1",
    )
    stage.up()
    eventually(lambda: len(stage.containers()) == 2, 40, "the scheduled action brings a second task")

    again = stage.up()

    assert counted(again.output, "updated") == 0, again.output
    assert len(stage.containers()) == 2
    status = stage.run("status", "local").output
    assert "web: 2 of 2 tasks running" in status
    assert "scaling from 2 to 3 tasks" in status
    assert "scheduled action name opening was triggered" in status
    assert "minimum capacity was set to 2" in status
    assert "AlarmHigh" in status


def test_every_container_killed_at_once_comes_back_while_requests_are_retried(stage: Stage) -> None:
    url, killed = stage.url, stage.containers()
    assert len(killed) == 2

    subprocess.run(["docker", "kill", *killed], check=True, capture_output=True)
    took = eventually(lambda: stage.get(url=url).status_code == 200, 10, "a replacement answers")
    eventually(lambda: len(set(stage.containers()) - set(killed)) == 2, 10, "both are replaced")

    assert took < 5
    assert "exited with code 137" in stage.run("events", "local").output


@pytest.mark.parametrize("seconds", [0.2, 0.9, 1.7])
def test_a_killed_destroy_is_made_whole_by_the_next_up(stage: Stage, seconds: float) -> None:
    """As the service is deleted, while its tasks stop, and among the rest; `tests.e2e.killing` tries more."""
    killed = kill_destroy(stage, seconds)

    assert problem(stage, killed) == ""


def test_what_was_deleted_outside_comes_back_with_the_next_up(stage: Stage) -> None:
    stage.aws("ecs").delete_service(cluster="ecs-microservice-local", service="web", force=True)
    balancing = stage.aws("elbv2")
    (balancer,) = balancing.describe_load_balancers()["LoadBalancers"]
    (listener,) = balancing.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = balancing.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    for rule in rules:
        if not rule["IsDefault"]:
            balancing.delete_rule(RuleArn=rule["RuleArn"])
    assert stage.get().status_code != 200

    ran = stage.up()

    assert "web (aws:ecs/service:Service) was deleted outside of this program" in ran.output
    # The other rule goes and comes with the service that it waits for, so nothing is said of it.
    assert "web-waiting (aws:lb/listenerRule:ListenerRule) was deleted outside of this program" in ran.output
    assert stage.get().text == "Hello from ECS, again!"


def test_down_leaves_no_container_and_no_process_and_can_be_repeated(stage: Stage) -> None:
    first, second = stage.down(), stage.down()

    assert (first.code, second.code) == (0, 0), first.output + second.output
    assert stage.containers() == []
    assert not stage.home.joinpath("cloud.json").exists()
    assert stage.run("status", "local").code == 1
