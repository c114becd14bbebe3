"""Application Auto Scaling: what scales an ECS service."""

from localcloud.providers.aws.resource_type import Name, Operation, Read, ResourceType, TagApi
from localcloud.providers.values import Values

IDENTITY = frozenset({"resourceId", "scalableDimension", "serviceNamespace"})


def _target(state: Values) -> Values:
    return {
        "ServiceNamespace": state["serviceNamespace"],
        "ResourceId": state["resourceId"],
        "ScalableDimension": state["scalableDimension"],
    }


def _scaled(id_: str) -> list[str]:
    """Namespace, resource, dimension, and for a policy its name: `service-namespace/resource-id/…`.

    Raises:
        ValueError: It is none.
    """
    # A resource id has slashes itself, as in `service/<cluster>/<service>` (terraform-provider-aws, appautoscaling).
    namespace, *resource, dimension = id_.split("/")
    name = ""
    if ":" not in dimension and resource:
        *resource, dimension, name = [*resource, dimension]
    if not resource or ":" not in dimension:
        raise ValueError(id_)
    return [namespace, "/".join(resource), dimension, name]


def _imported_target(id_: str) -> Values:
    namespace, resource, dimension, _ = _scaled(id_)
    identity = {"serviceNamespace": namespace, "resourceId": resource, "scalableDimension": dimension}
    return {**identity, "id": resource}


def _imported_policy(id_: str) -> Values:
    name = _scaled(id_)[3]
    if not name:
        raise ValueError(id_)
    return {**_imported_target(id_), "name": name, "id": name}


def _capacity_check(values: Values) -> list[tuple[str, str]]:
    low, high = values.get("minCapacity"), values.get("maxCapacity")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        return [("minCapacity", f"{low} is not allowed: it is more than maxCapacity ({high})")]
    return []


TARGET = ResourceType(
    type="aws:appautoscaling/target:Target",
    service="application-autoscaling",
    create=Operation(name="RegisterScalableTarget"),
    read=Read(
        name="DescribeScalableTargets",
        keys=lambda state: {
            "ServiceNamespace": state["serviceNamespace"],
            "ResourceIds": [state["resourceId"]],
            "ScalableDimension": state["scalableDimension"],
        },
        result="ScalableTargets[0]",
    ),
    update=(
        Operation(
            name="RegisterScalableTarget",
            keys=_target,
            only=frozenset({"maxCapacity", "minCapacity", "roleArn", "suspendedState"}),
        ),
    ),
    delete=(Operation(name="DeregisterScalableTarget", keys=_target),),
    id=lambda state: str(state["resourceId"]),
    from_import=_imported_target,
    computed=frozenset({"roleArn", "suspendedState"}),
    replace=IDENTITY,
    outputs={"arn": "ScalableTargetARN"},
    check=_capacity_check,
    tags=TagApi(
        member="Tags",
        keys=lambda state: {"ResourceARN": state["arn"]},
        tag_member="Tags",
        untag_member="TagKeys",
        read="ListTagsForResource",
        read_result="Tags",
        key="",
    ),
)


def _policy_check(values: Values) -> list[tuple[str, str]]:
    wanted = {
        "StepScaling": "stepScalingPolicyConfiguration",
        "TargetTrackingScaling": "targetTrackingScalingPolicyConfiguration",
        "PredictiveScaling": "predictiveScalingPolicyConfiguration",
    }
    policy_type = values["policyType"]
    name = wanted.get(policy_type) if isinstance(policy_type, str) else None
    if name is not None and values.get(name) is None:
        return [(name, f"missing: policyType {policy_type} needs it")]
    return []


def _policy_differs(values: Values) -> str:
    predictive = values.get("policyType") == "PredictiveScaling"
    return "the forecast is not made: nothing scales by it" if predictive else ""


POLICY = ResourceType(
    type="aws:appautoscaling/policy:Policy",
    service="application-autoscaling",
    create=Operation(name="PutScalingPolicy"),
    read=Read(
        name="DescribeScalingPolicies",
        keys=lambda state: {**_target(state), "PolicyNames": [state["name"]]},
        result="ScalingPolicies[0]",
    ),
    update=(Operation(name="PutScalingPolicy", whole=True),),
    delete=(
        Operation(
            name="DeleteScalingPolicy", keys=lambda state: {**_target(state), "PolicyName": state["name"]}
        ),
    ),
    id=lambda state: str(state["name"]),
    from_import=_imported_policy,
    name=Name(maximum=256, prefix=""),
    members={"name": "PolicyName"},
    sets=frozenset({"stepScalingPolicyConfiguration.stepAdjustments"}),
    defaults={"policyType": "StepScaling"},
    replace=IDENTITY | {"name", "policyType"},
    outputs={"arn": "PolicyARN", "alarmArns": "Alarms[].AlarmARN"},
    check=_policy_check,
    differs=_policy_differs,
)

SCHEDULED_ACTION = ResourceType(
    type="aws:appautoscaling/scheduledAction:ScheduledAction",
    service="application-autoscaling",
    create=Operation(name="PutScheduledAction"),
    read=Read(
        name="DescribeScheduledActions",
        keys=lambda state: {**_target(state), "ScheduledActionNames": [state["name"]]},
        result="ScheduledActions[0]",
    ),
    update=(Operation(name="PutScheduledAction", whole=True),),
    delete=(
        Operation(
            name="DeleteScheduledAction",
            keys=lambda state: {**_target(state), "ScheduledActionName": state["name"]},
        ),
    ),
    id=lambda state: f"{state['name']}-{state['serviceNamespace']}-{state['resourceId']}",
    name=Name(maximum=256, prefix=""),
    members={"name": "ScheduledActionName"},
    defaults={"timezone": "UTC"},
    unread=frozenset({"startTime", "endTime"}),
    replace=IDENTITY | {"name"},
    outputs={"arn": "ScheduledActionARN"},
)

TYPES = (TARGET, POLICY, SCHEDULED_ACTION)
