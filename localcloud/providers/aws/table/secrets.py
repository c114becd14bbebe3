"""AWS Secrets Manager, SSM parameters, KMS keys."""

from localcloud.providers.aws.compare import same_policy
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, ResourceType, Step, TagApi
from localcloud.providers.aws.tagging import CREATED_AS
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
        "hasSecretStringWo": lambda context, state, wire: state.get("secretStringWo") is not None,  # noqa: ARG005
    },
    check=_version_check,
    find=_same_version,
)


def _value(request: Values, inputs: Values) -> None:
    for name in ("insecureValue", "valueWo"):
        if inputs.get(name) is not None:
            request["Value"] = inputs[name]


def _overwrite(request: Values, inputs: Values) -> None:
    _value(request, inputs)
    request["Overwrite"] = True


def _parameter(context: Context, state: Values) -> Values | None:
    found = context.find_call("GetParameter", {"Name": state["id"], "WithDecryption": True}).get("Parameter")
    if not found:
        return None
    filters = [{"Key": "Name", "Option": "Equals", "Values": [state["id"]]}]
    described = context.call("DescribeParameters", {"ParameterFilters": filters}).get("Parameters") or [{}]
    return {
        **described[0],
        **found,
        **({"InsecureValue": found["Value"]} if state.get("insecureValue") else {}),
    }


def _parameter_check(values: Values) -> list[tuple[str, str]]:
    names = ("value", "insecureValue", "valueWo")
    given = [name for name in names if values.get(name) is not None]
    if len(given) != 1:
        return [(given[1] if given else "value", f"give exactly one of {', '.join(names)}")]
    if given == ["insecureValue"] and values.get("type") == "SecureString":
        return [("insecureValue", "is not allowed with type SecureString: give 'value'")]
    return []


SENT = frozenset(
    {
        "name",
        "type",
        "allowedPattern",
        "dataType",
        "description",
        "insecureValue",
        "keyId",
        "tier",
        "value",
        "valueWo",
    }
)

PARAMETER = ResourceType(
    type="aws:ssm/parameter:Parameter",
    service="ssm",
    create=Operation(name="PutParameter", only=SENT | {"overwrite"}, prepare=_value),
    read=_parameter,
    update=(Operation(name="PutParameter", only=SENT | {"overwrite"}, whole=True, prepare=_overwrite),),
    delete=(Operation(name="DeleteParameter", keys=lambda state: {"Name": state["id"]}),),
    id=lambda state: str(state["name"]),
    name=Name(maximum=2048, prefix=""),
    computed=frozenset({"arn", "dataType", "insecureValue", "keyId", "tier", "value"}),
    local=frozenset({"valueWoVersion", "arn"}),
    unread=frozenset({"overwrite", "valueWo"}),
    replace=frozenset({"name", "type", "valueWoVersion"}),
    volatile=frozenset({"version"}),
    secrets=frozenset({"value", "valueWo"}),
    outputs={
        "arn": "ARN",
        "hasValueWo": lambda context, state, wire: state.get("valueWo") is not None,  # noqa: ARG005  output rule
    },
    check=_parameter_check,
    tags=TagApi(
        member="Tags",
        tag="AddTagsToResource",
        untag="RemoveTagsFromResource",
        keys=lambda state: {"ResourceType": "Parameter", "ResourceId": state["id"]},
        tag_member="Tags",
        untag_member="TagKeys",
        read="ListTagsForResource",
        read_result="TagList",
        key="Key",
        value="Value",
    ),
)


def _kms_key(state: Values) -> Values:
    return {"KeyId": state["id"]}


