"""Change an ECS service and follow its deployment to the end: done, rolled back, or stuck, with the reasons."""

import json
import time
from typing import Any

from localcloud.errors import LocalCloudError, ResourceInitFailed
from localcloud.providers.aws.clients import AwsCallError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.requests import changed_inputs, update_request
from localcloud.providers.aws.resource_type import Operation
from localcloud.providers.aws.sdk import resource_schema
from localcloud.providers.values import Values

LOG_LINES = 20
POLL_SECONDS = 0.25
UPDATE = Operation(
    name="UpdateService", skip=frozenset({"name", "cluster", "schedulingStrategy", "iamRole", "launchType"})
)


def _key(state: Values) -> Values:
    return {"cluster": state.get("cluster") or state["id"].split("/")[-2], "service": state["id"]}


def update_service(context: Context, wanted: Values, previous: Values) -> None:
    """Send what changed, and only that: the desired count may belong to the autoscaler, the weights to ECS.

    Without any change the deployment is started once more, which is another try after a failed one.

    Raises:
        LocalCloudError: AWS refused the call.
    """
    schema = resource_schema(context.kind.type)
    changed = changed_inputs(context.kind, schema, previous, wanted)
    retry = not changed
    names = {"taskDefinition"} if retry else changed
    request = {**update_request(context.kind, UPDATE, wanted, names), **_key(wanted)}
    if retry or wanted.get("forceNewDeployment"):
        request["forceNewDeployment"] = True
    for name, empty in (
        ("capacityProviderStrategies", "capacityProviderStrategy"),
        ("loadBalancers", "loadBalancers"),
        ("serviceRegistries", "serviceRegistries"),
    ):
        if name in changed and name not in wanted:
            request[empty] = []
    context.call("UpdateService", request)


def delete_service(context: Context, state: Values) -> None:
    """Drain the service, delete it, and wait until its tasks have stopped.

    Raises:
        LocalCloudError: AWS refused a call, or tasks did not stop within the timeout.
    """
    key = _key(state)
    described = _describe(context, key)
    if described is None or described["status"] == "INACTIVE":
        return
    if described.get("schedulingStrategy") != "DAEMON" and not state.get("forceDelete"):
        context.call("UpdateService", {**key, "desiredCount": 0})
    context.call("DeleteService", {**key, "force": bool(state.get("forceDelete"))})

    def gone() -> bool:
        now = _describe(context, key)
        tasks = context.find_call(
            "ListTasks", {"cluster": key["cluster"], "serviceName": described["serviceName"]}
        )
        return (now is None or now["status"] == "INACTIVE") and not tasks.get("taskArns")

    context.wait_until(gone, "draining")


