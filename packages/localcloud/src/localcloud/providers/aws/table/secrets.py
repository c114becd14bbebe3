"""AWS Secrets Manager."""

from localcloud.providers.aws.compare import same_policy
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, ResourceType, Step, TagApi
from localcloud.providers.values import Values


def _secret(state: Values) -> Values:
    return {"SecretId": state["id"]}


def _resource_policy(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    if wanted.get("policy"):
        context.call("PutResourcePolicy", {**_secret(wanted), "ResourcePolicy": wanted["policy"]})
    else:
        context.find_call("DeleteResourcePolicy", _secret(wanted))


def _replicas(context: Context, wanted: Values, previous: Values) -> None:
    now = {item["region"]: item for item in wanted.get("replicas") or []}
    before = {item["region"] for item in previous.get("replicas") or []}
    gone = sorted(before - now.keys())
    if gone:
        context.call("RemoveRegionsFromReplication", {**_secret(wanted), "RemoveReplicaRegions": gone})
    new = [
        {"Region": region, **({"KmsKeyId": item["kmsKeyId"]} if item.get("kmsKeyId") else {})}
        for region, item in now.items()
        if region not in before
    ]
    if new:
        context.call("ReplicateSecretToRegions", {**_secret(wanted), "AddReplicaRegions": new})


def _delete_secret(context: Context, state: Values) -> None:
    days = state.get("recoveryWindowInDays", 30)
    window = {"RecoveryWindowInDays": days} if days else {"ForceDeleteWithoutRecovery": True}
    context.call("DeleteSecret", {**_secret(state), **window})


def _described_secret(context: Context, state: Values) -> Values | None:
    found = context.find_call("DescribeSecret", _secret(state))
    if not found or found.get("DeletedDate"):
        return None
    policy = context.find_call("GetResourcePolicy", _secret(state)).get("ResourcePolicy")
    return {**found, "Policy": policy}


def _existing_secret(context: Context, inputs: Values) -> str | None:
    found = context.find_call("DescribeSecret", {"SecretId": inputs["name"]})
    return str(found["ARN"]) if found and not found.get("DeletedDate") else None


def _window_check(values: Values) -> list[tuple[str, str]]:
    days = values.get("recoveryWindowInDays")
    if isinstance(days, int) and days != 0 and not 7 <= days <= 30:
        return [("recoveryWindowInDays", f"{days} is not allowed; allowed: 0 (delete at once) or 7 to 30")]
    return []


SECRET = ResourceType(
    type="aws:secretsmanager/secret:Secret",
    service="secretsmanager",
    create=Operation(name="CreateSecret", skip=frozenset({"replicas"})),
    read=_described_secret,
    update=(
        Operation(name="UpdateSecret", keys=_secret, only=frozenset({"description", "kmsKeyId"})),
        Step(run=_resource_policy, properties=frozenset({"policy"})),
        Step(run=_replicas, properties=frozenset({"replicas"})),
    ),
    before_delete=_delete_secret,
    id="ARN",
    name=Name(maximum=512),
    json=frozenset({"policy"}),
    equal={"policy": same_policy},
    sets=frozenset({"replicas"}),
    defaults={"recoveryWindowInDays": 30, "forceOverwriteReplicaSecret": False},
    computed=frozenset({"policy", "replicas", "type"}),
    local=frozenset({"recoveryWindowInDays"}),
    replace=frozenset({"name", "type", "forceOverwriteReplicaSecret"}),
    unread=frozenset({"forceOverwriteReplicaSecret"}),
    check=_window_check,
    tags=TagApi(
        member="Tags",
        keys=_secret,
        tag_member="Tags",
        untag_member="TagKeys",
        read_result="Tags",
        key="Key",
        value="Value",
    ),
    find=_existing_secret,
)


def _version_check(values: Values) -> list[tuple[str, str]]:
    names = ("secretString", "secretBinary", "secretStringWo")
    given = [name for name in names if values.get(name) is not None]
    return (
        []
        if len(given) <= 1
        else [(given[1], f"conflicts with {given[0]!r}: give one of {', '.join(names)}")]
    )


def _write_only(request: Values, inputs: Values) -> None:
    if inputs.get("secretStringWo") is not None:
        request["SecretString"] = inputs["secretStringWo"]


def _same_version(context: Context, inputs: Values) -> str | None:
    """The current version, when it already has this value."""
    found = context.find_call("GetSecretValue", {"SecretId": inputs["secretId"]})
    wanted = inputs.get("secretString") or inputs.get("secretStringWo")
    return (
        f"{inputs['secretId']}|{found['VersionId']}"
        if found and found.get("SecretString") == wanted
        else None
    )


def _version(context: Context, state: Values) -> Values | None:
    secret, _, version = state["id"].rpartition("|")
    found = context.find_call("GetSecretValue", {"SecretId": secret, "VersionId": version})
    return {**found, "SecretArn": found["ARN"]} if found else None


SECRET_VERSION = ResourceType(
    type="aws:secretsmanager/secretVersion:SecretVersion",
    service="secretsmanager",
    create=Operation(
        name="PutSecretValue",
        only=frozenset({"secretId", "secretBinary", "secretString", "secretStringWo", "versionStages"}),
        prepare=_write_only,
    ),
    read=_version,
    resolve_id=lambda context, inputs, response: f"{inputs['secretId']}|{response['VersionId']}",  # noqa: ARG005
    computed=frozenset({"versionStages"}),
    sets=frozenset({"versionStages"}),
    local=frozenset({"secretStringWoVersion"}),
    unread=frozenset({"secretId", "versionStages", "secretStringWo", "secretBinary"}),
    replace=frozenset(
        {
            "secretId",
            "secretBinary",
            "secretString",
            "secretStringWo",
            "secretStringWoVersion",
            "versionStages",
        }
    ),
    secrets=frozenset({"secretBinary", "secretString", "secretStringWo"}),
    outputs={
        "arn": "ARN",
        "secretArn": "ARN",
        "hasSecretStringWo": lambda context, state, wire: state.get("secretStringWo") is not None,  # noqa: ARG005
    },
    check=_version_check,
    find=_same_version,
)


TYPES = (
    SECRET,
    SECRET_VERSION,
)
