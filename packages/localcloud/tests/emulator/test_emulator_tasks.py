"""Tasks: containers that obey their task definition, end as ECS says, and lose no log line."""

import io
import re
import time
from collections.abc import Callable
from typing import Any

import docker
import pytest

from localcloud.emulator.ecs import task_cgroup
from packages.localcloud.tests.emulator.stage import NETWORK, Cloud, Deployed, eventually

pytestmark = pytest.mark.docker
Deploy = Callable[..., Deployed]


def run(deployed: Deployed, definition: str, **options: Any) -> str:
    """Run one task; returns its ARN."""
    wanted = {"networkConfiguration": NETWORK, **options}
    answer = deployed.cloud.client("ecs").run_task(cluster=deployed.name, taskDefinition=definition, **wanted)
    return str(answer["tasks"][0]["taskArn"])


def task_of(deployed: Deployed, arn: str) -> Any:
    return deployed.cloud.client("ecs").describe_tasks(cluster=deployed.name, tasks=[arn])["tasks"][0]


def stopped(deployed: Deployed, arn: str, *, seconds: float = 20.0) -> Any:
    def check() -> Any:
        task = task_of(deployed, arn)
        return task["lastStatus"] == "STOPPED" and task

    return eventually(check, seconds=seconds)


def running(deployed: Deployed, arn: str) -> Any:
    def check() -> Any:
        task = task_of(deployed, arn)
        assert task["desiredStatus"] == "RUNNING", task["stoppedReason"]
        return task["lastStatus"] == "RUNNING" and task

    return eventually(check)


def output(deployed: Deployed, script: str, **container: Any) -> list[str]:
    """The lines a shell script prints in a container of its own task."""
    definition = deployed.define(command=["sh", "-c", script], **container)
    task = stopped(deployed, run(deployed, definition))
    assert task["containers"][0]["exitCode"] == 0, (task["stoppedReason"], deployed.lines())
    return deployed.lines()


def test_a_task_goes_through_its_life_and_leaves_no_container(deploy: Deploy) -> None:
    job = deploy()
    arn = run(job, job.define(command=["sh", "-c", "echo done; exit 7"]), overrides={})
    assert re.fullmatch(r"[0-9a-f]{32}", arn.rpartition("/")[2])

    task = stopped(job, arn)

    assert (task["stopCode"], task["stoppedReason"]) == (
        "EssentialContainerExited",
        "Essential container in task exited",
    )
    assert task["containers"][0]["exitCode"] == 7
    moments = [task[key] for key in ("createdAt", "pullStartedAt", "startedAt", "stoppingAt", "stoppedAt")]
    assert moments == sorted(moments)
    assert job.lines() == ["done"]
    assert job.containers() == []


def test_limits_of_the_task_and_the_container_reach_docker(deploy: Deploy) -> None:
    job = deploy()
    limits = [{"name": "nofile", "softLimit": 1000, "hardLimit": 2000}]
    arn = run(
        job,
        job.define(
            command=["sleep", "60"],
            cpu=128,
            memoryReservation=64,
            memory=100,
            ulimits=limits,
            dockerLabels={"team": "shop"},
        ),
    )
    running(job, arn)

    [found] = job.containers()
    host = docker.from_env().api.inspect_container(found.id)
    assert host["HostConfig"]["NanoCpus"] == 250_000_000
    assert host["HostConfig"]["CpuShares"] == 128
    assert host["HostConfig"]["Memory"] == host["HostConfig"]["MemorySwap"] == 100 * 1024 * 1024
    assert host["HostConfig"]["MemoryReservation"] == 64 * 1024 * 1024
    assert host["HostConfig"]["Ulimits"] == [{"Name": "nofile", "Soft": 1000, "Hard": 2000}]
    assert host["Config"]["Labels"]["team"] == "shop"
    job.cloud.client("ecs").stop_task(cluster=job.name, task=arn, reason="seen enough")
    assert stopped(job, arn)["stoppedReason"] == "seen enough"


def test_a_quarter_of_a_cpu_is_a_quarter_of_a_cpu(deploy: Deploy) -> None:
    job = deploy()
    arn = run(job, job.define(command=["sh", "-c", "while :; do :; done"], stopTimeout=2))
    running(job, arn)
    [found] = job.containers()
    engine = docker.from_env().api

    def used() -> int:
        return int(
            engine.stats(found.id, stream=False, one_shot=True)["cpu_stats"]["cpu_usage"]["total_usage"]
        )

    before, began = used(), time.monotonic()
    time.sleep(2)
    share = (used() - before) / 1e9 / (time.monotonic() - began)
    job.cloud.client("ecs").stop_task(cluster=job.name, task=arn)

    assert 0.1 < share < 0.32


