"""Services that CodeDeploy deploys: start its deployment of what the program registered, and follow it to its end.

The program may not change the task definition, the network, the capacity or the load balancer of such a service: ECS
refuses that from anybody but CodeDeploy (Amazon ECS API Reference, UpdateService). After an update the new revision is
registered, its component says what else belongs to it, and nothing runs it yet.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from automation.engines import CloudResource
from automation.images import AskedService, asked_services
from automation.target import Target
from infra.deployments.asking import LostContact, patiently

_GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"
_COMPONENT = ":CodeDeployment"
_ENDED = {"Succeeded", "Failed", "Stopped"}
_POLL_SECONDS = 2.0
_ON_DEMAND = [{"CapacityProvider": "FARGATE", "Base": 0, "Weight": 1}]
# Longer than any configuration of AWS takes to move the traffic; old tasks may be kept for two days after that.
TIMEOUT_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True)
class Group:
    """A deployment group and the service it deploys.

    Args:
        application: Name of the CodeDeploy application.
        name: Name of the deployment group.
        cluster: Name of the ECS cluster.
        service: The service and the task definition it is to run.
        revision: Properties of the AppSpec's target service, as the program has written them.
    """

    application: str
    name: str
    cluster: str
    service: AskedService
    revision: Mapping[str, Any]


def deploy(
    target: Target, resources: Iterable[CloudResource], report: Callable[[str], object]
) -> dict[str, str]:
    """Deploy what CodeDeploy has to, one service after the other.

    Args:
        target: The cloud.
        resources: The stack's resources.
        report: Called with a line whenever a deployment's status changes.

    Returns:
        Why deployments failed, by the name of the ECS service.
    """
    problems = {}
    for group in _groups(list(resources)):
        described = target.ecs.describe_services(cluster=group.cluster, services=[group.service.name])[
            "services"
        ]
        properties = _to_deploy(group, described[0]) if described else None
        if properties is None:
            continue
        problem = _deploy(target.client("codedeploy"), group, properties, report)
        if problem:
            problems[group.service.name] = problem
    return problems


def _groups(resources: list[CloudResource]) -> Iterator[Group]:
    asked = {service.name: service for service in asked_services(resources)}
    revisions = {
        item.name: item.outputs.get("revision") or {} for item in resources if item.type.endswith(_COMPONENT)
    }
    for item in resources:
        named = item.outputs.get("ecsService") or {}
        service = asked.get(str(named.get("serviceName"))) if item.type == _GROUP else None
        if service is not None:
            yield Group(
                application=str(item.outputs["appName"]),
                name=str(item.outputs["deploymentGroupName"]),
                cluster=str(named["clusterName"]),
                service=service,
                revision=revisions.get(item.name, {}),
            )


def _to_deploy(group: Group, service: Any) -> dict[str, Any] | None:
    """Properties of the AppSpec's target service; None where its primary task set is already what they say."""
    sets = service.get("taskSets") or []
    primary: Any = next((item for item in sets if item.get("status") == "PRIMARY"), {})
    running = {**service, **{name: value for name, value in primary.items() if value}}
    now = _as_revision(running)
    wanted = {**now, **group.revision, "TaskDefinition": group.service.task_definition}
    if (
        _comparable(wanted.get("CapacityProviderStrategy")) == _ON_DEMAND
        and "CapacityProviderStrategy" not in now
    ):
        del wanted["CapacityProviderStrategy"]  # what a launch type means
    return None if _comparable(wanted) == _comparable(now) else wanted


def _as_revision(running: Any) -> dict[str, Any]:
    """What a task set runs, as properties of an AppSpec's target service."""
    balancer = (running.get("loadBalancers") or [{}])[0]
    network = (running.get("networkConfiguration") or {}).get("awsvpcConfiguration") or {}
    found: dict[str, Any] = {
        "TaskDefinition": str(running.get("taskDefinition", "")),
        "LoadBalancerInfo": {
            "ContainerName": balancer.get("containerName"),
            "ContainerPort": balancer.get("containerPort"),
        },
    }
    if network:
        found["NetworkConfiguration"] = {
            "AwsvpcConfiguration": {
                "Subnets": list(network.get("subnets") or []),
                "SecurityGroups": list(network.get("securityGroups") or []),
                "AssignPublicIp": network.get("assignPublicIp", "DISABLED"),
            }
        }
    if running.get("capacityProviderStrategy"):
        found["CapacityProviderStrategy"] = [
            {
                "CapacityProvider": item["capacityProvider"],
                "Base": item.get("base", 0),
                "Weight": item.get("weight", 0),
            }
            for item in running["capacityProviderStrategy"]
        ]
    return found


def _comparable(value: Any) -> Any:
    """A value whose lists have an order, and whose numbers one type: Pulumi's state has only floating ones."""
    if isinstance(value, Mapping):
        return {key: _comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((_comparable(item) for item in value), key=repr)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _deploy(client: Any, group: Group, properties: Mapping[str, Any], report: Callable[[str], object]) -> str:
    """Start and follow one deployment; returns why it failed."""
    target = {"Type": "AWS::ECS::Service", "Properties": _comparable(properties)}
    content = {"version": 0.0, "Resources": [{"TargetService": target}]}
    try:
        started = client.create_deployment(
            applicationName=group.application,
            deploymentGroupName=group.name,
            revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(content)}},
        )
    except ClientError as error:
        return f"CodeDeploy did not start a deployment: {error.response['Error']['Message']}"
    return _follow(client, group, started["deploymentId"], report)


def _follow(client: Any, group: Group, deployment: str, report: Callable[[str], object]) -> str:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    said = ""
    while True:
        try:
            info = patiently(lambda: client.get_deployment(deploymentId=deployment), report=report)[
                "deploymentInfo"
            ]
        except LostContact as lost:
            return f"CodeDeploy deployment {deployment} goes on out of sight: {lost}; last seen: {said or 'nothing'}"
        named = f"CodeDeploy deployment {deployment} ({info['deploymentConfigName']})"
        line = f"{group.service.key}: {named}: {info['status']}"
        if line != said:
            report(line)
            said = line
        if info["status"] in _ENDED:
            why = info.get("errorInformation") or {}
            failed = f"CodeDeploy deployment {deployment}: {why.get('code')}: {why.get('message')}"
            return "" if info["status"] == "Succeeded" else failed
        if time.monotonic() > deadline:
            return (
                f"CodeDeploy deployment {deployment} is still {info['status']} after {TIMEOUT_SECONDS:.0f} s"
            )
        time.sleep(_POLL_SECONDS)
