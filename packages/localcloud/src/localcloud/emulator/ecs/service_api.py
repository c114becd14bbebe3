"""The ECS API operations that the service scheduler answers instead of MiniStack."""

import json
import time
from collections.abc import Callable

from localcloud.emulator import upstream
from localcloud.emulator.alb import groups
from localcloud.emulator.ecs import capacity, controllers, service_deployments, service_rules, state
from localcloud.emulator.ecs.answers import Refused, Request, Response, answering, cluster_of, service_of
from localcloud.emulator.ecs.scheduler import Scheduler, stop
from localcloud.emulator.ecs.state import Record, ServiceKey
from localcloud.emulator.naming import checks as naming_checks
from localcloud.emulator.shifting import checks

# What an UpdateService request may carry besides the properties of a service revision.
_PLAIN_PROPERTIES = (
    "desiredCount",
    "healthCheckGracePeriodSeconds",
    "enableExecuteCommand",
    "enableECSManagedTags",
    "propagateTags",
    "placementConstraints",
    "placementStrategy",
    "availabilityZoneRebalancing",
)
_CIRCUIT_BREAKER_OFF = {"enable": False, "rollback": False}


class ServiceApi:
    """CreateService, UpdateService, DeleteService, StopTask and PutClusterCapacityProviders."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def actions(self) -> dict[str, Callable[[Request], Response]]:
        """Handlers by the operation's name, in the form of MiniStack's action map."""
        operations = {
            "CreateService": self.create_service,
            "UpdateService": self.update_service,
            "DeleteService": self.delete_service,
            "StopTask": self.stop_task,
            "PutClusterCapacityProviders": capacity.put_cluster_capacity_providers,
        }
        return {name: answering(operation) for name, operation in operations.items()}

    # -- services ---------------------------------------------------------------------------------------------

    def create_service(self, request: Request) -> Request:
        """Record the service; its first deployment is IN_PROGRESS until its tasks are healthy."""
        cluster = cluster_of(request)
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
            definition = service_rules.task_definition(str(request.get("taskDefinition") or ""))
            service_rules.create_service(request, definition)
            _check_load_balancers(request.get("loadBalancers") or [], definition)
            checks.gradual(request.get("deploymentConfiguration") or {}, request.get("loadBalancers") or [])
            naming_checks.named(request, definition, cluster["clusterArn"])
            _check_capacity(request.get("capacityProviderStrategy") or [], cluster)
            service = _new_service(request, cluster, definition)
            service_deployments.begin(service, definition)
            naming_checks.tell_of_ports(service, definition)
            upstream.ecs._services[key.key] = service
            if service["tags"]:
                upstream.ecs._tags[service["serviceArn"]] = list(service["tags"])
            upstream.ecs._recount_cluster(cluster["clusterName"])
        self._scheduler.wake()
        return {"service": service}

    def update_service(self, request: Request) -> Request:
        """Change a service; a changed property of its revision, or force, starts a new deployment."""
        _, service = service_of(request)
        with state.LOCK:
            if service["status"] != "ACTIVE":
                raise Refused("ServiceNotActiveException", "Service was not ACTIVE.")
            controllers.check(service, request)
            reference = request.get("taskDefinition")
            definition = service_rules.task_definition(
                str(reference or service["taskDefinition"]), named=bool(reference)
            )
            service_rules.update_service(request, service, definition)
            changes = {
                name: request[name] for name in service_deployments.REVISION_PROPERTIES if name in request
            }
            if reference:
                changes["taskDefinition"] = definition["taskDefinitionArn"]
            if "loadBalancers" in changes or reference:
                _check_load_balancers(changes.get("loadBalancers") or service["loadBalancers"], definition)
            configuration = {
                **service["deploymentConfiguration"],
                **(request.get("deploymentConfiguration") or {}),
            }
            checks.gradual(configuration, changes.get("loadBalancers") or service["loadBalancers"])
            if reference or "serviceConnectConfiguration" in changes:
                connect = {"serviceConnectConfiguration": service.get("serviceConnectConfiguration")}
                naming_checks.named({**connect, **changes}, definition, service["clusterArn"])
            if changes.get("capacityProviderStrategy"):
                service["launchType"] = None
            # API Reference, UpdateService: the strategy "doesn't trigger a new service deployment"; force does.
            starts = {name: value for name, value in changes.items() if name != "capacityProviderStrategy"}
            differs = any(service.get(name) != value for name, value in starts.items())
            service.update(changes)
            service.update({name: request[name] for name in _PLAIN_PROPERTIES if name in request})
            service["deploymentConfiguration"] = configuration
            if "deploymentController" in request:
                service["deploymentController"] = dict(request["deploymentController"])
            service["_steady"] = False
            if differs or request.get("forceNewDeployment"):
                service_deployments.begin(service, definition)
                naming_checks.tell_of_ports(service, definition)
            elif primary := state.primary_of(service):
                primary.update(desiredCount=service["desiredCount"], updatedAt=time.time())
        self._scheduler.wake()
        return {"service": service}

    def delete_service(self, request: Request) -> Request:
        """Drain a service; it is INACTIVE once its tasks have stopped."""
        _, service = service_of(request)
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
        cluster = cluster_of(request)
        task: Record | None = upstream.ecs._resolve_task(
            str(request.get("task") or ""), cluster["clusterName"]
        )
        if task is None:
            raise Refused("InvalidParameterException", "The referenced task was not found.")
        stop(task, reason=str(request.get("reason") or "Task stopped by user"), code="UserInitiated")
        self._scheduler.wake()
        return {"task": task}


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
        if not group.load_balancers:
            raise Refused(
                "InvalidParameterException",
                f"The target group with targetGroupArn {arn} does not have an associated load balancer.",
            )


def _check_capacity(strategy: list[Record], cluster: Record) -> None:
    """ECS takes the capacity providers of the cluster only (the message as in dask/dask-cloudprovider#328)."""
    named = {str(item["capacityProvider"]) for item in strategy}
    if named - {*(cluster.get("capacityProviders") or [])}:
        raise Refused(
            "InvalidParameterException",
            "The specified capacity provider strategy cannot contain a capacity provider that is not associated with "
            "the cluster. Associate the capacity provider with the cluster or specify a valid capacity provider and "
            "try again.",
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