def test_out_of_memory_is_reported_as_ecs_reports_it(deploy: Deploy) -> None:
    job = deploy()
    grow = "dd if=/dev/zero of=/dev/shm/x bs=1M count=60; echo unreachable"
    arn = run(
        job,
        job.define(command=["sh", "-c", f"x=$(head -c 200000000 /dev/zero | tr '\\0' x); {grow}"], memory=32),
    )

    container = stopped(job, arn)["containers"][0]

    assert container["exitCode"] == 137
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_stop_timeout_is_the_time_between_sigterm_and_sigkill(deploy: Deploy) -> None:
    job = deploy()
    stubborn = "trap 'echo asked to stop' TERM; echo up; while :; do sleep 0.1; done"
    arn = run(job, job.define(command=["sh", "-c", stubborn], stopTimeout=2, linuxParameters={}))
    eventually(lambda: job.lines() == ["up"])

    asked = time.monotonic()
    job.cloud.client("ecs").stop_task(cluster=job.name, task=arn)
    task = stopped(job, arn)

    assert 1.8 < time.monotonic() - asked < 6
    assert task["containers"][0]["exitCode"] == 137
    assert task["stopCode"] == "UserInitiated"
    assert job.lines() == ["up", "asked to stop"]


def test_a_process_that_ends_on_sigterm_is_not_waited_for(deploy: Deploy) -> None:
    job = deploy()
    polite = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done"
    arn = run(job, job.define(command=["sh", "-c", polite], linuxParameters={}))
    eventually(lambda: job.lines() == ["up"])

    asked = time.monotonic()
    job.cloud.client("ecs").stop_task(cluster=job.name, task=arn)
    task = stopped(job, arn)

    assert time.monotonic() - asked < 5
    assert task["containers"][0]["exitCode"] == 0
    assert job.lines() == ["up", "bye"]


def test_a_read_only_root_filesystem_leaves_only_tmpfs_writable(deploy: Deploy) -> None:
    mount = {"containerPath": "/scratch", "size": 16}
    lines = output(
        deploy(),
        "touch /www/x 2>/dev/null || echo refused; touch /scratch/x && echo written",
        readonlyRootFilesystem=True,
        linuxParameters={"tmpfs": [mount]},
    )

    assert lines == ["refused", "written"]


def test_folder_in_memory_is_writable_for_a_user_who_is_not_root(deploy: Deploy) -> None:
    """What the program declares for `/tmp` and `writablePaths`."""
    options = ["rw", "exec", "nosuid", "nodev", "mode=1777"]
    lines = output(
        deploy(),
        "touch /tmp/x /www/x && stat -c %a /tmp /www; printf '#!/bin/sh\\necho ran' > /tmp/y; chmod +x /tmp/y; /tmp/y",
        readonlyRootFilesystem=True,
        user="1234",
        linuxParameters={
            "tmpfs": [
                {"containerPath": path, "size": 16, "mountOptions": options} for path in ("/tmp", "/www")
            ]
        },
    )

    assert lines == ["1777", "1777", "ran"]


@pytest.mark.parametrize(
    ("declared", "outcome"), [(False, ["755 0", "refused"]), (True, ["1777 7", "written"])]
)
def test_bind_mount_is_roots_unless_the_image_declares_the_volume(
    deploy: Deploy, name: str, declared: bool, outcome: list[str]
) -> None:
    """As on Fargate, where an image that does not run as root cannot write to it otherwise."""
    job = deploy()
    volume = "VOLUME /data" if declared else ""
    dockerfile = f"FROM {job.cloud.image}\nRUN mkdir -m 1777 /data && chown 7 /data\n{volume}\n"
    engine = docker.from_env()
    tag = f"{name}:latest".lower()
    engine.images.build(fileobj=io.BytesIO(dockerfile.encode()), tag=tag, rm=True)
    try:
        definition = job.define(
            image=tag,
            user="1234",
            command=[
                "sh",
                "-c",
                "stat -c '%a %u' /data; touch /data/x 2>/dev/null && echo written || echo refused",
            ],
            mountPoints=[{"sourceVolume": "data", "containerPath": "/data"}],
            task={"volumes": [{"name": "data"}]},
        )
        stopped(job, run(job, definition))
        assert job.lines() == outcome
    finally:
        engine.images.remove(tag, force=True)


def test_init_process_user_working_directory_and_entry_point(deploy: Deploy) -> None:
    lines = output(
        deploy(),
        "ignored",
        entryPoint=["sh", "-c", "cat /proc/1/comm; id -u; pwd"],
        user="1234",
        workingDirectory="/tmp",
        linuxParameters={"initProcessEnabled": True},
    )

    assert lines == ["docker-init", "1234", "/tmp"]


