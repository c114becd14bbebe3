"""The wire protocol of CodeDeploy: JSON 1.1, one operation per `X-Amz-Target`; what ECS deployments need of it."""

import time
from collections.abc import Callable, Mapping

from localcloud.emulator import upstream
from localcloud.emulator.codedeploy import deployments, listings
from localcloud.emulator.codedeploy.model import Region, Store
from localcloud.emulator.ecs import rollback, service_deployments, state
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.json_api import Operations, Refused, Request
from localcloud.emulator.resetting import on_reset

# "If you don't specify one": API Reference, CreateDeploymentGroup, and the guide's table of predefined configurations.
DEFAULTS = {
    "ECS": "CodeDeployDefault.ECSAllAtOnce",
    "Lambda": "CodeDeployDefault.LambdaAllAtOnce",
    "Server": "CodeDeployDefault.OneAtATime",
}


class CodeDeployApi:
    """CodeDeploy's operations on the ECS compute platform.

    Args:
        wake: Called when the service scheduler has something to look at.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._store = Store()
        on_reset(self._store.regions.clear)
        self._wake = wake
        self._operations: Mapping[str, Callable[[Region, Request], Request]] = {
            **listings.operations(),
            "CreateApplication": self._create_application,
            "UpdateApplication": self._update_application,
            "GetApplication": lambda region, request: {
                "application": region.application(request["applicationName"])
            },
            "DeleteApplication": self._delete_application,
            "CreateDeploymentGroup": self._create_group,
            "GetDeploymentGroup": lambda region, request: {
                "deploymentGroupInfo": region.group(
                    request["applicationName"], request["deploymentGroupName"]
                )
            },
            "UpdateDeploymentGroup": self._update_group,
            "DeleteDeploymentGroup": self._delete_group,
            "CreateDeploymentConfig": self._create_configuration,
            "GetDeploymentConfig": lambda region, request: {
                "deploymentConfigInfo": region.configuration(request["deploymentConfigName"])
            },
            "DeleteDeploymentConfig": self._delete_configuration,
            "CreateDeployment": self._create_deployment,
            "GetDeployment": lambda region, request: {
                "deploymentInfo": deployments.describe(region.deployment(request["deploymentId"]))
            },
            "StopDeployment": self._stop_deployment,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": lambda region, request: {
                "Tags": [
                    {"Key": key, "Value": value}
                    for key, value in region.tags.get(request["ResourceArn"], {}).items()
                ]
            },
        }

    def operations(self) -> Operations:
        """Handlers by the operation's name."""
        return {name: self._guarded(operation) for name, operation in self._operations.items()}

    def _guarded(self, operation: Callable[[Region, Request], Request]) -> Callable[[Request], Request]:
        def answer(request: Request) -> Request:
            with state.LOCK:
                return operation(self._store.here(), request)

        return answer

    # -- applications and groups ------------------------------------------------------------------------------

    def _create_application(self, region: Region, request: Request) -> Request:
        name = request["applicationName"]
        if name in region.applications:
            raise Refused(
                "ApplicationAlreadyExistsException", f"Application already exists with name: {name}"
            )
        region.applications[name] = {
            "applicationId": upstream.responses.new_uuid(),
            "applicationName": name,
            "createTime": time.time(),
            "linkedToGitHub": False,
            "computePlatform": request.get("computePlatform") or "Server",
        }
        _store_tags(region, _arn("application", name), request.get("tags") or [])
        return {"applicationId": region.applications[name]["applicationId"]}

    def _update_application(self, region: Region, request: Request) -> Request:
        """Rename an application; its groups and deployments go with it."""
        name, renamed = request.get("applicationName"), request.get("newApplicationName")
        application = region.application(name)
        if not renamed or renamed == name:
            return {}
        if renamed in region.applications:
            raise Refused(
                "ApplicationAlreadyExistsException", f"Application already exists with name: {renamed}"
            )
        region.applications[renamed] = region.applications.pop(str(name))
        application["applicationName"] = renamed
        for key in [key for key in region.groups if key[0] == name]:
            region.groups[renamed, key[1]] = region.groups.pop(key)
            region.groups[renamed, key[1]]["applicationName"] = renamed
        for deployment in region.deployments.values():
            if deployment["applicationName"] == name:
                deployment["applicationName"] = renamed
        tags = region.tags.pop(_arn("application", str(name)), None)
        if tags:
            region.tags[_arn("application", renamed)] = tags
        return {}

    def _delete_application(self, region: Region, request: Request) -> Request:
        name = request["applicationName"]
        region.applications.pop(name, None)
        for key in [key for key in region.groups if key[0] == name]:
            del region.groups[key]
        return {}

    def _create_group(self, region: Region, request: Request) -> Request:
        application, name = request["applicationName"], request["deploymentGroupName"]
        platform = region.application(application)["computePlatform"]
        if (application, name) in region.groups:
            raise Refused(
                "DeploymentGroupAlreadyExistsException", f"Deployment group already exists with name: {name}"
            )
        group: Record = {
            "deploymentConfigName": DEFAULTS[platform],
            **{key: value for key, value in request.items() if key != "tags"},
            "deploymentGroupId": upstream.responses.new_uuid(),
            "computePlatform": platform,
        }
        region.configuration(group["deploymentConfigName"])
        region.groups[application, name] = group
        _store_tags(region, _arn("deploymentgroup", f"{application}/{name}"), request.get("tags") or [])
        return {"deploymentGroupId": group["deploymentGroupId"]}

    def _update_group(self, region: Region, request: Request) -> Request:
        application, name = request["applicationName"], request["currentDeploymentGroupName"]
        group = region.group(application, name)
        region.configuration(request.get("deploymentConfigName") or group["deploymentConfigName"])
        renamed = request.get("newDeploymentGroupName") or name
        named = {"currentDeploymentGroupName", "newDeploymentGroupName", "applicationName"}
        group.update({key: value for key, value in request.items() if key not in named})
        group["deploymentGroupName"] = renamed
        region.groups[application, renamed] = region.groups.pop((application, name))
        return {"hooksNotCleanedUp": []}

    def _delete_group(self, region: Region, request: Request) -> Request:
        region.groups.pop((request["applicationName"], request["deploymentGroupName"]), None)
        return {"hooksNotCleanedUp": []}

    def _create_configuration(self, region: Region, request: Request) -> Request:
        name = request["deploymentConfigName"]
        if request.get("computePlatform") != "ECS" or not request.get("trafficRoutingConfig"):
            raise Refused(
                "InvalidComputePlatformException", "The local cloud deploys with computePlatform ECS only"
            )
        identifier = upstream.responses.new_uuid()
        region.configurations[name] = {**request, "deploymentConfigId": identifier, "createTime": time.time()}
        return {"deploymentConfigId": identifier}

    def _delete_configuration(self, region: Region, request: Request) -> Request:
        region.configurations.pop(request["deploymentConfigName"], None)
        return {}

    # -- deployments ------------------------------------------------------------------------------------------

    def _create_deployment(self, region: Region, request: Request) -> Request:
        deployment = deployments.start(region, request)
        self._wake()
        return {"deploymentId": deployment["deploymentId"]}

    def _stop_deployment(self, region: Region, request: Request) -> Request:
        deployment = region.deployment(request["deploymentId"])
        record, service = deployments.running(deployment), deployment["_service"].record()
        if record is None or record["status"] not in service_deployments.RUNNING:
            raise Refused("DeploymentAlreadyCompletedException", "The deployment has already ended")
        primary = state.primary_of(service)
        deployments.stop(deployment)
        if primary is not None:
            rollback.fail(
                service,
                primary,
                reason="CodeDeploy deployment stopped by user.",
                event="deployment stopped by user.",
                rolled_back="Deployment rolled back because of a stop request.",
                stopped="Deployment stopped because of a stop request.",
                roll_back=True,
            )
        self._wake()
        return {"status": "Succeeded", "statusMessage": "The deployment is being stopped"}

    # -- tags -------------------------------------------------------------------------------------------------

    def _tag(self, region: Region, request: Request) -> Request:
        _store_tags(region, request["ResourceArn"], request["Tags"])
        return {}

    def _untag(self, region: Region, request: Request) -> Request:
        tags = region.tags.get(request["ResourceArn"], {})
        for key in request["TagKeys"]:
            tags.pop(key, None)
        return {}


def _arn(kind: str, name: str) -> str:
    region, account = upstream.responses.get_region(), upstream.responses.get_account_id()
    return f"arn:aws:codedeploy:{region}:{account}:{kind}:{name}"


def _store_tags(region: Region, arn: str, tags: list[Mapping[str, str]]) -> None:
    region.tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})
