"""The service scheduler: what a service was asked to be is what runs, and what is reported is true."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable

import docker
import httpx
import psutil
import pytest

from packages.localcloud.tests.emulator.stage import SERVE, Deployed, eventually

pytestmark = pytest.mark.docker
Deploy = Callable[..., Deployed]
FAILED = "SERVICE_DEPLOYMENT_FAILED"


def test_a_service_is_in_progress_until_its_task_is_healthy_and_then_completed(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define())

    first = web.describe()
    assert first["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    service = web.settled()

    deployment = service["deployments"][0]
    assert deployment["rolloutState"] == "COMPLETED"
    assert (service["runningCount"], service["pendingCount"]) == (1, 0)
    assert "has reached a steady state" in web.events()
    assert [entry["TargetHealth"]["State"] for entry in web.health()] == ["healthy"]
    assert web.cloud.get(web.name).text == "hello\n"
    [service_deployment] = web.service_deployments()
    assert service_deployment["status"] == "SUCCESSFUL"
    assert service["currentServiceDeployment"] == service_deployment["serviceDeploymentArn"]


def test_the_task_shows_what_it_runs(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define())
    web.settled()

    [task] = web.tasks()
    [container] = task["containers"]
    assert (task["cpu"], task["memory"], task["lastStatus"]) == ("256", "512", "RUNNING")
    assert task["startedBy"].startswith("ecs-svc/")
    assert container["imageDigest"] == web.cloud.image.partition("@")[2]
    assert any(detail["name"] == "privateIPv4Address" for detail in task["attachments"][0]["details"])


def test_a_killed_container_is_replaced_and_answers_within_three_seconds(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define())
    web.settled()

    [container] = web.containers()
    killed = time.monotonic()
    container.kill()
    eventually(lambda: container.id not in {entry.id for entry in web.containers()}, pause=0.02)
    eventually(lambda: web.cloud.get(web.name).status_code == 200, pause=0.02)

    assert time.monotonic() - killed < 3
    assert "exited with code 137" in web.events()


def test_a_killed_task_gets_no_more_requests_long_before_the_engine_says_so(deploy: Deploy) -> None:
    """The load balancer hears of the kill from the process, not from the engine, a tenth of a second later."""
    web = deploy()
    web.create(web.define(), count=2)
    web.settled()
    eventually(lambda: [entry["TargetHealth"]["State"] for entry in web.health()] == ["healthy"] * 2)
    [container, _] = web.containers()
    container.reload()
    process = psutil.Process(container.attrs["State"]["Pid"])
    url = f"http://127.0.0.1:{web.cloud.settings.port}/"
    with httpx.Client(trust_env=False, headers={"Host": f"{web.name}.alb.localhost"}) as client:
        assert client.get(url).status_code == 200
        process.kill()
        process.wait()
        time.sleep(0.01)
        answers = [client.get(url).status_code for _ in range(20)]
    assert answers == [200] * 20


def test_a_rolling_update_under_load_loses_no_request(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define(), count=2)
    web.settled()
    answers: Counter[str] = Counter()
    over = threading.Event()

    def load() -> None:
        with httpx.Client(trust_env=False, base_url=f"http://127.0.0.1:{web.cloud.settings.port}") as client:
            while not over.is_set():
                try:
                    answer = client.get("/", headers={"Host": f"{web.name}.alb.localhost"})
                    answers[str(answer.status_code)] += 1
                except httpx.HTTPError as error:
                    answers[repr(error)] += 1

    clients = [threading.Thread(target=load) for _ in range(3)]
    for client in clients:
        client.start()
    before = {task["taskArn"] for task in web.tasks()}
    web.update(taskDefinition=web.define(environment=[{"name": "RELEASE", "value": "2"}]))
    web.settled()
    web.update(desiredCount=1)
    eventually(lambda: len(web.containers()) == 1)
    over.set()
    for client in clients:
        client.join()

    assert before.isdisjoint(task["taskArn"] for task in web.tasks())
    assert set(answers) == {"200"}
    assert answers["200"] > 100


def test_a_request_in_flight_is_answered_before_its_task_stops(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define())
    web.settled()
    answers: list[httpx.Response] = []
    client = threading.Thread(target=lambda: answers.append(web.cloud.get(web.name, "/cgi-bin/slow")))
    client.start()
    time.sleep(0.3)

    web.update(desiredCount=0)
    eventually(lambda: [entry["TargetHealth"]["State"] for entry in web.health()] == ["draining"])
    assert web.cloud.get(web.name).status_code == 503
    client.join()

    assert answers[0].text == "slow\n"
    eventually(lambda: web.health() == [] and web.containers() == [])


def test_a_crashing_version_is_rolled_back_while_the_old_one_answers(deploy: Deploy) -> None:
    web = deploy()
    good = web.define()
    web.create(good)
    web.settled()
    bus = web.cloud.client("events")
    pattern = {"source": ["aws.ecs"], "resources": [{"suffix": f"/{web.name}"}]}
    bus.put_rule(Name=web.name, EventPattern=json.dumps({**pattern, "detail": {"eventName": [FAILED]}}))
    queue = web.cloud.client("sqs").create_queue(QueueName=web.name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:000000000000:{web.name}"
    bus.put_targets(Rule=web.name, Targets=[{"Id": "1", "Arn": arn}])

    web.update(taskDefinition=web.define(command=["sh", "-c", "echo cannot start: no database; exit 3"]))
    seen = set()

    def rolled_back() -> bool:
        seen.add(web.cloud.get(web.name).status_code)
        return len(web.describe()["deployments"]) == 1

    eventually(rolled_back, pause=0.02)
    service = web.settled()

    assert seen == {200}
    assert service["taskDefinition"] == good
    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    newest = web.service_deployments()[0]
    assert newest["status"] == "ROLLBACK_SUCCESSFUL"
    assert "circuit breaker" in newest["statusReason"]
    assert newest["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    assert newest["rollback"]["serviceRevisionArn"] == newest["sourceServiceRevisions"][0]["arn"]
    (message,) = web.cloud.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    event = json.loads(message["Body"])
    assert event["detail-type"] == "ECS Deployment State Change"
    assert "circuit breaker" in event["detail"]["reason"]
    assert "exited with code 3" in web.events()
    assert "cannot start: no database" in web.events()
    stopped = [task for task in web.tasks("STOPPED") if task["containers"][0].get("exitCode") == 3]
    assert len(stopped) == 3
    assert stopped[0]["stoppedReason"] == "Essential container in task exited"
    assert stopped[0]["stopCode"] == "EssentialContainerExited"


def test_a_version_that_fails_its_health_checks_is_rolled_back(deploy: Deploy) -> None:
    web = deploy(HealthCheckIntervalSeconds=5, HealthCheckPath="/index.html")
    good = web.define()
    web.create(good)
    web.settled()
    count = {"type": "COUNT", "value": 1}
    breaker = {"enable": True, "rollback": True, "thresholdConfiguration": count}

    web.update(
        taskDefinition=web.define(command=["httpd", "-f", "-p", "5000", "-h", "/tmp"]),
        deploymentConfiguration={"deploymentCircuitBreaker": breaker},
    )
    service = web.settled()

    assert service["taskDefinition"] == good
    assert web.service_deployments()[0]["status"] == "ROLLBACK_SUCCESSFUL"
    assert "Health checks failed with these codes: [404]" in web.events()


def test_a_first_deployment_that_fails_has_nothing_to_roll_back_to_and_starts_no_more(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define(command=["sh", "-c", "exit 1"]))

    service = web.settled()

    deployment = service["deployments"][0]
    assert deployment["rolloutState"] == "FAILED"
    assert deployment["failedTasks"] == 3
    assert "tasks failed to start" in deployment["rolloutStateReason"]
    assert web.service_deployments()[0]["status"] == "STOPPED"
    time.sleep(1)
    assert web.tasks() == []
    assert len(web.tasks("STOPPED")) == 3


def test_the_next_update_recovers_a_failed_service(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define(command=["sh", "-c", "exit 1"]))
    assert web.settled()["deployments"][0]["rolloutState"] == "FAILED"

    web.update(taskDefinition=web.define())

    assert web.settled()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_an_image_that_does_not_exist_is_reported_as_ecs_does(deploy: Deploy) -> None:
    web = deploy()
    missing = web.cloud.image.partition("@")[0] + "@sha256:" + "0" * 64
    web.create(web.define(image=missing))

    assert web.settled()["deployments"][0]["rolloutState"] == "FAILED"
    task = web.tasks("STOPPED")[0]
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert task["stopCode"] == "TaskFailedToStart"
    assert "CannotPullContainerError" in web.events()


def test_a_crash_loop_after_completion_backs_off_but_is_kept_up(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define(command=["sh", "-c", "sleep 1.3; exit 5"]), balanced=False)
    web.settled()
    time.sleep(6)

    stopped = sorted(task["createdAt"] for task in web.tasks("STOPPED"))
    assert 2 <= len(stopped) <= 5
    assert web.describe()["deployments"][0]["rolloutState"] == "COMPLETED"


def test_all_containers_killed_at_once_are_replaced(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define(), count=3)
    web.settled()

    old = web.containers()
    for container in old:
        container.kill()
    gone = {container.id for container in old}
    eventually(lambda: gone.isdisjoint(container.id for container in web.containers()))
    eventually(lambda: [entry["TargetHealth"]["State"] for entry in web.health()] == ["healthy"] * 3)
    assert web.describe()["runningCount"] == 3


def test_forcing_a_new_deployment_replaces_the_tasks(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define())
    web.settled()
    [before] = web.tasks()

    web.update(forceNewDeployment=True)
    web.settled()

    [after] = web.tasks()
    assert after["taskArn"] != before["taskArn"]
    assert [entry["status"] for entry in web.service_deployments()] == ["SUCCESSFUL", "SUCCESSFUL"]


def test_changing_the_count_is_not_a_deployment(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define())
    web.settled()

    web.update(desiredCount=2)
    eventually(lambda: web.describe()["runningCount"] == 2)
    web.update(desiredCount=1)
    eventually(lambda: len(web.tasks()) == 1)

    assert len(web.service_deployments()) == 1


def test_maximum_percent_100_stops_the_old_task_before_the_new_one_starts(deploy: Deploy) -> None:
    web = deploy()
    limits = {"minimumHealthyPercent": 0, "maximumPercent": 100}
    web.create(web.define(), deploymentConfiguration=limits)
    web.settled()
    running = [1]

    def settled() -> bool:
        running.append(sum(task["lastStatus"] == "RUNNING" for task in web.tasks()))
        return len(web.describe()["deployments"]) == 1

    web.update(taskDefinition=web.define(environment=[{"name": "RELEASE", "value": "2"}]))
    eventually(settled, pause=0.02)

    assert max(running) == 1


def test_a_deleted_service_drains_and_leaves_nothing(deploy: Deploy) -> None:
    web = deploy()
    web.create(web.define())
    web.settled()
    ecs = web.cloud.client("ecs")

    with pytest.raises(ecs.exceptions.InvalidParameterException, match="scaled above 0"):
        ecs.delete_service(cluster=web.name, service=web.name)
    answer = ecs.delete_service(cluster=web.name, service=web.name, force=True)

    assert answer["service"]["status"] == "DRAINING"
    eventually(lambda: web.describe()["status"] == "INACTIVE")
    assert web.health() == []
    assert web.containers() == []


def test_a_service_whose_target_group_has_no_load_balancer_is_refused(deploy: Deploy) -> None:
    web = deploy()
    elb = web.cloud.client("elbv2")
    lonely = elb.create_target_group(Name=f"{web.name}-2", Protocol="HTTP", Port=5000, VpcId="vpc-00000001")
    arn = lonely["TargetGroups"][0]["TargetGroupArn"]

    with pytest.raises(Exception, match="does not have an associated load balancer"):
        web.create(
            web.define(),
            loadBalancers=[{"targetGroupArn": arn, "containerName": "app", "containerPort": 5000}],
        )


@pytest.mark.parametrize(
    ("container", "port", "message"),
    [
        ("other", 5000, "The container other does not exist in the task definition"),
        ("app", 81, "The container app did not have a container port 81 defined"),
    ],
)
def test_a_load_balancer_entry_that_fits_no_container_is_refused(
    deploy: Deploy, container: str, port: int, message: str
) -> None:
    web = deploy()

    with pytest.raises(Exception, match=message):
        web.create(
            web.define(),
            loadBalancers=[{"targetGroupArn": web.group, "containerName": container, "containerPort": port}],
        )


def test_stopping_a_deployment_rolls_it_back(deploy: Deploy) -> None:
    web = deploy()
    good = web.define()
    web.create(good)
    web.settled()
    web.update(taskDefinition=web.define(command=["sh", "-c", "sleep 60"]))
    newest = web.service_deployments()[0]
    assert newest["status"] == "IN_PROGRESS"

    web.cloud.client("ecs").stop_service_deployment(serviceDeploymentArn=newest["serviceDeploymentArn"])

    assert web.settled()["taskDefinition"] == good
    assert web.service_deployments()[0]["status"] == "ROLLBACK_SUCCESSFUL"


def test_service_revisions_show_what_was_deployed(deploy: Deploy) -> None:
    web = deploy()
    definition = web.define()
    web.create(definition)
    web.settled()

    arn = web.service_deployments()[0]["targetServiceRevision"]["arn"]
    [revision] = web.cloud.client("ecs").describe_service_revisions(serviceRevisionArns=[arn])[
        "serviceRevisions"
    ]
    assert revision["taskDefinition"] == definition
    assert revision["containerImages"][0]["imageDigest"] == web.cloud.image.partition("@")[2]


def test_tasks_carry_the_emulators_label_and_nothing_else_is_touched(deploy: Deploy) -> None:
    bystander = docker.from_env().containers.run(
        deploy().cloud.image, SERVE, detach=True, labels={"com.amazonaws.ecs.task-arn": "x"}
    )
    try:
        time.sleep(0.5)
        bystander.reload()
        assert bystander.status == "running"
    finally:
        bystander.remove(force=True)
