"""Amazon ECS: clusters, capacity, task definitions, services."""

import json
from typing import Any

from localcloud.providers.aws.compare import covers
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, Step
from localcloud.providers.aws.service_rollout import delete_service, update_service, wait_for_steady_state
from localcloud.providers.aws.table.services import ECS_TAGS
from localcloud.providers.values import Values


def _inactive(wire: Values) -> bool:
    return wire.get("status") in ("INACTIVE", "DELETE_IN_PROGRESS", "DELETE_COMPLETE")


def _existing_cluster(context: Context, inputs: Values) -> str | None:
    found = context.find_call("DescribeClusters", {"clusters": [inputs["name"]]}).get("clusters")
    return str(found[0]["clusterArn"]) if found and not _inactive(found[0]) else None


CLUSTER = ResourceType(
    type="aws:ecs/cluster:Cluster",
    service="ecs",
    create=Operation(name="CreateCluster"),
    read=Read(
        name="DescribeClusters",
        keys=lambda state: {"clusters": [state["id"]], "include": ["SETTINGS", "CONFIGURATIONS", "TAGS"]},
        result="clusters[0]",
        gone=_inactive,
    ),
    update=(Operation(name="UpdateCluster", keys=lambda state: {"cluster": state["id"]}),),
    delete=(Operation(name="DeleteCluster", keys=lambda state: {"cluster": state["id"]}),),
    id="cluster.clusterArn",
    name=Name(prefix=""),
    members={
        "name": "clusterName",
        "configuration.executeCommandConfiguration.logConfiguration.s3BucketEncryptionEnabled": "s3EncryptionEnabled",
    },
    outputs={"arn": "clusterArn"},
    sets=frozenset({"settings"}),
    computed=frozenset({"settings"}),
    replace=frozenset({"name"}),
    tags=ECS_TAGS,
    find=_existing_cluster,
)


def _detach_capacity(context: Context, state: Values) -> None:
    context.find_call(
        "PutClusterCapacityProviders",
        {"cluster": state["id"], "capacityProviders": [], "defaultCapacityProviderStrategy": []},
    )


def _capacity(request: Values, inputs: Values) -> None:  # noqa: ARG001  the signature of every prepare
    request.setdefault("capacityProviders", [])
    request.setdefault("defaultCapacityProviderStrategy", [])


CLUSTER_CAPACITY_PROVIDERS = ResourceType(
    type="aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    service="ecs",
    create=Operation(name="PutClusterCapacityProviders", prepare=_capacity),
    read=Read(
        name="DescribeClusters",
        keys=lambda state: {"clusters": [state["id"]]},
        result="clusters[0]",
        gone=_inactive,
    ),
    update=(Operation(name="PutClusterCapacityProviders", whole=True, prepare=_capacity),),
    before_delete=_detach_capacity,
    id=lambda state: str(state["clusterName"]),
    members={"clusterName": "cluster"},
    sets=frozenset({"capacityProviders", "defaultCapacityProviderStrategies"}),
    replace=frozenset({"clusterName"}),
    unread=frozenset({"clusterName"}),
)


def _normal_container(container: Any) -> Any:
    """A container definition without what ECS fills in by itself (Terraform: `containerDefinitions.reduce`)."""
    if not isinstance(container, dict):
        return container
    defaults: Values = {"essential": True, "cpu": 0}
    kept = {
        key: item
        for key, item in container.items()
        if item not in ([], {}, None, "") and defaults.get(key) != item
    }
    for name in ("environment", "secrets"):
        if isinstance(kept.get(name), list):
            kept[name] = sorted(kept[name], key=lambda pair: str(pair.get("name")))
    for mapping in kept.get("portMappings", []):
        mapping.setdefault("protocol", "tcp")
        if not mapping.get("hostPort"):
            mapping["hostPort"] = mapping.get("containerPort")
    return kept


def same_containers(old: Any, new: Any) -> bool:
    """Whether two container definition documents make ECS run the same."""
    try:
        documents = [json.loads(text) for text in (old, new)]
    except (TypeError, ValueError):
        return False
    first, second = (
        [_normal_container(item) for item in document] if isinstance(document, list) else document
        for document in documents
    )
    return bool(first == second)


def _containers_check(values: Values) -> list[tuple[str, str]]:
    text = values.get("containerDefinitions")
    if not isinstance(text, str):
        return []
    document = json.loads(text)
    if not isinstance(document, list) or not document:
        return [("containerDefinitions", "must be a JSON list with at least one container")]
    return []


