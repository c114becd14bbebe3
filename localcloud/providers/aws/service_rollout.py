"""Change an ECS service and follow its deployment to the end: done, rolled back, or stuck, with the reasons."""

import time

from localcloud.errors import LocalCloudError, ResourceInitFailed
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.requests import changed_inputs, update_request
from localcloud.providers.aws.resource_type import Operation
from localcloud.providers.aws.sdk import resource_schema
from localcloud.providers.aws.service_diagnosis import diagnose, same_definition, short
from localcloud.providers.values import Values

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
        LocalCloudError: AWS refused the call, or the AWS provider would have.
    """
    schema = resource_schema(context.kind.type)
    changed = changed_inputs(context.kind, schema, previous, wanted)
    if "capacityProviderStrategies" in changed and not wanted.get("forceNewDeployment"):
        raise LocalCloudError(
            f"{context.title}: capacityProviderStrategies changes, which AWS does with a new deployment only",
            fix="set forceNewDeployment to true",
        )
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
                f"the deployment of {short(deployment['taskDefinition'])} to service {name} failed: {reason}"
            )
    primary = _primary(service)
    if primary and task_definition and not same_definition(primary["taskDefinition"], task_definition):
        return (
            f"service {name} was rolled back: it runs {short(primary['taskDefinition'])} instead of "
            f"{short(task_definition)} ({_rollback_reason(service, primary)})"
        )
    return None


def _rollback_reason(service: Values, primary: Values) -> str:
    """What ECS said about the deployment that failed; the one that took its place only says that it is done."""
    said = [str(item["message"]) for item in service.get("events", [])]
    telling = [
        text
        for text in said
        if any(word in text for word in ("rolling back", "rolled back", "circuit breaker"))
    ]
    return telling[0] if telling else str(primary.get("rolloutStateReason") or "no reason given")


def _timeout_text(service: Values, timeout: float) -> str:
    primary = _primary(service)
    events = [item["message"] for item in service.get("events", [])[:1]]
    return (
        f"service {service['serviceName']} is not steady after {timeout:.0f} s: {primary.get('runningCount', 0)} of "
        f"{service.get('desiredCount', 0)} tasks run, {primary.get('failedTasks', 0)} failed, rollout "
        f"{primary.get('rolloutState', 'unknown')}" + "".join(f"; last event: {event}" for event in events)
    )
