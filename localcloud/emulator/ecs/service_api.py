"""The ECS API operations that the service scheduler answers instead of MiniStack."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb import groups
from localcloud.emulator.ecs import rollback, service_deployments, state
from localcloud.emulator.ecs.scheduler import Scheduler, stop
from localcloud.emulator.ecs.state import Record, ServiceKey

Response = tuple[int, dict[str, str], bytes]
Request = Mapping[str, Any]
# What an UpdateService request may carry besides the properties of a service revision.
_PLAIN_PROPERTIES = (
    "desiredCount",
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
    "placementConstraints",
    "placementStrategy",
    "availabilityZoneRebalancing",
)
_CIRCUIT_BREAKER_OFF = {"enable": False, "rollback": False}


class Refused(Exception):  # noqa: N818  an answer of the API, not a defect
    """The request is answered with an AWS error."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.response: Response = upstream.responses.error_response_json(code, message, 400)


class ServiceApi:
    """CreateService, UpdateService, DeleteService, StopTask and the service deployment operations."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def actions(self) -> dict[str, Callable[[Request], Response]]:
        """Handlers by the operation's name, in the form of MiniStack's action map."""
        operations = {
            "CreateService": self.create_service,
            "UpdateService": self.update_service,
            "DeleteService": self.delete_service,
            "StopTask": self.stop_task,
            "ListServiceDeployments": self.list_service_deployments,
            "DescribeServiceDeployments": self.describe_service_deployments,
            "DescribeServiceRevisions": self.describe_service_revisions,
            "StopServiceDeployment": self.stop_service_deployment,
        }
        return {name: _answering(operation) for name, operation in operations.items()}

    # -- services ---------------------------------------------------------------------------------------------

    def create_service(self, request: Request) -> Request:
        """Record the service; its first deployment is IN_PROGRESS until its tasks are healthy."""
        cluster = _cluster(request)
        name = str(request.get("serviceName") or "")
        if not name:
            raise Refused("ClientException", "serviceName is required")
        key = ServiceKey(
            upstream.responses.get_account_id(),
            upstream.responses.get_region(),
            f"{cluster['clusterName']}/{name}",
        )
        with state.LOCK:
            present = key.record()
            if present and present["status"] == "ACTIVE":
                raise Refused("InvalidParameterException", "Creation of service was not idempotent.")
            if present and present["status"] == "DRAINING":
                raise Refused(
                    "InvalidParameterException", "Unable to Start a service that is still Draining."
                )
            definition = _task_definition(str(request.get("taskDefinition") or ""))
            _check_load_balancers(request.get("loadBalancers") or [], definition)
            service = _new_service(request, cluster, definition)
            service_deployments.begin(service, definition)
            upstream.ecs._services[key.key] = service
            if service["tags"]:
                upstream.ecs._tags[service["serviceArn"]] = list(service["tags"])
            upstream.ecs._recount_cluster(cluster["clusterName"])
        self._scheduler.wake()
        return {"service": service}

    def update_service(self, request: Request) -> Request:
        """Change a service; a changed property of its revision, or force, starts a new deployment."""
        _, service = _service(request)
        with state.LOCK:
            if service["status"] != "ACTIVE":
                raise Refused("ServiceNotActiveException", "Service was not ACTIVE.")
            reference = request.get("taskDefinition")
            definition = _task_definition(str(reference or service["taskDefinition"]))
            changes = {
                name: request[name] for name in service_deployments.REVISION_PROPERTIES if name in request
            }
            if reference:
                changes["taskDefinition"] = definition["taskDefinitionArn"]
            if "loadBalancers" in changes or reference:
                _check_load_balancers(changes.get("loadBalancers") or service["loadBalancers"], definition)
            if changes.get("capacityProviderStrategy"):
                service["launchType"] = None
            differs = any(service.get(name) != value for name, value in changes.items())
            service.update(changes)
            service.update({name: request[name] for name in _PLAIN_PROPERTIES if name in request})
            service["_steady"] = False
            if differs or request.get("forceNewDeployment"):
                service_deployments.begin(service, definition)
            elif primary := state.primary_of(service):
                primary.update(desiredCount=service["desiredCount"], updatedAt=time.time())
        self._scheduler.wake()
        return {"service": service}

    def delete_service(self, request: Request) -> Request:
        """Drain a service; it is INACTIVE once its tasks have stopped."""
        _, service = _service(request)
        with state.LOCK:
            if int(service["desiredCount"]) > 0 and not request.get("force"):
                raise Refused(
                    "InvalidParameterException",
                    "The service cannot be stopped while it is scaled above 0.",
                )
            if service["status"] == "ACTIVE":
                service["status"] = "DRAINING"
                service["desiredCount"] = 0
        self._scheduler.wake()
        return {"service": service}

    def stop_task(self, request: Request) -> Request:
        """Tell a task to stop; DescribeTasks follows it down to STOPPED."""
        cluster = _cluster(request)
        task: Record | None = upstream.ecs._resolve_task(
            str(request.get("task") or ""), cluster["clusterName"]
        )
        if task is None:
            raise Refused("InvalidParameterException", "The referenced task was not found.")
        stop(task, reason=str(request.get("reason") or "Task stopped by user"), code="UserInitiated")
        self._scheduler.wake()
        return {"task": task}

    # -- service deployments ----------------------------------------------------------------------------------

    def list_service_deployments(self, request: Request) -> Request:
        """Service deployments of one service, newest first."""
        _, service = _service(request)
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
        arn = str(request.get("serviceDeploymentArn") or "")
        with state.LOCK:
            for _, service in state.services():
                current = next(iter(service.get("_service_deployments") or []), None)
                if current is None or current["serviceDeploymentArn"] != arn:
                    continue
                if current["status"] not in service_deployments.RUNNING:
                    break
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
                return {"serviceDeploymentArn": arn}
        raise Refused("ServiceDeploymentNotFoundException", f"No running service deployment {arn}.")


def _answering(operation: Callable[[Request], Request]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        try:
            document = operation(request)
        except Refused as refusal:
            return refusal.response
        with state.LOCK:
            response: Response = upstream.responses.json_response(upstream.ecs._sanitize(document))
        return response

    return answer


def _cluster(request: Request) -> Record:
    name = upstream.ecs._resolve_cluster_name(request.get("cluster") or "default")
    if name == "default" and name not in upstream.ecs._clusters:
        upstream.ecs._create_cluster({"clusterName": "default"})
    record: Record | None = upstream.ecs._clusters.get(name) if name else None
    if record is None:
        raise Refused("ClusterNotFoundException", "Cluster not found.")
    return record


def _service(request: Request) -> tuple[ServiceKey, Record]:
    reference = upstream.ecs._resolve_service_ref(str(request.get("service") or ""))
    if reference and reference[1] and not request.get("cluster"):
        request = {**request, "cluster": reference[1]}
    cluster = _cluster(request)
    if reference is None or reference[1] not in {None, cluster["clusterName"]}:
        raise Refused("ServiceNotFoundException", "Service not found.")
    key = ServiceKey(
        upstream.responses.get_account_id(),
        upstream.responses.get_region(),
        f"{cluster['clusterName']}/{reference[0]}",
    )
    service = key.record()
    if service is None:
        raise Refused("ServiceNotFoundException", "Service not found.")
    return key, service


def _task_definition(reference: str) -> Record:
    key = upstream.ecs._resolve_td_key(reference)
    definition: Record | None = upstream.ecs._task_defs.get(key) if key else None
    if definition is None:
        raise Refused("ClientException", "TaskDefinition not found.")
    if definition["status"] != "ACTIVE":
        raise Refused("ClientException", "TaskDefinition is inactive")
    return definition


def _check_load_balancers(balancers: list[Request], definition: Record) -> None:
    """AWS refuses what could never be routed: an unknown container or port, a target group without a listener."""
    containers = {entry["name"]: entry for entry in definition["containerDefinitions"]}
    for balancer in balancers:
        name, port = str(balancer.get("containerName")), balancer.get("containerPort")
        if name not in containers:
            raise Refused(
                "InvalidParameterException", f"The container {name} does not exist in the task definition."
            )
        ports = {mapping["containerPort"] for mapping in containers[name].get("portMappings") or []}
        if port not in ports:
            raise Refused(
                "InvalidParameterException",
                f"The container {name} did not have a container port {port} defined.",
            )
        arn = str(balancer.get("targetGroupArn") or "")
        group = groups.find(arn)
        if group is None:
            raise Refused("InvalidParameterException", f"The specified target group {arn} does not exist.")
        if not group["LoadBalancerArns"]:
            raise Refused(
                "InvalidParameterException",
                f"The target group with targetGroupArn {arn} does not have an associated load balancer.",
            )


def _new_service(request: Request, cluster: Record, definition: Record) -> Record:
    launch_type, strategy, error = upstream.ecs._launch_choice(request, cluster)
    if error:
        raise Refused("InvalidParameterException", json.loads(error[2])["message"])
    account, region = upstream.responses.get_account_id(), upstream.responses.get_region()
    name = request["serviceName"]
    service: Record = {
        "serviceArn": f"arn:aws:ecs:{region}:{account}:service/{cluster['clusterName']}/{name}",
        "serviceName": name,
        "clusterArn": cluster["clusterArn"],
        "taskDefinition": definition["taskDefinitionArn"],
        "desiredCount": int(request.get("desiredCount", 1)),
        "runningCount": 0,
        "pendingCount": 0,
        "status": "ACTIVE",
        "launchType": launch_type,
        "capacityProviderStrategy": strategy,
        "platformVersion": request.get("platformVersion") or "LATEST",
        "platformFamily": "Linux",
        "networkConfiguration": request.get("networkConfiguration") or {},
        "loadBalancers": request.get("loadBalancers") or [],
        "serviceRegistries": request.get("serviceRegistries") or [],
        "healthCheckGracePeriodSeconds": request.get("healthCheckGracePeriodSeconds") or 0,
        "schedulingStrategy": request.get("schedulingStrategy") or "REPLICA",
        "deploymentController": request.get("deploymentController") or {"type": "ECS"},
        "deploymentConfiguration": {
            "maximumPercent": 200,
            "minimumHealthyPercent": 100,
            "deploymentCircuitBreaker": _CIRCUIT_BREAKER_OFF,
            "strategy": "ROLLING",
            **(request.get("deploymentConfiguration") or {}),
        },
        "deployments": [],
        "events": [],
        "roleArn": request.get("role") or "",
        "createdAt": time.time(),
        "createdBy": f"arn:aws:iam::{account}:root",
        "enableECSManagedTags": bool(request.get("enableECSManagedTags")),
        "propagateTags": request.get("propagateTags") or "NONE",
        "enableExecuteCommand": bool(request.get("enableExecuteCommand")),
        "placementConstraints": request.get("placementConstraints") or [],
        "placementStrategy": request.get("placementStrategy") or [],
        "availabilityZoneRebalancing": request.get("availabilityZoneRebalancing") or "DISABLED",
        "tags": request.get("tags") or [],
    }
    for optional in ("serviceConnectConfiguration", "volumeConfigurations", "vpcLatticeConfigurations"):
        if request.get(optional):
            service[optional] = request[optional]
    return service


def _by_arn(request: Request, argument: str, result: str, store: str) -> Request:
    wanted = [str(arn) for arn in request.get(argument) or []]
    key = {"_service_deployments": "serviceDeploymentArn", "_service_revisions": "serviceRevisionArn"}[store]
    with state.LOCK:
        known = {entry[key]: entry for _, service in state.services() for entry in service.get(store) or []}
    missing = [{"arn": arn, "reason": "MISSING"} for arn in wanted if arn not in known]
    return {result: [known[arn] for arn in wanted if arn in known], "failures": missing}
