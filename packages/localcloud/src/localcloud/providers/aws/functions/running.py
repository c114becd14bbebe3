"""What runs: load balancing and ECS services as the real provider's data sources describe them.

Nested blocks of Terraform are lists in Pulumi, also where there can be only one of them.
"""

from collections.abc import Mapping
from typing import Any

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws
from localcloud.providers.aws.functions.lookup import Function, Lookup
from localcloud.providers.aws.table.services import ECS_TAGS
from localcloud.providers.values import Values


def resources(aws: Aws, arguments: Values) -> Values:
    """`aws.resourcegroupstaggingapi.get_resources`: what carries tags; an empty list where nothing does."""
    request: Values = {
        "TagFilters": [
            {"Key": item["key"], **({"Values": item["values"]} if item.get("values") else {})}
            for item in arguments.get("tagFilters") or []
        ]
    }
    for name, member in (
        ("resourceTypeFilters", "ResourceTypeFilters"),
        ("resourceArnLists", "ResourceARNList"),
    ):
        if arguments.get(name):
            request[member] = arguments[name]
    found = aws.pages("resourcegroupstaggingapi", "GetResources", request, "ResourceTagMappingList")
    return {
        **arguments,
        "id": "aws",
        "resourceTagMappingLists": [
            {
                "resourceArn": item["ResourceARN"],
                "tags": {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])},
                "complianceDetails": [],
            }
            for item in found
        ],
        "region": aws.region,
    }


GET_LISTENER = Lookup(
    function="aws:lb/getListener:getListener",
    service="elbv2",
    operation="DescribeListeners",
    result="Listeners",
    noun="listener",
    id="ListenerArn",
    request=lambda arguments: (
        {"ListenerArns": [arguments["arn"]]}
        if arguments.get("arn")
        else {"LoadBalancerArn": arguments["loadBalancerArn"]}
    ),
    matches=lambda arguments, wire: arguments.get("port") in {None, wire["Port"]},
    outputs={"arn": "ListenerArn"},
)


def listener_rule(aws: Aws, arguments: Values) -> Values:
    """`aws.lb.get_listener_rule`: a rule by ARN, or by its listener and priority.

    Raises:
        LocalCloudError: there is none.
    """
    by = (
        {"RuleArns": [arguments["arn"]]}
        if arguments.get("arn")
        else {"ListenerArn": arguments["listenerArn"]}
    )
    wanted = arguments.get("priority")
    rules = aws.pages("elbv2", "DescribeRules", by, "Rules")
    found = [rule for rule in rules if wanted is None or rule["Priority"] == str(wanted)]
    if not found:
        raise LocalCloudError("couldn't find resource")
    [rule] = found
    return {
        **arguments,
        "id": rule["RuleArn"],
        "arn": rule["RuleArn"],
        # Not described by AWS; the real provider derives it from the rule's ARN as well.
        "listenerArn": rule["RuleArn"].rpartition("/")[0].replace(":listener-rule/", ":listener/"),
        "priority": 0 if rule["Priority"] == "default" else int(rule["Priority"]),
        "actions": [_action(action) for action in rule.get("Actions", [])],
        "conditions": [_condition(condition) for condition in rule.get("Conditions", [])],
        "region": aws.region,
    }


def _action(action: Values) -> Values:
    groups = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    shown: Values = {"type": action["Type"], "order": action.get("Order", 1)}
    if groups:
        pairs = [{"arn": item["TargetGroupArn"], "weight": item.get("Weight", 1)} for item in groups]
        shown["forwards"] = [{"targetGroups": pairs, "stickinesses": []}]
    return shown


def _condition(condition: Values) -> Values:
    names = {
        "HostHeaderConfig": "hostHeaders",
        "PathPatternConfig": "pathPatterns",
        "SourceIpConfig": "sourceIps",
        "HttpRequestMethodConfig": "httpRequestMethods",
    }
    return {
        shown: [{"values": condition[member]["Values"], "regexValues": []}]
        for member, shown in names.items()
        if condition.get(member)
    }


def _balancers(aws: Aws, result: Values, wire: Values) -> list[Values]:  # noqa: ARG001  output rule
    return [
        {
            "containerName": entry["containerName"],
            "containerPort": entry["containerPort"],
            "elbName": entry.get("loadBalancerName", ""),
            "targetGroupArn": entry.get("targetGroupArn", ""),
            "advancedConfigurations": _one(
                entry.get("advancedConfiguration"),
                ("alternateTargetGroupArn", "productionListenerRule", "testListenerRule", "roleArn"),
            ),
        }
        for entry in wire.get("loadBalancers") or []
    ]


def _one(structure: Mapping[str, Any] | None, members: tuple[str, ...]) -> list[Values]:
    """A structure as a list of one, with an empty text for what it does not have; an empty list for none."""
    return [{name: structure.get(name, "") for name in members}] if structure else []


def _configuration(aws: Aws, result: Values, wire: Values) -> list[Values]:  # noqa: ARG001  output rule
    found = wire.get("deploymentConfiguration") or {}
    return [
        {
            "strategy": found.get("strategy", ""),
            "bakeTimeInMinutes": str(found.get("bakeTimeInMinutes", "")),
            "maximumPercent": found.get("maximumPercent", 0),
            "minimumHealthyPercent": found.get("minimumHealthyPercent", 0),
            "alarms": [],
            "canaryConfigurations": [],
            "deploymentCircuitBreakers": [],
            "lifecycleHooks": [],
            "linearConfigurations": [],
        }
    ]


def _deployments(aws: Aws, result: Values, wire: Values) -> list[Values]:  # noqa: ARG001  output rule
    names = ("id", "status", "taskDefinition", "desiredCount", "pendingCount", "runningCount")
    return [{name: item[name] for name in names} for item in wire.get("deployments") or []]


def _events(aws: Aws, result: Values, wire: Values) -> list[Values]:  # noqa: ARG001  output rule
    return [
        {"id": item["id"], "createdAt": str(item["createdAt"]), "message": item["message"]}
        for item in wire.get("events") or []
    ]


GET_SERVICE = Lookup(
    function="aws:ecs/getService:getService",
    service="ecs",
    operation="DescribeServices",
    result="services[?status=='ACTIVE']",
    noun="service",
    id="serviceArn",
    request=lambda arguments: {
        "cluster": arguments["clusterArn"],
        "services": [arguments["serviceName"]],
        "include": ["TAGS"],
    },
    outputs={
        "arn": "serviceArn",
        "capacityProviderStrategies": "capacityProviderStrategy || `[]`",
        "deploymentConfigurations": _configuration,
        "deploymentControllers": "[deploymentController]",
        "deployments": _deployments,
        "desiredCount": "desiredCount",
        "events": _events,
        "loadBalancers": _balancers,
        "networkConfigurations": "[]",
        "orderedPlacementStrategies": "[]",
        "taskDefinition": "taskDefinition",
        "taskSets": "[]",
    },
    tags=ECS_TAGS,
)

FUNCTIONS: Mapping[str, Function] = {
    GET_LISTENER.function: GET_LISTENER,
    GET_SERVICE.function: GET_SERVICE,
    "aws:lb/getListenerRule:getListenerRule": listener_rule,
    "aws:resourcegroupstaggingapi/getResources:getResources": resources,
}
