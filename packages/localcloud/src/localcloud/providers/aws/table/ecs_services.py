"""Amazon ECS: services."""

import json

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, ResourceType, Step
from localcloud.providers.aws.service_rollout import delete_service, read_service, update_service
from localcloud.providers.aws.service_steady import wait_for_steady_state
from localcloud.providers.aws.table.ecs import inactive
from localcloud.providers.aws.table.services import ECS_TAGS
from localcloud.providers.values import Values


def _existing_service(context: Context, inputs: Values) -> str | None:
    request = {"cluster": inputs.get("cluster", "default"), "services": [inputs["name"]]}
    found = context.find_call("DescribeServices", request).get("services")
    return str(found[0]["serviceArn"]) if found and not inactive(found[0]) else None


def _service_defaults(request: Values, inputs: Values) -> None:
    if inputs.get("schedulingStrategy", "REPLICA") != "DAEMON":
        # Terraform sends 0 where nothing is said; AWS would refuse the call.
        request.setdefault("desiredCount", 0)


def _service_differs(values: Values) -> str:
    """What the emulator does otherwise with other controllers than its own, and with what it may not have."""
    controller = _member(values, "deploymentController", "type")
    remarks = []
    if controller == "EXTERNAL":
        remarks.append(
            "task sets of the EXTERNAL controller are not run: the service starts its tasks itself"
        )
    if controller == "CODE_DEPLOY":
        remarks.append("a CODE_DEPLOY deployment gives up after a few failed tasks, where AWS waits an hour")
    if _member(values, "deploymentConfiguration", "lifecycleHooks"):
        remarks.append("lifecycle hooks are asked only where the local cloud has their Lambda function")
    if _member(values, "serviceConnectConfiguration", "services"):
        remarks.append(
            "calls by name go to the tasks themselves: no proxy balances, retries or measures them"
        )
    return "; ".join(remarks)


def _member(values: Values, name: str, member: str) -> object:
    """A member of a structure; None where either is not there or not known yet."""
    structure = values.get(name)
    return structure.get(member) if isinstance(structure, dict) else None


def _service_check(values: Values) -> list[tuple[str, str]]:
    failures = []
    if values.get("launchType") is not None and values.get("capacityProviderStrategies"):
        failures.append(("launchType", "conflicts with 'capacityProviderStrategies': give one of them"))
    if values.get("triggers") and not values.get("forceNewDeployment"):
        failures.append(("triggers", "takes effect only with forceNewDeployment = true"))
    if values.get("desiredCount") is not None and values.get("schedulingStrategy") == "DAEMON":
        failures.append(("desiredCount", "is not allowed with schedulingStrategy DAEMON"))
    return failures


PERCENT = "deploymentConfiguration."

SERVICE = ResourceType(
    type="aws:ecs/service:Service",
    service="ecs",
    create=Operation(name="CreateService", prepare=_service_defaults),
    read=read_service,
    update=(
        Step(
            run=update_service,
            at_create=False,
            properties=frozenset(
                {
                    "alarms",
                    "availabilityZoneRebalancing",
                    "capacityProviderStrategies",
                    "deploymentCircuitBreaker",
                    "deploymentConfiguration",
                    "deploymentController",
                    "deploymentMaximumPercent",
                    "deploymentMinimumHealthyPercent",
                    "desiredCount",
                    "enableEcsManagedTags",
                    "enableExecuteCommand",
                    "forceNewDeployment",
                    "healthCheckGracePeriodSeconds",
                    "loadBalancers",
                    "networkConfiguration",
                    "orderedPlacementStrategies",
                    "placementConstraints",
                    "platformVersion",
                    "propagateTags",
                    "serviceConnectConfiguration",
                    "serviceRegistries",
                    "taskDefinition",
                    "triggers",
                    "volumeConfiguration",
                    "vpcLatticeConfigurations",
                }
            ),
        ),
        Step(run=wait_for_steady_state, always=True),
    ),
    before_delete=delete_service,
    id="service.serviceArn",
    name=Name(prefix=""),
    members={
        "name": "serviceName",
        "iamRole": "role",
        "alarms": f"{PERCENT}alarms",
        "deploymentCircuitBreaker": f"{PERCENT}deploymentCircuitBreaker",
        "deploymentMaximumPercent": f"{PERCENT}maximumPercent",
        "deploymentMinimumHealthyPercent": f"{PERCENT}minimumHealthyPercent",
        "loadBalancers.elbName": "loadBalancerName",
        "networkConfiguration": "networkConfiguration.awsvpcConfiguration",
        "orderedPlacementStrategies": "placementStrategy",
        "serviceConnectConfiguration.services.clientAlias": "clientAliases",
        "serviceConnectConfiguration.services.clientAlias.testTrafficRules.header.value": "value",
        "volumeConfiguration": "volumeConfigurations",
        "volumeConfiguration.managedEbsVolume.fileSystemType": "filesystemType",
        "volumeConfiguration.managedEbsVolume.sizeInGb": "sizeInGiB",
    },
    codecs={
        "networkConfiguration.assignPublicIp": Codec(
            to_wire=lambda value: "ENABLED" if value else "DISABLED",
            from_wire=lambda value: value == "ENABLED",
        ),
        "deploymentConfiguration.lifecycleHooks.hookDetails": Codec(to_wire=json.loads, from_wire=json.dumps),
    },
    sets=frozenset(
        {
            "networkConfiguration.subnets",
            "networkConfiguration.securityGroups",
            "loadBalancers",
            "capacityProviderStrategies",
            "placementConstraints",
            "alarms.alarmNames",
            "vpcLatticeConfigurations",
            "deploymentConfiguration.lifecycleHooks",
        }
    ),
    computed=frozenset(
        {
            "availabilityZoneRebalancing",
            "cluster",
            "deploymentConfiguration",
            "iamRole",
            "launchType",
            "platformVersion",
        }
    ),
    suppressed=frozenset({"alarms", "deploymentCircuitBreaker", "deploymentController"}),
    neutral={"propagateTags": "NONE"},
    defaults={
        "deploymentMaximumPercent": 200,
        "deploymentMinimumHealthyPercent": 100,
        "enableEcsManagedTags": False,
        "enableExecuteCommand": False,
        "schedulingStrategy": "REPLICA",
        "waitForSteadyState": False,
    },
    local=frozenset(
        {"forceDelete", "forceNewDeployment", "sigintRollback", "triggers", "waitForSteadyState"}
    ),
    replace=frozenset({"cluster", "iamRole", "launchType", "name", "schedulingStrategy"}),
    outputs={"arn": "serviceArn", "cluster": "clusterArn"},
    unread=frozenset({"propagateTags", "deploymentController"}),
    differs=_service_differs,
    check=_service_check,
    tags=ECS_TAGS,
    find=_existing_service,
)


TYPES = (SERVICE,)
