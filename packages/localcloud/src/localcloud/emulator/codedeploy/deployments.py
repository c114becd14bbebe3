"""From a CodeDeploy deployment to a traffic shift of the service scheduler, and back to CodeDeploy's words.

Rules: CodeDeploy User Guide, "Deployments on an Amazon ECS compute platform" and "AppSpec 'resources' section".
CodeDeploy waits an hour for tasks that do not come up; here the circuit breaker's threshold ends the wait.
"""

import secrets
import string
import time
from collections.abc import Mapping
from typing import Any

import yaml

from localcloud.emulator import upstream
from localcloud.emulator.alb import groups
from localcloud.emulator.alb.model import STORE
from localcloud.emulator.codedeploy.model import Region
from localcloud.emulator.ecs import service_deployments, state, telling
from localcloud.emulator.ecs.state import Record, ServiceKey
from localcloud.emulator.json_api import Refused

CONTROLLER = "CODE_DEPLOY"


def start(region: Region, request: Mapping[str, Any]) -> Record:
    """Begin a deployment; in the request's scope and with the records' lock held.

    Raises:
        Refused: The group, its service, its target groups or the AppSpec does not allow it.
    """
    region.application(request.get("applicationName"))
    if not request.get("deploymentGroupName"):
        raise Refused("DeploymentGroupNameRequiredException", "Deployment Group name is missing")
    group = region.group(request.get("applicationName"), request.get("deploymentGroupName"))
    if group["computePlatform"] != "ECS":
        # Not AWS's words: there are neither servers nor traffic-shifted functions here.
        raise Refused(
            "InvalidComputePlatformException",
            f"The local cloud deploys to the compute platform ECS only, not to {group['computePlatform']}.",
        )
    key, service = _service(group)
    current = service["_service_deployments"][0]
    if current["status"] in service_deployments.RUNNING:
        raise Refused(
            "DeploymentLimitExceededException",
            f"The Deployment Group '{group['deploymentGroupName']}' already has an active Deployment.",
        )
    properties = _target_service(request.get("revision") or {})
    reference = str(properties.get("TaskDefinition") or "")
    found = upstream.ecs._resolve_td_key(reference)
    definition = upstream.ecs._task_defs.get(found) if found else None
    if definition is None or definition["status"] != "ACTIVE":
        raise Refused(
            "InvalidRevisionException", f"The task definition {reference!r} is not there or not ACTIVE"
        )
    name = str(request.get("deploymentConfigName") or group["deploymentConfigName"])
    configuration = _configuration(region.configuration(name), group)
    balancers = [_routed(entry, properties, definition) for entry in _balancers(group, service)]
    service.update(_task_set(properties), taskDefinition=definition["taskDefinitionArn"])
    deployment = service_deployments.begin(
        service, definition, configuration=configuration, balancers=balancers
    )
    identifier = "d-" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(9))
    record = service["_service_deployments"][0]
    record[telling.FROM_CODE_DEPLOY] = {
        "application": group["applicationName"],
        "deploymentGroup": group["deploymentGroupName"],
        "deploymentId": identifier,
        "instanceGroupId": group["deploymentGroupId"],
    }
    telling.began(service, record)
    region.deployments[identifier] = {
        "applicationName": group["applicationName"],
        "deploymentGroupName": group["deploymentGroupName"],
        "deploymentConfigName": name,
        "deploymentId": identifier,
        "revision": request["revision"],
        "createTime": time.time(),
        "startTime": time.time(),
        "creator": "user",
        "computePlatform": "ECS",
        "description": str(request.get("description") or ""),
        "deploymentStyle": group["deploymentStyle"],
        "_service": key,
        "_service_deployment": deployment["_service_deployment"],
    }
    return region.deployments[identifier]


def describe(deployment: Record) -> Record:
    """A deployment with its status, read from the service deployment it became."""
    shown = {name: value for name, value in deployment.items() if not name.startswith("_")}
    record = running(deployment)
    status = record["status"] if record else "STOPPED"
    shown["status"] = {
        "SUCCESSFUL": "Succeeded",
        "STOPPED": "Stopped",
        "ROLLBACK_SUCCESSFUL": "Failed",
        "ROLLBACK_FAILED": "Failed",
    }.get(status, "InProgress")
    if record and shown["status"] in {"Failed", "Stopped"}:
        shown["status"] = "Stopped" if telling.is_stopped(record) else "Failed"
    if record and "finishedAt" in record:
        shown["completeTime"] = record["finishedAt"]
    if record and shown["status"] in {"Failed", "Stopped"}:
        alarmed = (record.get("alarms") or {}).get("triggeredAlarmNames")
        code = (
            "ALARM_ACTIVE"
            if alarmed
            else "MANUAL_STOP"
            if record.get(telling.STOPPED)
            else "HEALTH_CONSTRAINTS"
        )
        shown["errorInformation"] = {"code": code, "message": record.get("statusReason") or "stopped"}
    return shown


def running(deployment: Record) -> Record | None:
    """The service deployment of a deployment; None when its service is gone."""
    service = deployment["_service"].record()
    arn = deployment["_service_deployment"]
    entries = service["_service_deployments"] if service else []
    return next((entry for entry in entries if entry["serviceDeploymentArn"] == arn), None)


def _service(group: Record) -> tuple[ServiceKey, Record]:
    named = (group.get("ecsServices") or [{}])[0]
    key = ServiceKey(
        upstream.responses.get_account_id(),
        upstream.responses.get_region(),
        f"{named.get('clusterName')}/{named.get('serviceName')}",
    )
    service = key.record()
    if service is None or service["status"] != "ACTIVE":
        raise Refused("InvalidECSServiceException", f"The ECS service {key.key} does not exist")
    if service["deploymentController"].get("type") != CONTROLLER:
        raise Refused(
            "InvalidECSServiceException",
            f"The service {key.key} must be configured for a {CONTROLLER} deployment controller",
        )
    return key, service


