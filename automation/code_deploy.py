"""Services that CodeDeploy deploys: start its deployment of what the program registered, and follow it to its end.

The program may not change the task definition of such a service: ECS refuses that from anybody but CodeDeploy (Amazon
ECS Developer Guide, "CodeDeploy blue/green deployments"). After an update the new revision is registered, and nothing
runs it yet.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from automation.engines import CloudResource
from automation.images import AskedService, asked_services
from automation.target import Target

_GROUP = "aws:codedeploy/deploymentGroup:DeploymentGroup"
_ENDED = {"Succeeded", "Failed", "Stopped"}
_POLL_SECONDS = 2.0
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
    """

    application: str
    name: str
    cluster: str
    service: AskedService


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
        if not described or _running(described[0]) == group.service.task_definition:
            continue
        problem = _deploy(target.client("codedeploy"), group, described[0]["loadBalancers"][0], report)
        if problem:
            problems[group.service.name] = problem
    return problems


def _groups(resources: list[CloudResource]) -> Iterator[Group]:
    asked = {service.name: service for service in asked_services(resources)}
    for item in resources:
        named = item.outputs.get("ecsService") or {}
        service = asked.get(str(named.get("serviceName"))) if item.type == _GROUP else None
        if service is not None:
            yield Group(
                application=str(item.outputs["appName"]),
                name=str(item.outputs["deploymentGroupName"]),
                cluster=str(named["clusterName"]),
                service=service,
            )


def _running(service: Any) -> str:
    sets = service.get("taskSets") or []
    primary = next((item for item in sets if item.get("status") == "PRIMARY"), service)
    return str(primary.get("taskDefinition", ""))


def _deploy(client: Any, group: Group, balancer: Any, report: Callable[[str], object]) -> str:
    """Start and follow one deployment; returns why it failed."""
    content = {
        "version": 0.0,
        "Resources": [
            {
                "TargetService": {
                    "Type": "AWS::ECS::Service",
                    "Properties": {
                        "TaskDefinition": group.service.task_definition,
                        "LoadBalancerInfo": {
                            "ContainerName": balancer["containerName"],
                            "ContainerPort": balancer["containerPort"],
                        },
                    },
                }
            }
        ],
    }
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
        info = client.get_deployment(deploymentId=deployment)["deploymentInfo"]
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
