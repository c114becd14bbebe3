"""The ECS API operations on service deployments and service revisions, which MiniStack answers with empty lists."""

from collections.abc import Callable
from typing import Any

from localcloud.emulator.ecs import rollback, service_deployments, state
from localcloud.emulator.ecs.answers import Refused, Request, Response, answering, service_of
from localcloud.emulator.ecs.scheduler import Scheduler
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.shifting import hooks


class ServiceDeploymentApi:
    """List, describe, stop and continue service deployments; describe service revisions."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def actions(self) -> dict[str, Callable[[Request], Response]]:
        """Handlers by the operation's name, in the form of MiniStack's action map."""
        operations = {
            "ListServiceDeployments": self.list_service_deployments,
            "DescribeServiceDeployments": self.describe_service_deployments,
            "DescribeServiceRevisions": self.describe_service_revisions,
            "StopServiceDeployment": self.stop_service_deployment,
            "ContinueServiceDeployment": self.continue_service_deployment,
        }
        return {name: answering(operation) for name, operation in operations.items()}

    def list_service_deployments(self, request: Request) -> Request:
        """Service deployments of one service, newest first."""
        _, service = service_of(request)
        wanted = set(request.get("status") or [])
        window = request.get("createdAt") or {}
        with state.LOCK:
            found = [
                service_deployments.brief(entry)
                for entry in service.get("_service_deployments") or []
                if (not wanted or entry["status"] in wanted)
                and float(window.get("after") or 0)
                <= entry["createdAt"]
                <= float(window.get("before") or 1e18)
            ]
        begin = int(request.get("nextToken") or 0)
        end = begin + int(request.get("maxResults") or 20)
        page: dict[str, Any] = {"serviceDeployments": found[begin:end]}
        return page | ({"nextToken": str(end)} if end < len(found) else {})

    def describe_service_deployments(self, request: Request) -> Request:
        """Service deployments by ARN."""
        return _by_arn(request, "serviceDeploymentArns", "serviceDeployments", "_service_deployments")

    def describe_service_revisions(self, request: Request) -> Request:
        """Service revisions by ARN."""
        return _by_arn(request, "serviceRevisionArns", "serviceRevisions", "_service_revisions")

    def stop_service_deployment(self, request: Request) -> Request:
        """Stop a service deployment that runs, by rolling back (the default) or abruptly (ABORT)."""
        with state.LOCK:
            service, current = _running(request)
            primary = state.primary_of(service)
            if primary is not None:
                rollback.fail(
                    service,
                    primary,
                    reason="ECS deployment stopped by user.",
                    event="deployment stopped by user.",
                    rolled_back="Service deployment rolled back because of a stop request.",
                    stopped="Service deployment stopped because of a stop request.",
                    roll_back=request.get("stopType", "ROLLBACK") == "ROLLBACK",
                )
        self._scheduler.wake()
        return {"serviceDeploymentArn": current["serviceDeploymentArn"]}

    def continue_service_deployment(self, request: Request) -> Request:
        """End the pause of a lifecycle hook: CONTINUE (the default) or ROLLBACK."""
        with state.LOCK:
            _, current = _running(request)
            hook = str(request.get("hookId") or "")
            if not hooks.proceed(current, hook, str(request.get("action") or "CONTINUE")):
                raise Refused(
                    "InvalidParameterException", f"The deployment does not wait at a hook {hook!r}."
                )
        self._scheduler.wake()
        return {"serviceDeploymentArn": current["serviceDeploymentArn"]}


def _running(request: Request) -> tuple[Record, Record]:
    """The service and the running service deployment that a request names.

    Raises:
        Refused: There is none, or it has ended.
    """
    arn = str(request.get("serviceDeploymentArn") or "")
    for _, service in state.services():
        current = next(iter(service.get("_service_deployments") or []), None)
        if current is not None and current["serviceDeploymentArn"] == arn:
            if current["status"] in service_deployments.RUNNING:
                return service, current
            break
    raise Refused("ServiceDeploymentNotFoundException", f"No running service deployment {arn}.")


def _by_arn(request: Request, argument: str, result: str, store: str) -> Request:
    wanted = [str(arn) for arn in request.get(argument) or []]
    key = {"_service_deployments": "serviceDeploymentArn", "_service_revisions": "serviceRevisionArn"}[store]
    with state.LOCK:
        known = {entry[key]: entry for _, service in state.services() for entry in service.get(store) or []}
    missing = [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known]
    return {result: [known[arn] for arn in wanted if arn in known], "failures": missing}
