"""Amazon EventBridge: rules and their targets."""

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, ResourceType
from localcloud.providers.aws.table.services import by_resource_arn
from localcloud.providers.values import Values

DEFAULT_BUS = "default"


def _bus(state: Values) -> str:
    return str(state.get("eventBusName") or DEFAULT_BUS)


def _rule(state: Values) -> Values:
    return {"Name": state["name"], "EventBusName": _bus(state)}


def _described_rule(context: Context, state: Values) -> Values | None:
    name = state.get("name") or state["id"].rpartition("/")[2]
    found = context.find_call("DescribeRule", {"Name": name, "EventBusName": _bus(state)})
    return found or None


def _rule_check(values: Values) -> list[tuple[str, str]]:
    if values.get("eventPattern") is None and values.get("scheduleExpression") is None:
        return [("eventPattern", "missing: give eventPattern or scheduleExpression")]
    return []


EVENT_RULE = ResourceType(
    type="aws:cloudwatch/eventRule:EventRule",
    service="events",
    create=Operation(name="PutRule"),
    read=_described_rule,
    update=(Operation(name="PutRule", whole=True),),
    delete=(
        Operation(
            name="DeleteRule", keys=lambda state: {**_rule(state), "Force": bool(state.get("forceDestroy"))}
        ),
    ),
    id=lambda state: state["name"] if _bus(state) == DEFAULT_BUS else f"{_bus(state)}/{state['name']}",
    name=Name(maximum=64),
    members={"isEnabled": "State"},
    codecs={
        "isEnabled": Codec(
            to_wire=lambda value: "ENABLED" if value else "DISABLED",
            from_wire=lambda value: value == "ENABLED",
        )
    },
    json=frozenset({"eventPattern"}),
    defaults={"eventBusName": DEFAULT_BUS, "forceDestroy": False},
    computed=frozenset({"state", "isEnabled"}),
    local=frozenset({"forceDestroy"}),
    replace=frozenset({"name", "eventBusName"}),
    check=_rule_check,
    tags=by_resource_arn(),
)


def _described_target(context: Context, state: Values) -> Values | None:
    request = {"Rule": state["rule"], "EventBusName": _bus(state)}
    targets = context.find_call("ListTargetsByRule", request).get("Targets", [])
    return next(({**target, **request} for target in targets if target["Id"] == state["targetId"]), None)


def _target_check(values: Values) -> list[tuple[str, str]]:
    given = [name for name in ("input", "inputPath", "inputTransformer") if values.get(name) is not None]
    return [(given[1], f"conflicts with {given[0]!r}: give one of them")] if len(given) > 1 else []


def _refuse_leftovers(context: Context, state: Values) -> None:
    request = {"Rule": state["rule"], "EventBusName": _bus(state), "Ids": [state["targetId"]]}
    failed = context.find_call("RemoveTargets", request).get("FailedEntries") or []
    if failed:
        raise LocalCloudError(f"RemoveTargets: {failed[0].get('ErrorCode')}: {failed[0].get('ErrorMessage')}")


EVENT_TARGET = ResourceType(
    type="aws:cloudwatch/eventTarget:EventTarget",
    service="events",
    create=Operation(name="PutTargets"),
    read=_described_target,
    update=(Operation(name="PutTargets", whole=True),),
    before_delete=_refuse_leftovers,
    id=lambda state: (
        f"{'' if _bus(state) == DEFAULT_BUS else _bus(state) + '-'}{state['rule']}-{state['targetId']}"
    ),
    body="Targets",
    name=Name(property="targetId", maximum=64, prefix=""),
    members={
        "targetId": "Id",
        "appsyncTarget": "AppSyncParameters",
        "batchTarget": "BatchParameters",
        "batchTarget.arraySize": "ArrayProperties.Size",
        "batchTarget.jobAttempts": "RetryStrategy.Attempts",
        "ecsTarget": "EcsParameters",
        "ecsTarget.networkConfiguration": "NetworkConfiguration.awsvpcConfiguration",
        "ecsTarget.orderedPlacementStrategies": "PlacementStrategy",
        "httpTarget": "HttpParameters",
        "inputTransformer.inputPaths": "InputPathsMap",
        "kinesisTarget": "KinesisParameters",
        "redshiftTarget": "RedshiftDataParameters",
        "redshiftTarget.secretsManagerArn": "SecretManagerArn",
        "runCommandTargets": "RunCommandParameters.RunCommandTargets",
        "sagemakerPipelineTarget": "SageMakerPipelineParameters",
        "sqsTarget": "SqsParameters",
    },
    codecs={
        "ecsTarget.networkConfiguration.assignPublicIp": Codec(
            to_wire=lambda value: "ENABLED" if value else "DISABLED",
            from_wire=lambda value: value == "ENABLED",
        ),
        "ecsTarget.tags": Codec(
            to_wire=lambda tags: [{"key": key, "value": value} for key, value in tags.items()],
            from_wire=lambda tags: {tag["Key"]: tag["Value"] for tag in tags},
        ),
    },
    defaults={"eventBusName": DEFAULT_BUS, "forceDestroy": False},
    local=frozenset({"forceDestroy"}),
    replace=frozenset({"rule", "eventBusName", "targetId"}),
    check=_target_check,
)

TYPES = (EVENT_RULE, EVENT_TARGET)
