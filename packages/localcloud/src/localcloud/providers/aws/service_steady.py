"""`waitForSteadyState` as the AWS provider does it, with its answers and its blind spots.

terraform-provider-aws, internal/service/ecs/service.go: statusServiceWaitForStable, findPrimaryDeploymentARN and
findDeploymentStatus. A deployment that began after the operation did is followed by the status of its service
deployment, and a rollback fails with the reason that ECS gives, and nothing more. Anything else only has to run as many
tasks as the service is to have.
"""

import time
from typing import Any

from localcloud.errors import ResourceInitFailed
from localcloud.providers.aws.context import Context
from localcloud.providers.values import Values

POLL_SECONDS = 0.25
_FAILED = {"STOPPED", "ROLLBACK_FAILED", "ROLLBACK_SUCCESSFUL"}


def wait_for_steady_state(context: Context, wanted: Values, previous: Values) -> None:
    """Wait until the service is steady, if the program asked to wait.

    Args:
        context: The service's access to AWS; its timeout bounds the wait.
        wanted: The service's properties.
        previous: What they were; empty when it is created.

    Raises:
        ResourceInitFailed: The deployment failed or was rolled back, or the service is not steady in time.
    """
    if not wanted.get("waitForSteadyState"):
        return
    waiting = _Waiting(context, wanted)
    end = time.monotonic() + context.timeout
    problem: str | None = None
    while problem is None:
        if waiting.is_steady():
            return
        problem = waiting.failure
        if problem is None and time.monotonic() > end:
            problem = (
                f"timeout while waiting for the service to become stable (timeout: {context.timeout:.0f}s)"
            )
        if problem is None:
            time.sleep(POLL_SECONDS)
    verb = "update" if previous else "create"
    raise ResourceInitFailed(
        wanted["id"], wanted, [f"waiting for ECS Service ({wanted['id']}) {verb}: {problem}"]
    )


class _Waiting:
    def __init__(self, context: Context, wanted: Values) -> None:
        self._context = context
        self._cluster = wanted.get("cluster") or wanted["id"].split("/")[-2]
        self._service = wanted["id"]
        self._primary: Values | None = None
        self._deployment = ""
        self.failure: str | None = None

    def is_steady(self) -> bool:
        request = {"cluster": self._cluster, "services": [self._service]}
        found = self._context.find_call("DescribeServices", request).get("services", [])
        if not found or found[0]["status"] != "ACTIVE":
            return False
        service: Values = found[0]
        if self._primary is None:
            self._primary = next((one for one in service["deployments"] if one["status"] == "PRIMARY"), None)
        if self._primary is not None and self._is_new(service, self._primary):
            return self._has_succeeded(self._primary)
        all_run: bool = service["desiredCount"] == service["runningCount"]
        return all_run and len(service["deployments"]) == 1

    def _is_new(self, service: Values, primary: Values) -> bool:
        controller = (service.get("deploymentController") or {}).get("type", "ECS")
        began: float = primary["createdAt"].timestamp()
        return controller == "ECS" and began > self._context.began

    def _has_succeeded(self, primary: Values) -> bool:
        if not self._deployment:
            request = {
                "cluster": self._cluster,
                "service": self._service,
                "createdAt": {"after": self._context.began},
            }
            identity = str(primary["id"]).rpartition("/")[2]
            listed: list[Any] = self._context.call("ListServiceDeployments", request)["serviceDeployments"]
            mine = [
                one["serviceDeploymentArn"] for one in listed if identity in one["targetServiceRevisionArn"]
            ]
            if not mine:
                return False
            self._deployment = mine[0]
        described = self._context.call(
            "DescribeServiceDeployments", {"serviceDeploymentArns": [self._deployment]}
        )["serviceDeployments"]
        status = described[0]["status"] if described else ""
        if status in _FAILED:
            self.failure = str(described[0].get("statusReason") or "Deployment failed")
        return bool(status == "SUCCESSFUL")
