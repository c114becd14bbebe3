"""What of CodeDeploy only reads: lists, and many things asked for at once.

Limits and errors: AWS CodeDeploy API Reference, at the operations.
"""

from collections.abc import Callable, Mapping, Sequence

from localcloud.emulator import paging
from localcloud.emulator.codedeploy import deployments
from localcloud.emulator.codedeploy.model import AWS_CONFIGURATIONS, Region
from localcloud.emulator.json_api import Refused, Request

PAGE = 100
Answer = Callable[[Region, Request], Request]


def operations() -> Mapping[str, Answer]:
    """Handlers by the operation's name."""
    return {
        "ListApplications": lambda region, request: _page(
            request, "applications", sorted(region.applications)
        ),
        "BatchGetApplications": lambda region, request: {
            "applicationsInfo": [
                region.application(name) for name in _batch(request, "applicationNames", 100)
            ]
        },
        "ListDeploymentGroups": _groups,
        "BatchGetDeploymentGroups": lambda region, request: {
            "deploymentGroupsInfo": [
                region.group(request["applicationName"], name)
                for name in _batch(request, "deploymentGroupNames", 100)
            ]
        },
        "ListDeploymentConfigs": lambda region, request: _page(
            request, "deploymentConfigsList", sorted({*AWS_CONFIGURATIONS, *region.configurations})
        ),
        "ListDeployments": _deployments,
        "BatchGetDeployments": lambda region, request: {
            "deploymentsInfo": [
                deployments.describe(region.deployment(name)) for name in _batch(request, "deploymentIds", 25)
            ]
        },
    }


def _groups(region: Region, request: Request) -> Request:
    """The names of an application's deployment groups; of one that is not there none (getmoto/moto)."""
    name = str(request["applicationName"])
    found = sorted(group for application, group in region.groups if application == name)
    return {"applicationName": name, **_page(request, "deploymentGroups", found)}


def _deployments(region: Region, request: Request) -> Request:
    """Ids, newest first; filtered by application and group, which go together, and by status."""
    application, group = request.get("applicationName"), request.get("deploymentGroupName")
    if application and not group:
        raise Refused("DeploymentGroupNameRequiredException", "Deployment Group name is missing")
    if group and not application:
        raise Refused("ApplicationNameRequiredException", "Application name is missing")
    if application:
        region.group(application, group)
    found = []
    for deployment in reversed(list(region.deployments.values())):
        of_group = (deployment["applicationName"], deployment["deploymentGroupName"])
        status = deployments.describe(deployment)["status"]
        statuses = request.get("includeOnlyStatuses") or [status]
        if (not application or of_group == (application, group)) and status in statuses:
            found.append(str(deployment["deploymentId"]))
    return _page(request, "deployments", found)


def _batch(request: Request, member: str, most: int) -> Sequence[str]:
    names: Sequence[str] = request[member]
    if len(names) > most:
        raise Refused("BatchLimitExceededException", f"The maximum number of {member} is {most}")
    return names


def _page(request: Request, member: str, found: Sequence[str]) -> Request:
    try:
        entries, following = paging.page(found, size=PAGE, token=request.get("nextToken"))
    except paging.UnknownTokenError:
        raise Refused("InvalidNextTokenException", "The next token is not valid") from None
    return {member: entries, "nextToken": following}