def wait_for_steady_state(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    """Wait until the wanted deployment has replaced every other, if the program asked to wait.

    Args:
        context: The service's access to AWS; its timeout bounds the wait.
        wanted: The service's properties.
        previous: Unused.

    Raises:
        ResourceInitFailed: the deployment failed, was rolled back, or is not done in time; its reasons carry the
            rollout's state reason, why tasks stopped with their exit codes, and their last log lines.
    """
    if not wanted.get("waitForSteadyState"):
        return
    started = time.time()
    end = time.monotonic() + context.timeout
    key = _key(wanted)
    failure: str | None = None
    deployment: str | None = None
    while failure is None:
        service = _describe(context, key)
        if service is None:
            raise ResourceInitFailed(
                wanted["id"], wanted, ["the service disappeared while its deployment was running"]
            )
        # The deployment that the change has just started; earlier ones that failed are still listed beside it.
        deployment = deployment or _primary(service).get("id")
        failure = failed(service, str(wanted.get("taskDefinition", "")), deployment)
        if failure is None and steady(service):
            return
        if failure is None and time.monotonic() > end:
            failure = _timeout_text(service, context.timeout)
        if failure is None:
            time.sleep(POLL_SECONDS)
    raise ResourceInitFailed(wanted["id"], wanted, [failure, *diagnose(context, key, wanted, started)])


def _describe(context: Context, key: Values) -> Values | None:
    request = {"cluster": key["cluster"], "services": [key["service"]]}
    found: list[Values] = context.find_call("DescribeServices", request).get("services", [])
    return found[0] if found else None


def _primary(service: Values) -> Values:
    return next((item for item in service.get("deployments", []) if item["status"] == "PRIMARY"), {})


def steady(service: Values) -> bool:
    """Whether one completed deployment runs all the tasks that are wanted (ECS: steady state)."""
    primary = _primary(service)
    others = [
        item
        for item in service.get("deployments", [])
        if item is not primary and item.get("rolloutState") != "FAILED" and item.get("runningCount", 0) > 0
    ]
    return (
        not others
        and primary.get("rolloutState", "COMPLETED") == "COMPLETED"
        and service.get("pendingCount", 0) == 0
        and service.get("runningCount", 0) == service.get("desiredCount", 0)
        and primary.get("runningCount", 0) == service.get("desiredCount", 0)
    )


def failed(service: Values, task_definition: str, deployment_id: str | None) -> str | None:
    """Why a deployment of a task definition has failed; None while it may still succeed.

    Args:
        service: The service as ECS describes it.
        task_definition: What the deployment is to run.
        deployment_id: The deployment to judge; failures of others are not its own.
    """
    name = service["serviceName"]
    for deployment in service.get("deployments", []):
        if deployment.get("rolloutState") == "FAILED" and deployment.get("id") == deployment_id:
            reason = deployment.get("rolloutStateReason") or "no reason given"
            return (
                f"the deployment of {_short(deployment['taskDefinition'])} to service {name} failed: {reason}"
            )
    primary = _primary(service)
    if primary and task_definition and not same_definition(primary["taskDefinition"], task_definition):
        reason = primary.get("rolloutStateReason") or "no reason given"
        return (
            f"service {name} was rolled back: it runs {_short(primary['taskDefinition'])} instead of "
            f"{_short(task_definition)} ({reason})"
        )
    return None


def same_definition(arn: str, wanted: str) -> bool:
    """Whether an ARN is the wanted task definition, which may be an ARN, `family:revision` or a family."""
    return arn == wanted or arn.endswith(f"/{wanted}") or arn.rpartition(":")[0].endswith(f"/{wanted}")


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]


def _timeout_text(service: Values, timeout: float) -> str:
    primary = _primary(service)
    events = [item["message"] for item in service.get("events", [])[:1]]
    return (
        f"service {service['serviceName']} is not steady after {timeout:.0f} s: {primary.get('runningCount', 0)} of "
        f"{service.get('desiredCount', 0)} tasks run, {primary.get('failedTasks', 0)} failed, rollout "
        f"{primary.get('rolloutState', 'unknown')}" + "".join(f"; last event: {event}" for event in events)
    )


def diagnose(context: Context, key: Values, wanted: Values, since: float) -> list[str]:
    """What people need to see after a failed deployment: stopped tasks, exit codes, unhealthy targets, log lines.

    It never raises: the deployment's failure is the message, and a missing detail must not hide it.
    """
    try:
        tasks = _failed_tasks(context, key, str(wanted.get("taskDefinition", "")), since)
        reasons = _task_texts(tasks) + _unhealthy_targets(context, wanted)
        return reasons + (_log_text(context, tasks[0]) if tasks else [])
    except LocalCloudError as error:
        return [f"details are not available: {error.message}"]