def _target_service(revision: Mapping[str, Any]) -> Mapping[str, Any]:
    """The properties of the AppSpec's one target service; JSON and YAML are both AppSpecs."""
    content = (revision.get("appSpecContent") or revision.get("string") or {}).get("content")
    try:
        document = yaml.safe_load(content or "")
        [resource] = document["Resources"]
        properties = resource["TargetService"]["Properties"]
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise Refused(
            "InvalidRevisionException", "The AppSpec needs exactly one Resources[].TargetService.Properties"
        ) from error
    return dict(properties)


def _routed(balancer: Record, properties: Mapping[str, Any], definition: Mapping[str, Any]) -> Record:
    """A load balancer with the AppSpec's container and port, which the task definition must have."""
    wanted = properties.get("LoadBalancerInfo") or {}
    name, port = wanted.get("ContainerName"), wanted.get("ContainerPort")
    ports = {
        (entry["name"], mapping["containerPort"])
        for entry in definition["containerDefinitions"]
        for mapping in entry.get("portMappings") or []
    }
    if (name, port) not in ports:
        raise Refused(
            "InvalidRevisionException",
            f"The task definition has no container {name!r} with a port {port} that LoadBalancerInfo could mean",
        )
    return {**balancer, "containerName": name, "containerPort": port}


def _task_set(properties: Mapping[str, Any]) -> Record:
    """What else the AppSpec says about the new task set, as ECS writes it; what it leaves out stays."""
    found: Record = {}
    network = (properties.get("NetworkConfiguration") or {}).get("AwsvpcConfiguration")
    if network:
        names = {"Subnets": "subnets", "SecurityGroups": "securityGroups", "AssignPublicIp": "assignPublicIp"}
        inner = {kept: network[name] for name, kept in names.items() if name in network}
        found["networkConfiguration"] = {"awsvpcConfiguration": inner}
    if properties.get("PlatformVersion"):
        found["platformVersion"] = properties["PlatformVersion"]
    if properties.get("CapacityProviderStrategy"):
        names = {"CapacityProvider": "capacityProvider", "Base": "base", "Weight": "weight"}
        found["capacityProviderStrategy"] = [
            {kept: item[name] for name, kept in names.items() if name in item}
            for item in properties["CapacityProviderStrategy"]
        ]
        found["launchType"] = None
    return found


def _configuration(config: Mapping[str, Any], group: Record) -> dict[str, Any]:
    """CodeDeploy's settings in the form of an ECS deployment configuration."""
    routing = config["trafficRoutingConfig"]
    blue = (group.get("blueGreenDeploymentConfiguration") or {}).get(
        "terminateBlueInstancesOnDeploymentSuccess"
    ) or {}
    alarms = group.get("alarmConfiguration") or {}
    names = [alarm["name"] for alarm in alarms.get("alarms") or []]
    back = bool((group.get("autoRollbackConfiguration") or {}).get("enabled"))
    shared = {
        "bakeTimeInMinutes": blue.get("terminationWaitTimeInMinutes", 0),
        "deploymentCircuitBreaker": {"enable": True, "rollback": back},
        "alarms": {"alarmNames": names, "enable": bool(alarms.get("enabled") and names), "rollback": back},
    }
    if routing["type"] == "TimeBasedCanary":
        canary = routing["timeBasedCanary"]
        steps = {
            "canaryPercent": canary["canaryPercentage"],
            "canaryBakeTimeInMinutes": canary["canaryInterval"],
        }
        return {"strategy": "CANARY", "canaryConfiguration": steps, **shared}
    if routing["type"] == "TimeBasedLinear":
        linear = routing["timeBasedLinear"]
        steps = {"stepPercent": linear["linearPercentage"], "stepBakeTimeInMinutes": linear["linearInterval"]}
        return {"strategy": "LINEAR", "linearConfiguration": steps, **shared}
    return {"strategy": "BLUE_GREEN", **shared}


def _balancers(group: Record, service: Record) -> list[Record]:
    """The service's load balancer with both target groups of the pair and the rules that forward to them."""
    pair = ((group.get("loadBalancerInfo") or {}).get("targetGroupPairInfoList") or [{}])[0]
    named = {entry["name"] for entry in pair.get("targetGroups") or []}
    arns = [known.arn for known in STORE.here().target_groups.values() if known.name in named]
    [balancer] = service["loadBalancers"]
    live = balancer["targetGroupArn"]
    others = [arn for arn in arns if arn != live]
    if len(others) != 1 or groups.find(live) is None:
        raise Refused(
            "InvalidLoadBalancerInfoException", "The deployment group needs the service's two target groups"
        )
    advanced = {
        "alternateTargetGroupArn": others[0],
        "productionListenerRule": _rules(pair.get("prodTrafficRoute"), {live, others[0]}),
        "testListenerRule": _rules(pair.get("testTrafficRoute"), {live, others[0]}),
    }
    kept = {name: value for name, value in advanced.items() if value}
    return [{**balancer, "advancedConfiguration": kept}]


def _rules(route: Mapping[str, Any] | None, wanted: set[str]) -> list[str]:
    """The rules of the route's listeners that forward to one of the target groups."""
    listeners = set((route or {}).get("listenerArns") or [])
    return [
        rule.arn
        for rule in STORE.here().rules.values()
        if rule.listener in listeners and rule.target_groups() & wanted
    ]


def stop(deployment: Record) -> None:
    """Mark a deployment that runs as stopped by hand."""
    record = running(deployment)
    if record is not None:
        with state.LOCK:
            record[telling.STOPPED] = "user"