def test_environment_overrides_and_secrets_reach_the_container(deploy: Deploy, name: str) -> None:
    job = deploy()
    job.cloud.client("ssm").put_parameter(Name=f"/{name}/token", Value="from ssm", Type="SecureString")
    secret = job.cloud.client("secretsmanager").create_secret(
        Name=name, SecretString='{"password": "from sm"}'
    )
    definition = job.define(
        command=["sh", "-c", 'echo "$A|$B|$TOKEN|$PASSWORD"'],
        environment=[{"name": "A", "value": "defined"}, {"name": "B", "value": "defined"}],
        secrets=[
            {"name": "TOKEN", "valueFrom": f"arn:aws:ssm:us-east-1:000000000000:parameter/{name}/token"},
            {"name": "PASSWORD", "valueFrom": f"{secret['ARN']}:password::"},
        ],
    )
    override = {"name": "app", "environment": [{"name": "B", "value": "overridden"}]}

    stopped(job, run(job, definition, overrides={"containerOverrides": [override]}))

    assert job.lines() == ["defined|overridden|from ssm|from sm"]


def test_a_secret_that_cannot_be_read_keeps_the_task_from_starting(deploy: Deploy) -> None:
    job = deploy()
    secrets = [{"name": "TOKEN", "valueFrom": "arn:aws:ssm:us-east-1:000000000000:parameter/absent"}]

    task = stopped(job, run(job, job.define(secrets=secrets)))

    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("ResourceInitializationError: unable to pull secrets")


def test_a_task_reaches_the_emulated_aws_and_its_metadata(deploy: Deploy) -> None:
    job = deploy()
    lines = output(
        job,
        "wget -q -O - --post-data 'Action=GetCallerIdentity&Version=2011-06-15' \"$AWS_ENDPOINT_URL\" "
        "| tr -d '\\n'; echo; "
        'wget -q -O - "$ECS_CONTAINER_METADATA_URI_V4/task"; echo; echo "$AWS_REGION $AWS_ACCESS_KEY_ID"; '
        'wget -q -O - "$AWS_ENDPOINT_URL/_localcloud/world" 2>&1 || true',
    )

    assert "GetCallerIdentityResult" in lines[0]
    assert f'"Family": "{job.name}"' in lines[1]
    assert lines[2] == "us-east-1 000000000000"
    assert "403 Forbidden" in lines[3], "the local cloud's own paths are not for tasks"


def test_every_line_arrives_in_order_with_the_last_words_of_a_crash(deploy: Deploy) -> None:
    job = deploy()
    count = 'i=0; while [ $i -lt 3000 ]; do echo "line $i"; i=$((i+1)); done'
    script = f"{count}; echo wide ünïcode; printf last >&2; exit 9"
    arn = run(job, job.define(command=["sh", "-c", script]))
    stopped(job, arn)

    lines = []
    logs = job.cloud.client("logs")
    stream = f"ecs/app/{arn.rpartition('/')[2]}"
    token: dict[str, str] = {}
    while True:
        answer = logs.get_log_events(
            logGroupName=f"/ecs/{job.name}", logStreamName=stream, startFromHead=True, **token
        )
        if not answer["events"]:
            break
        lines += [event["message"] for event in answer["events"]]
        token = {"nextToken": answer["nextForwardToken"]}
    assert lines == [*(f"line {number}" for number in range(3000)), "wide ünïcode", "last"]


def test_a_line_longer_than_dockers_buffer_stays_one_event(deploy: Deploy) -> None:
    lines = output(deploy(), "head -c 50000 /dev/zero | tr '\\0' x; echo; echo end")

    assert [len(line) for line in lines] == [50000, 3]


def test_a_log_group_that_does_not_exist_keeps_the_task_from_starting(deploy: Deploy) -> None:
    job = deploy()
    options = {"awslogs-group": "/absent", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}

    task = stopped(job, run(job, job.define(logConfiguration={"logDriver": "awslogs", "options": options})))

    assert "The specified log group does not exist" in task["stoppedReason"]
    assert job.containers() == []


def test_a_container_health_check_decides_the_tasks_health(deploy: Deploy) -> None:
    job = deploy()
    check = {
        "command": ["CMD-SHELL", "wget -q -O /dev/null http://127.0.0.1:5000/"],
        "interval": 5,
        "timeout": 2,
    }
    job.create(job.define(healthCheck=check), balanced=False)

    service = job.settled()

    assert service["deployments"][0]["rolloutState"] == "COMPLETED"
    [task] = job.tasks()
    assert (task["healthStatus"], task["containers"][0]["healthStatus"]) == ("HEALTHY", "HEALTHY")


