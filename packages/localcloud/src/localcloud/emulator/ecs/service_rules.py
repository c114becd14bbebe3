"""What CreateService, UpdateService and RunTask refuse, besides what concerns one feature.

Rules: Amazon ECS API Reference at the operations. AWS's words: "Network Configuration must be provided when networkMode
'awsvpc' is specified.", "subnets can not be empty." and "Error retrieving … information for […]" from getmoto/moto's
tests/test_ecs (test_service_exceptions, test_run_task_awsvpc_network_error); "Network Configuration is not valid for
the given networkMode of this task definition.", "Task definition does not support launch_type FARGATE.", "Both
maximumPercent and minimumHealthyPercent cannot be 100 …", "Security group … does not appear to belong to the same VPC
…" and "Override for container named …" as users quote them in public repositories. Other words are ours.
"""

import re

from localcloud.emulator import upstream
from localcloud.emulator.ecs import definition_rules
from localcloud.emulator.ecs.answers import Refused, Request
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.vpc import tasks

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
MAX_SUBNETS, MAX_GROUPS = 16, 5
"""API Reference, AwsVpcConfiguration."""
MAX_TASKS = 10
"""API Reference, RunTask: "You can specify up to 10 tasks for each call"."""


def create_service(request: Request, definition: Record | None) -> None:
    """Check a new service.

    Raises:
        Refused: AWS does not take it.
    """
    name = str(request.get("serviceName") or "")
    if not _NAME.fullmatch(name):
        raise _invalid(f"Invalid service name {name!r}: up to 255 letters, digits, hyphens, and underscores.")
    daemon = request.get("schedulingStrategy") == "DAEMON"
    if daemon and _on_fargate(request):
        raise _invalid("The Fargate launch type does not support the DAEMON scheduling strategy.")
    _counts(request)
    if definition is not None:
        _placement(request, definition)


def update_service(request: Request, service: Record, definition: Record) -> None:
    """Check a changed service.

    Args:
        request: UpdateService.
        service: The service as it is.
        definition: What it is to run.

    Raises:
        Refused: AWS does not take it.
    """
    _counts(request)
    if "networkConfiguration" in request or "taskDefinition" in request:
        present = {
            name: service.get(name)
            for name in ("networkConfiguration", "launchType", "capacityProviderStrategy")
        }
        _placement({**present, **request}, definition)


def run_task(request: Request) -> None:
    """Check the tasks that are to run.

    Raises:
        Refused: AWS does not take it.
    """
    count = int(request.get("count", 1))
    if not 1 <= count <= MAX_TASKS:
        raise _invalid(f"count must be from 1 to {MAX_TASKS}, not {count}.")
    definition = task_definition(str(request.get("taskDefinition") or ""))
    names = {container["name"] for container in definition["containerDefinitions"]}
    for override in (request.get("overrides") or {}).get("containerOverrides") or []:
        if override.get("name") not in names:
            raise _invalid(
                f"Override for container named {override.get('name')} is not a container in the TaskDefinition."
            )
    _placement(request, definition)


def task_definition(reference: str, *, named: bool = True) -> Record:
    """A task definition that tasks can be made from.

    Args:
        reference: Family, family and revision, or ARN.
        named: Whether the request names it: a service goes on with its own when that has become INACTIVE (Developer
            Guide, "Deregistering an Amazon ECS task definition revision").

    Raises:
        Refused: ClientException.
    """
    key = upstream.ecs._resolve_td_key(reference)
    definition: Record | None = upstream.ecs._task_defs.get(key) if key else None
    if definition is None:
        raise Refused("ClientException", "TaskDefinition not found.")
    if named and definition["status"] != "ACTIVE":
        raise Refused("ClientException", "TaskDefinition is inactive")
    return definition


def _counts(request: Request) -> None:
    if int(request.get("desiredCount") or 0) < 0:
        raise _invalid("desiredCount must not be negative.")
    configuration = request.get("deploymentConfiguration") or {}
    least, most = configuration.get("minimumHealthyPercent"), configuration.get("maximumPercent")
    if least is not None and not 0 <= least <= 100:
        raise _invalid(f"minimumHealthyPercent must be from 0 to 100, not {least}.")
    if most is not None and not 100 <= most <= 200:
        raise _invalid(f"maximumPercent must be from 100 to 200, not {most}.")
    if least == most == 100:
        raise _invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments."
        )


def _on_fargate(request: Request) -> bool:
    providers = {entry["capacityProvider"] for entry in request.get("capacityProviderStrategy") or []}
    return request.get("launchType") == "FARGATE" or bool(providers & {"FARGATE", "FARGATE_SPOT"})


def _placement(request: Request, definition: Record) -> None:
    if request.get("launchType") == "FARGATE" and not definition_rules.runs_on_fargate(definition):
        raise _invalid("Task definition does not support launch_type FARGATE.")
    network = (request.get("networkConfiguration") or {}).get("awsvpcConfiguration")
    if definition["networkMode"] != "awsvpc":
        if network:
            raise _invalid(
                "Network Configuration is not valid for the given networkMode of this task definition."
            )
        return
    if not network:
        raise _invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    _network(network)


def _network(network: Request) -> None:
    subnets, groups = network.get("subnets") or [], network.get("securityGroups") or []
    if not subnets:
        raise _invalid("subnets can not be empty.")
    if len(subnets) > MAX_SUBNETS or len(groups) > MAX_GROUPS:
        raise _invalid(f"There can be at most {MAX_SUBNETS} subnets and {MAX_GROUPS} security groups.")
    for subnet in subnets:
        if subnet not in upstream.ec2._subnets:
            raise _invalid(
                f"Error retrieving subnet information for [{subnet}]: The subnet ID '{subnet}' does not exist "
                "(ErrorCode: InvalidSubnetID.NotFound)"
            )
    for group in groups:
        if group not in upstream.ec2._security_groups:
            raise _invalid(
                f"Error retrieving security group information for [{group}]: The security group '{group}' does not "
                "exist (ErrorCode: InvalidGroup.NotFound)"
            )
    reason = tasks.refusal({"awsvpcConfiguration": network})
    if reason:
        raise _invalid(reason)


def _invalid(message: str) -> Refused:
    return Refused("InvalidParameterException", message)
