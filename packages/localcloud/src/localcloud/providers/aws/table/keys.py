"""AWS KMS keys and aliases."""

from localcloud.providers.aws.compare import same_policy
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Name, Operation, ResourceType, Step, TagApi
from localcloud.providers.aws.tagging import CREATED_AS
from localcloud.providers.values import Values


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


TYPES = (
    KEY,
    ALIAS,
)