def test_a_task_whose_container_becomes_unhealthy_is_replaced(deploy: Deploy) -> None:
    job = deploy()
    check = {"command": ["CMD-SHELL", "test ! -e /tmp/sick"], "interval": 5, "timeout": 2, "retries": 1}
    job.create(job.define(healthCheck=check), balanced=False)
    job.settled()
    [task] = job.tasks()

    [container] = job.containers()
    docker.from_env().containers.get(container.id).exec_run(["touch", "/tmp/sick"])
    eventually(lambda: task["taskArn"] not in {other["taskArn"] for other in job.tasks()})

    assert stopped(job, task["taskArn"])["stoppedReason"] == "Task failed container health checks"
    assert "failed container health checks" in job.events()


def sidecar(cloud: Cloud, name: str, script: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "image": cloud.image, "command": ["sh", "-c", script], **options}


def test_containers_of_a_task_share_localhost_and_start_after_what_they_depend_on(deploy: Deploy) -> None:
    job = deploy()
    migrate = sidecar(job.cloud, "migrate", "sleep 1; exit 0", essential=False)
    web = sidecar(job.cloud, "web", "httpd -f -p 8080 -h /www", essential=False, stopTimeout=1)
    definition = job.define(
        command=["sh", "-c", "until wget -q -O - http://127.0.0.1:8080/; do sleep 0.1; done 2>/dev/null"],
        dependsOn=[
            {"containerName": "migrate", "condition": "SUCCESS"},
            {"containerName": "web", "condition": "START"},
        ],
        task={"others": [migrate, web]},
    )
    arn = run(job, definition)

    task = stopped(job, arn)

    codes = {container["name"]: container["exitCode"] for container in task["containers"]}
    assert (codes["app"], codes["migrate"]) == (0, 0)
    assert job.lines() == ["hello"]


def test_containers_share_the_cpu_of_their_task(deploy: Deploy) -> None:
    if not task_cgroup.hierarchies():
        pytest.skip("this machine's engine does not let a task have a control group")
    job = deploy()
    spin = "while :; do :; done"
    helper = sidecar(job.cloud, "helper", spin, stopTimeout=1)
    arn = run(job, job.define(command=["sh", "-c", spin], stopTimeout=1, task={"others": [helper]}))
    running(job, arn)
    engine = docker.from_env().api

    def used() -> int:
        stats = [engine.stats(entry.id, stream=False, one_shot=True) for entry in job.containers()]
        return sum(int(found["cpu_stats"]["cpu_usage"]["total_usage"]) for found in stats)

    before, began = used(), time.monotonic()
    time.sleep(2)
    share = (used() - before) / 1e9 / (time.monotonic() - began)
    job.cloud.client("ecs").stop_task(cluster=job.name, task=arn)
    stopped(job, arn)

    assert 0.1 < share < 0.35
    assert not list(task_cgroup.hierarchies()["cpu"].glob(f"localcloud/*{arn.rpartition('/')[2][:8]}"))


def test_a_failed_dependency_keeps_the_task_from_starting(deploy: Deploy) -> None:
    job = deploy()
    migrate = sidecar(job.cloud, "migrate", "exit 4", essential=False)
    depends = [{"containerName": "migrate", "condition": "SUCCESS"}]

    task = stopped(job, run(job, job.define(dependsOn=depends, task={"others": [migrate]})))

    assert "container migrate exited with code 4" in task["stoppedReason"]


def test_a_sidecar_that_is_not_essential_may_end(deploy: Deploy) -> None:
    job = deploy()
    helper = sidecar(job.cloud, "helper", "exit 1", essential=False)
    arn = run(job, job.define(task={"others": [helper]}))
    running(job, arn)

    eventually(
        lambda: {c["name"]: c["lastStatus"] for c in task_of(job, arn)["containers"]}["helper"] == "STOPPED"
    )
    assert task_of(job, arn)["desiredStatus"] == "RUNNING"
    job.cloud.client("ecs").stop_task(cluster=job.name, task=arn)


def test_a_volume_is_shared_within_the_task_and_gone_after_it(deploy: Deploy) -> None:
    job = deploy()
    mounts = [{"sourceVolume": "data", "containerPath": "/data"}]
    writer = sidecar(job.cloud, "writer", "echo shared > /data/x", essential=False, mountPoints=mounts)
    definition = job.define(
        command=["sh", "-c", "cat /data/x"],
        mountPoints=mounts,
        dependsOn=[{"containerName": "writer", "condition": "SUCCESS"}],
        task={"others": [writer], "volumes": [{"name": "data"}]},
    )
    arn = run(job, definition)

    assert stopped(job, arn)["containers"][0]["exitCode"] == 0
    assert job.lines() == ["shared"]
    volumes = docker.from_env().volumes.list()
    assert not [volume for volume in volumes if arn.rpartition("/")[2][:8] in volume.name]
