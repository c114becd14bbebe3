"""Amazon CloudWatch Logs."""

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, ResourceType, Step
from localcloud.providers.aws.table.services import LOGS_TAGS
from localcloud.providers.values import Values

RETENTION_DAYS = (
    0,
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


def _group(state: Values) -> Values:
    return {"logGroupName": state["id"]}


def _log_group(context: Context, state: Values) -> Values | None:
    """Groups can only be listed by prefix; the tag calls want the ARN without its `:*`."""
    found = context.call("DescribeLogGroups", {"logGroupNamePrefix": state["id"]}).get("logGroups", [])
    exact = [group for group in found if group["logGroupName"] == state["id"]]
    return {**exact[0], "arn": exact[0]["arn"].removesuffix(":*")} if exact else None


def _retention(context: Context, wanted: Values, previous: Values) -> None:
    days = wanted.get("retentionInDays")
    if days:
        context.call("PutRetentionPolicy", {**_group(wanted), "retentionInDays": days})
    elif previous.get("retentionInDays"):
        context.call("DeleteRetentionPolicy", _group(wanted))


def _key(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    if wanted.get("kmsKeyId"):
        context.call("AssociateKmsKey", {**_group(wanted), "kmsKeyId": wanted["kmsKeyId"]})
    else:
        context.call("DisassociateKmsKey", _group(wanted))


def _protection(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    enabled = bool(wanted.get("deletionProtectionEnabled"))
    request = {"logGroupIdentifier": wanted["id"], "deletionProtectionEnabled": enabled}
    context.call("PutLogGroupDeletionProtection", request)


def _check(values: Values) -> list[tuple[str, str]]:
    days = values.get("retentionInDays")
    if isinstance(days, int) and days not in RETENTION_DAYS:
        allowed = ", ".join(map(str, RETENTION_DAYS))
        return [("retentionInDays", f"{days} is not allowed; allowed: {allowed} (0 keeps for ever)")]
    return []


def _delete(context: Context, state: Values) -> None:
    if not state.get("skipDestroy"):
        context.call("DeleteLogGroup", _group(state))


LOG_GROUP = ResourceType(
    type="aws:cloudwatch/logGroup:LogGroup",
    service="logs",
    create=Operation(name="CreateLogGroup"),
    read=_log_group,
    update=(
        Step(run=_retention, properties=frozenset({"retentionInDays"})),
        Step(run=_key, properties=frozenset({"kmsKeyId"}), at_create=False),
        Step(run=_protection, properties=frozenset({"deletionProtectionEnabled"}), at_create=False),
    ),
    before_delete=_delete,
    id=lambda state: str(state["name"]),
    name=Name(maximum=512),
    members={"name": "logGroupName"},
    defaults={"retentionInDays": 0, "skipDestroy": False},
    computed=frozenset({"logGroupClass", "deletionProtectionEnabled"}),
    local=frozenset({"skipDestroy"}),
    replace=frozenset({"name", "logGroupClass"}),
    check=_check,
    tags=LOGS_TAGS,
)

TYPES = (LOG_GROUP,)