def _key_policy(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    if wanted.get("policy"):
        bypass = bool(wanted.get("bypassPolicyLockoutSafetyCheck"))
        request = {**_kms_key(wanted), "PolicyName": "default", "Policy": wanted["policy"]}
        context.call("PutKeyPolicy", {**request, "BypassPolicyLockoutSafetyCheck": bypass})


def _rotation(context: Context, wanted: Values, previous: Values) -> None:
    if wanted.get("enableKeyRotation"):
        days = wanted.get("rotationPeriodInDays")
        context.call(
            "EnableKeyRotation", {**_kms_key(wanted), **({"RotationPeriodInDays": days} if days else {})}
        )
    elif previous.get("enableKeyRotation"):
        context.call("DisableKeyRotation", _kms_key(wanted))


def _enabled(context: Context, wanted: Values, previous: Values) -> None:
    if wanted.get("isEnabled", True) != previous.get("isEnabled", True):
        context.call("EnableKey" if wanted.get("isEnabled", True) else "DisableKey", _kms_key(wanted))


def _described_key(context: Context, state: Values) -> Values | None:
    found = context.find_call("DescribeKey", _kms_key(state)).get("KeyMetadata")
    if not found or found.get("KeyState") == "PendingDeletion":
        return None
    rotation = context.find_call("GetKeyRotationStatus", _kms_key(state))
    policy = context.find_call("GetKeyPolicy", {**_kms_key(state), "PolicyName": "default"}).get("Policy")
    return {
        **found,
        "EnableKeyRotation": rotation.get("KeyRotationEnabled"),
        "RotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        "Policy": policy,
        "IsEnabled": found.get("Enabled"),
    }


def _existing_key(context: Context, inputs: Values) -> str | None:  # noqa: ARG001  the signature of every find rule
    for key in context.call("ListKeys", {}).get("Keys", []):
        tags = context.find_call("ListResourceTags", {"KeyId": key["KeyId"]}).get("Tags", [])
        marked = any((tag["TagKey"], tag["TagValue"]) == (CREATED_AS, context.fingerprint) for tag in tags)
        if marked and _described_key(context, {"id": key["KeyId"]}) is not None:
            return str(key["KeyId"])
    return None


KEY = ResourceType(
    type="aws:kms/key:Key",
    service="kms",
    create=Operation(name="CreateKey"),
    read=_described_key,
    update=(
        Operation(name="UpdateKeyDescription", keys=_kms_key, only=frozenset({"description"})),
        Step(
            run=_key_policy,
            properties=frozenset({"policy", "bypassPolicyLockoutSafetyCheck"}),
            at_create=False,
        ),
        Step(run=_rotation, properties=frozenset({"enableKeyRotation", "rotationPeriodInDays"})),
        Step(run=_enabled, properties=frozenset({"isEnabled"})),
    ),
    delete=(
        Operation(
            name="ScheduleKeyDeletion",
            keys=lambda state: {
                **_kms_key(state),
                "PendingWindowInDays": state.get("deletionWindowInDays") or 30,
            },
        ),
    ),
    id="KeyMetadata.KeyId",
    json=frozenset({"policy"}),
    equal={"policy": same_policy},
    defaults={
        "bypassPolicyLockoutSafetyCheck": False,
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "enableKeyRotation": False,
        "isEnabled": True,
        "keyUsage": "ENCRYPT_DECRYPT",
    },
    computed=frozenset({"description", "multiRegion", "policy", "rotationPeriodInDays"}),
    local=frozenset({"deletionWindowInDays"}),
    unread=frozenset({"bypassPolicyLockoutSafetyCheck"}),
    replace=frozenset({"customKeyStoreId", "customerMasterKeySpec", "keyUsage", "multiRegion", "xksKeyId"}),
    tags=TagApi(
        member="Tags",
        keys=_kms_key,
        tag_member="Tags",
        untag_member="TagKeys",
        read="ListResourceTags",
        read_result="Tags",
        key="TagKey",
        value="TagValue",
        marked=True,
    ),
    find=_existing_key,
)


def _alias(context: Context, state: Values) -> Values | None:
    found = context.aws.pages("kms", "ListAliases", {}, "Aliases")
    return next((item for item in found if item["AliasName"] == state["id"]), None)


def _target_key_arn(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  the signature of every output rule
    return f"arn:aws:kms:{context.region}:{context.aws.account_id}:key/{wire.get('TargetKeyId')}"


def _alias_check(values: Values) -> list[tuple[str, str]]:
    name = values.get("name")
    if isinstance(name, str) and not name.startswith("alias/"):
        return [("name", f"{name!r} is not allowed: it must start with 'alias/'")]
    return []


ALIAS = ResourceType(
    type="aws:kms/alias:Alias",
    service="kms",
    create=Operation(name="CreateAlias"),
    read=_alias,
    update=(
        Operation(
            name="UpdateAlias", keys=lambda state: {"AliasName": state["id"]}, only=frozenset({"targetKeyId"})
        ),
    ),
    delete=(Operation(name="DeleteAlias", keys=lambda state: {"AliasName": state["id"]}),),
    id=lambda state: str(state["name"]),
    name=Name(maximum=256, lead="alias/"),
    members={"name": "AliasName"},
    # The program may name the key by its ARN, AWS describes it by its id.
    equal={"targetKeyId": lambda old, new: str(old).rpartition("/")[2] == str(new).rpartition("/")[2]},
    replace=frozenset({"name"}),
    outputs={"arn": "AliasArn", "targetKeyArn": _target_key_arn},
    check=_alias_check,
)

TYPES = (SECRET, SECRET_VERSION, PARAMETER, KEY, ALIAS)