def _failed_tasks(context: Context, key: Values, task_definition: str, since: float) -> list[Values]:
    """Tasks of the failed version, those that stopped first; newest first."""
    found: list[Values] = []
    for status in ("STOPPED", "RUNNING"):
        request = {"cluster": key["cluster"], "serviceName": _short(key["service"]), "desiredStatus": status}
        arns = context.aws.pages("ecs", "ListTasks", request, "taskArns")
        if arns:
            found += context.call("DescribeTasks", {"cluster": key["cluster"], "tasks": arns[:100]})["tasks"]
    mine = [task for task in found if same_definition(task["taskDefinitionArn"], task_definition)]

    def order(task: Values) -> tuple[bool, float]:
        stopped = task.get("stoppedAt") or task.get("startedAt") or task.get("createdAt")
        return task.get("lastStatus") == "STOPPED", stopped.timestamp() if stopped is not None else since

    return sorted(mine, key=order, reverse=True)


def _task_texts(tasks: list[Values]) -> list[str]:
    """Why tasks stopped, each reason once with the task it was last seen on."""
    seen: dict[str, str] = {}
    for task in tasks:
        text = "; ".join(_stop_reasons(task))
        if text and text not in seen:
            seen[text] = f"task {_short(task['taskArn'])} stopped: {text}"
    return list(seen.values())[:3]


def _stop_reasons(task: Values) -> list[str]:
    lines = [task["stoppedReason"]] if task.get("stoppedReason") else []
    for container in task.get("containers", []):
        exit_code, reason = container.get("exitCode"), container.get("reason")
        if exit_code is not None or (reason and reason not in lines):
            code = f" exited with code {exit_code}" if exit_code is not None else ""
            lines.append(f"container {container['name']}{code}{f': {reason}' if reason else ''}")
    return lines


def _unhealthy_targets(context: Context, wanted: Values) -> list[str]:
    lines = []
    for balancer in wanted.get("loadBalancers") or []:
        arn = balancer.get("targetGroupArn")
        if not arn:
            continue
        request = {"TargetGroupArn": arn}
        for target in context.find_call("DescribeTargetHealth", request, "elbv2").get(
            "TargetHealthDescriptions", []
        ):
            health = target["TargetHealth"]
            if health["State"] not in ("healthy", "draining", "initial"):
                detail = health.get("Description") or health.get("Reason") or "no reason given"
                lines.append(
                    f"target {target['Target']['Id']}:{target['Target'].get('Port', '')} is {health['State']}: {detail}"
                )
    return lines


def _log_text(context: Context, task: Values) -> list[str]:
    """The last lines that the failed task's containers wrote to their awslogs streams."""
    described = context.find_call("DescribeTaskDefinition", {"taskDefinition": task["taskDefinitionArn"]})
    texts = []
    for container in described.get("taskDefinition", {}).get("containerDefinitions", []):
        options = (container.get("logConfiguration") or {}).get("options") or {}
        if "awslogs-group" not in options:
            continue
        stream = f"{options.get('awslogs-stream-prefix', '')}/{container['name']}/{_short(task['taskArn'])}".lstrip(
            "/"
        )
        lines = _last_lines(context, options["awslogs-group"], stream)
        if lines:
            texts.append(
                "\n".join(
                    [f"last log lines of container {container['name']}:", *(f"  {line}" for line in lines)]
                )
            )
    return texts


def _last_lines(context: Context, group: str, stream: str) -> list[str]:
    request: Values = {
        "logGroupName": group,
        "logStreamName": stream,
        "limit": LOG_LINES,
        "startFromHead": False,
    }
    try:
        events: list[Any] = context.call("GetLogEvents", request, "logs").get("events", [])
    except AwsCallError:
        return []
    return [_readable(str(event["message"])) for event in events]


def _readable(line: str) -> str:
    """A log line as people read it: the message of a JSON record, anything else as it is."""
    try:
        record = json.loads(line)
    except ValueError:
        return line.rstrip()
    if not isinstance(record, dict) or "message" not in record:
        return line.rstrip()
    extra = record.get("exception") or record.get("exc_info")
    return f"{record['message']}\n  {extra}" if extra else str(record["message"])
