"""AWS CodeDeploy: applications and deployment groups of the blue/green controller."""

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, TagApi
from localcloud.providers.values import Values

TAGS = TagApi(
    keys=lambda state: {"ResourceArn": state["arn"]},
    tag_member="Tags",
    untag_member="TagKeys",
    read="ListTagsForResource",
    read_result="Tags",
    key="Key",
    value="Value",
)


def _arn(kind: str, context: Context, name: str) -> str:
    return f"arn:aws:codedeploy:{context.region}:{context.aws.account_id}:{kind}:{name}"


APPLICATION = ResourceType(
    type="aws:codedeploy/application:Application",
    service="codedeploy",
    create=Operation(name="CreateApplication"),
    read=Read(
        name="GetApplication", keys=lambda state: {"applicationName": state["name"]}, result="application"
    ),
    delete=(Operation(name="DeleteApplication", keys=lambda state: {"applicationName": state["name"]}),),
    id=lambda state: str(state["name"]),
    from_import=lambda id_: {"name": id_.rpartition(":")[2], "id": id_.rpartition(":")[2]},
    name=Name(maximum=100, prefix=""),
    members={"name": "applicationName"},
    defaults={"computePlatform": "Server"},
    replace=frozenset({"name", "computePlatform"}),
    outputs={"arn": lambda context, state, wire: _arn("application", context, state["name"])},  # noqa: ARG005  output rule
    tags=TAGS,
)


def _group(state: Values) -> Values:
    return {"applicationName": state["appName"], "deploymentGroupName": state["deploymentGroupName"]}


def _imported_group(id_: str) -> Values:
    application, name = id_.split(":")
    return {"appName": application, "deploymentGroupName": name}


def _existing_group(context: Context, inputs: Values) -> str | None:
    found = context.find_call("GetDeploymentGroup", _group(inputs)).get("deploymentGroupInfo")
    return str(found["deploymentGroupId"]) if found else None


def _names(items: list[str]) -> list[Values]:
    return [{"name": item} for item in items]


ALARMS = Codec(to_wire=_names, from_wire=lambda items: [item["name"] for item in items])

DEPLOYMENT_GROUP = ResourceType(
    type="aws:codedeploy/deploymentGroup:DeploymentGroup",
    service="codedeploy",
    create=Operation(name="CreateDeploymentGroup"),
    read=Read(name="GetDeploymentGroup", keys=_group, result="deploymentGroupInfo"),
    update=(
        Operation(
            name="UpdateDeploymentGroup",
            keys=lambda state: {
                "applicationName": state["appName"],
                "currentDeploymentGroupName": state["deploymentGroupName"],
            },
            skip=frozenset({"appName", "deploymentGroupName"}),
        ),
    ),
    delete=(Operation(name="DeleteDeploymentGroup", keys=_group),),
    id="deploymentGroupId",
    from_import=_imported_group,
    members={
        "appName": "applicationName",
        "blueGreenDeploymentConfig": "blueGreenDeploymentConfiguration",
        "ec2TagSets": "ec2TagSet.ec2TagSetList",
        "ecsService": "ecsServices",
        "loadBalancerInfo.elbInfos": "elbInfoList",
        "loadBalancerInfo.targetGroupInfos": "targetGroupInfoList",
        "loadBalancerInfo.targetGroupPairInfo": "targetGroupPairInfoList",
    },
    codecs={
        "alarmConfiguration.alarms": ALARMS,
        "ec2TagSets": Codec(to_wire=lambda sets: [item.get("ec2TagFilters", []) for item in sets]),
    },
    sets=frozenset(
        {
            "alarmConfiguration.alarms",
            "autoRollbackConfiguration.events",
            "autoscalingGroups",
            "ec2TagFilters",
            "ec2TagSets",
            "onPremisesInstanceTagFilters",
            "triggerConfigurations",
            "loadBalancerInfo.targetGroupPairInfo.prodTrafficRoute.listenerArns",
        }
    ),
    defaults={
        "deploymentConfigName": "CodeDeployDefault.OneAtATime",
        "outdatedInstancesStrategy": "UPDATE",
        "terminationHookEnabled": False,
    },
    computed=frozenset({"blueGreenDeploymentConfig"}),
    unread=frozenset({"outdatedInstancesStrategy", "terminationHookEnabled"}),
    replace=frozenset({"appName", "deploymentGroupName", "ecsService"}),
    delete_before_replace=True,
    outputs={
        "arn": lambda context, state, wire: _arn(  # noqa: ARG005  the signature of every output rule
            "deploymentgroup", context, f"{state['appName']}/{state['deploymentGroupName']}"
        ),
    },
    tags=TAGS,
    find=_existing_group,
)

TYPES = (APPLICATION, DEPLOYMENT_GROUP)
