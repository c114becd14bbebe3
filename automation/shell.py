"""Run a command in a task's container: through ECS Exec on AWS, through Docker on the local cloud."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence

from automation.target import Target
from localcloud.errors import LocalCloudError

_PLUGIN = "session-manager-plugin"
_PLUGIN_DOCUMENT = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"


def run_in_task(
    target: Target,
    cluster: str,
    service: str,
    command: Sequence[str],
    *,
    container: str,
    task: str | None = None,
) -> int:
    """Run a command with this terminal, and return its exit code.

    ECS Exec does not pass exit codes on (Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec"):
    on AWS 0 means that the session took place.

    Args:
        target: The cloud.
        cluster: Name of the cluster.
        service: Name of the service.
        command: Command and arguments.
        container: Name of the container.
        task: Id of the task or its beginning; None for the newest that runs.

    Raises:
        LocalCloudError: No such task runs, or what the session needs is missing.
    """
    arn = _task(target, cluster, service, task)
    if target.local is not None:
        return _in_docker(target, cluster, arn, container, command)
    return _in_session(target, cluster, arn, container, command)


def _task(target: Target, cluster: str, service: str, wanted: str | None) -> str:
    pages = target.ecs.get_paginator("list_tasks").paginate(
        cluster=cluster, serviceName=service, desiredStatus="RUNNING"
    )
    arns = [arn for page in pages for arn in page["taskArns"]]
    tasks = [
        task
        for start in range(0, len(arns), 100)  # DescribeTasks takes a hundred at a time
        for task in target.ecs.describe_tasks(cluster=cluster, tasks=arns[start : start + 100])["tasks"]
    ]
    running = [task for task in tasks if task["lastStatus"] == "RUNNING"]
    if wanted:
        running = [task for task in running if task["taskArn"].rsplit("/", 1)[-1].startswith(wanted)]
    if not running:
        which = f"task {wanted!r}" if wanted else "task"
        raise LocalCloudError(
            f"no {which} of service {service!r} runs",
            fix=f"see what runs: {target.verb('status')}",
        )
    return max(running, key=lambda task: task["createdAt"])["taskArn"]


def _in_docker(target: Target, cluster: str, task: str, container: str, command: Sequence[str]) -> int:
    labels = (f"com.amazonaws.ecs.task-arn={task}", f"com.amazonaws.ecs.container-name={container}")
    filters = [argument for label in labels for argument in ("--filter", f"label={label}")]
    found = subprocess.run(["docker", "ps", "-q", *filters], capture_output=True, text=True, check=False)
    ids = found.stdout.split()
    if not ids:
        (described,) = target.ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
        names = sorted(item["name"] for item in described["containers"])
        raise LocalCloudError(
            f"task {task.rsplit('/', 1)[-1]} has no running container {container!r}"
            + (f": {found.stderr.strip()}" if found.stderr.strip() else ""),
            fix=f"add --container with one of: {', '.join(names)}",
        )
    interactive = ["-it"] if sys.stdin.isatty() and sys.stdout.isatty() else ["-i"]
    return subprocess.run(["docker", "exec", *interactive, ids[0], *command], check=False).returncode


def _in_session(target: Target, cluster: str, task: str, container: str, command: Sequence[str]) -> int:
    if shutil.which(_PLUGIN) is None:
        raise LocalCloudError(
            f"{_PLUGIN} is not on PATH, which ECS Exec talks through", fix=f"see {_PLUGIN_DOCUMENT}"
        )
    try:
        answer = target.ecs.execute_command(
            cluster=cluster, task=task, container=container, command=shlex.join(command), interactive=True
        )
    except (
        target.ecs.exceptions.TargetNotConnectedException,
        target.ecs.exceptions.InvalidParameterException,
    ) as error:
        raise LocalCloudError(
            f"ECS Exec is not possible: {error.response['Error'].get('Message', error)}",
            fix="allow it (cluster.executeCommand and services.<name>.executeCommand), deploy, and try again",
        ) from None
    runtime = _runtime_id(target, cluster, task, container)
    session_target = f"ecs:{cluster}_{task.rsplit('/', 1)[-1]}_{runtime}"
    session = {key[0].upper() + key[1:]: value for key, value in answer["session"].items()}
    arguments = [
        json.dumps(session),
        target.region,
        "StartSession",
        "",
        json.dumps({"Target": session_target}),
    ]
    endpoint = f"https://ssm.{target.region}.amazonaws.com"
    return subprocess.run([_PLUGIN, *arguments, endpoint], check=False).returncode


def _runtime_id(target: Target, cluster: str, task: str, container: str) -> str:
    (described,) = target.ecs.describe_tasks(cluster=cluster, tasks=[task])["tasks"]
    return next(
        (item.get("runtimeId", "") for item in described["containers"] if item["name"] == container), ""
    )
