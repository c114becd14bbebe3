"""Read an ECS service, change it, and take it away."""

import time

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.requests import changed_inputs, update_request
from localcloud.providers.aws.resource_type import Operation
from localcloud.providers.aws.sdk import resource_schema
from localcloud.providers.values import Values

POLL_SECONDS = 0.25
DRAINING_SECONDS = 120.0
UPDATE = Operation(
    name="UpdateService", skip=frozenset({"name", "cluster", "schedulingStrategy", "iamRole", "launchType"})
)


def _key(state: Values) -> Values:
    # An imported one has the id `cluster/service` (terraform-provider-aws, resource aws_ecs_service, "Import").
    path = str(state["id"]).split("/")
    return {"cluster": state.get("cluster") or path[-2], "service": path[-1]}


def read_service(context: Context, state: Values) -> Values | None:
    """The service as ECS describes it; one that is draining has no future, so its end is awaited.

    As the AWS provider reads it, which takes what is not active after two minutes for gone
    (terraform-provider-aws, `findServiceByTwoPartKeyWaitForActive`).
    """
    key = _key(state)
    end = time.monotonic() + DRAINING_SECONDS
    while True:
        service = _describe(context, key, include=["TAGS"])
        if service is None or service["status"] == "ACTIVE":
            return service
        if service["status"] != "DRAINING" or time.monotonic() > end:
            return None
        time.sleep(POLL_SECONDS)


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


def _describe(context: Context, key: Values, **further: object) -> Values | None:
    request = {"cluster": key["cluster"], "services": [key["service"]], **further}
    found: list[Values] = context.find_call("DescribeServices", request).get("services", [])
    return found[0] if found else None