def _same_definition(context: Context, inputs: Values) -> str | None:
    """The newest revision of the family, when an interrupted run registered it from these very inputs."""
    described = context.find_call("DescribeTaskDefinition", {"taskDefinition": inputs["family"]}).get(
        "taskDefinition"
    )
    if not described or _inactive(described):
        return None
    plain = {
        name: inputs[name] for name in ("cpu", "memory", "executionRoleArn", "taskRoleArn") if name in inputs
    }
    same_rest = covers(TASK_DEFINITION, described, plain, "")
    containers = json.dumps(described["containerDefinitions"])
    return (
        inputs["family"]
        if same_rest and same_containers(containers, inputs["containerDefinitions"])
        else None
    )


def _deregister(context: Context, state: Values) -> None:
    if not state.get("skipDestroy"):
        context.find_call("DeregisterTaskDefinition", {"taskDefinition": state["arn"]})


def _without_revision(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  an output rule
    arn: str = wire["taskDefinitionArn"]
    return arn.rpartition(":")[0]


TASK_DEFINITION = ResourceType(
    type="aws:ecs/taskDefinition:TaskDefinition",
    service="ecs",
    create=Operation(name="RegisterTaskDefinition"),
    read=Read(
        name="DescribeTaskDefinition",
        keys=lambda state: {
            "taskDefinition": state["family"]
            if state.get("trackLatest")
            else state.get("arn") or state.get("family") or state["id"],
            "include": ["TAGS"],
        },
        result="merge(taskDefinition, {tags: tags})",
        gone=_inactive,
    ),
    before_delete=_deregister,
    id=lambda state: str(state["family"]),
    from_create={"arn": "taskDefinition.taskDefinitionArn"},
    outputs={
        "arn": "taskDefinitionArn",
        "arnWithoutRevision": _without_revision,
    },
    members={"volumes.hostPath": "host.sourcePath", "volumes.configureAtLaunch": "configuredAtLaunch"},
    codecs={
        "proxyConfiguration.properties": Codec(
            to_wire=lambda pairs: [{"name": name, "value": value} for name, value in pairs.items()],
            from_wire=lambda pairs: {pair["name"]: pair["value"] for pair in pairs},
        )
    },
    json=frozenset({"containerDefinitions"}),
    equal={"containerDefinitions": same_containers},
    sets=frozenset({"requiresCompatibilities", "placementConstraints", "volumes"}),
    computed=frozenset({"networkMode", "enableFaultInjection"}),
    local=frozenset({"skipDestroy", "trackLatest"}),
    replace=frozenset(
        {
            "containerDefinitions",
            "cpu",
            "enableFaultInjection",
            "ephemeralStorage",
            "executionRoleArn",
            "family",
            "ipcMode",
            "memory",
            "networkMode",
            "pidMode",
            "placementConstraints",
            "proxyConfiguration",
            "requiresCompatibilities",
            "runtimePlatform",
            "taskRoleArn",
            "volumes",
        }
    ),
    check=_containers_check,
    tags=ECS_TAGS,
    find=_same_definition,
)


def _existing_service(context: Context, inputs: Values) -> str | None:
    request = {"cluster": inputs.get("cluster", "default"), "services": [inputs["name"]]}
    found = context.find_call("DescribeServices", request).get("services")
    return str(found[0]["serviceArn"]) if found and not _inactive(found[0]) else None


def _service_defaults(request: Values, inputs: Values) -> None:
    if inputs.get("schedulingStrategy", "REPLICA") != "DAEMON":
        # Terraform sends 0 where nothing is said; AWS would refuse the call.
        request.setdefault("desiredCount", 0)


def _service_differs(values: Values) -> str:
    """What the emulator's scheduler, which only rolls, does with other strategies and controllers."""
    strategy = str((values.get("deploymentConfiguration") or {}).get("strategy") or "ROLLING")
    controller = str((values.get("deploymentController") or {}).get("type") or "ECS")
    if controller != "ECS":
        return f"deployments of the {controller} controller are not run: the first tasks are started, no shift follows"
    if strategy != "ROLLING":
        return f"deployed by a rolling update: the {strategy} strategy's traffic shift, bake time and hooks do not run"
    return ""


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
    read=Read(
        name="DescribeServices",
        keys=lambda state: {
            "cluster": state.get("cluster") or state["id"].split("/")[-2],
            "services": [state["id"]],
            "include": ["TAGS"],
        },
        result="services[0]",
        gone=_inactive,
    ),
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

TYPES = (CLUSTER, CLUSTER_CAPACITY_PROVIDERS, TASK_DEFINITION, SERVICE)
