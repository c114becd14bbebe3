"""AWS IAM: roles, policies and what binds them."""

from urllib.parse import unquote

from localcloud.providers.aws.compare import same_policy
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.services import POLICY_TAGS, ROLE_TAGS
from localcloud.providers.values import Values


def _text(document: object) -> object:
    """IAM describes documents URL-encoded; botocore decodes some of them into objects."""
    return unquote(document) if isinstance(document, str) else document


def _role(state: Values) -> Values:
    return {"RoleName": state["id"]}


def _inline_policies(context: Context, wanted: Values, previous: Values) -> None:
    """Make the role's inline policies those of the (deprecated) `inlinePolicies` property."""
    names = {item["name"] for item in wanted.get("inlinePolicies") or []}
    for item in previous.get("inlinePolicies") or []:
        if item["name"] not in names:
            context.find_call("DeleteRolePolicy", {**_role(wanted), "PolicyName": item["name"]})
    for item in wanted.get("inlinePolicies") or []:
        request = {**_role(wanted), "PolicyName": item["name"], "PolicyDocument": item["policy"]}
        context.call("PutRolePolicy", request)


def _managed_policies(context: Context, wanted: Values, previous: Values) -> None:
    """Make the role's managed policies those of the (deprecated) `managedPolicyArns` property."""
    now, before = set(wanted.get("managedPolicyArns") or []), set(previous.get("managedPolicyArns") or [])
    for arn in sorted(before - now):
        context.find_call("DetachRolePolicy", {**_role(wanted), "PolicyArn": arn})
    for arn in sorted(now - before):
        context.call("AttachRolePolicy", {**_role(wanted), "PolicyArn": arn})


def _permissions_boundary(context: Context, wanted: Values, previous: Values) -> None:
    boundary = wanted.get("permissionsBoundary")
    if boundary:
        context.call("PutRolePermissionsBoundary", {**_role(wanted), "PermissionsBoundary": boundary})
    elif previous.get("permissionsBoundary"):
        context.call("DeleteRolePermissionsBoundary", _role(wanted))


def _empty_role(context: Context, state: Values) -> None:
    """Remove what this resource itself put on the role; with `forceDetachPolicies` everything (Terraform)."""
    force = bool(state.get("forceDetachPolicies"))
    attached = context.find_call("ListAttachedRolePolicies", _role(state)).get("AttachedPolicies", [])
    for policy in attached:
        if force or policy["PolicyArn"] in (state.get("managedPolicyArns") or []):
            context.find_call("DetachRolePolicy", {**_role(state), "PolicyArn": policy["PolicyArn"]})
    own = {item["name"] for item in state.get("inlinePolicies") or []}
    for name in context.find_call("ListRolePolicies", _role(state)).get("PolicyNames", []):
        if force or name in own:
            context.find_call("DeleteRolePolicy", {**_role(state), "PolicyName": name})


ROLE = ResourceType(
    type="aws:iam/role:Role",
    service="iam",
    create=Operation(name="CreateRole"),
    read=Read(name="GetRole", keys=_role, result="Role"),
    update=(
        Operation(
            name="UpdateAssumeRolePolicy",
            keys=lambda state: {**_role(state), "PolicyDocument": state["assumeRolePolicy"]},
            only=frozenset({"assumeRolePolicy"}),
        ),
        Operation(
            name="UpdateRole", keys=_role, whole=True, only=frozenset({"description", "maxSessionDuration"})
        ),
        Step(run=_permissions_boundary, properties=frozenset({"permissionsBoundary"}), at_create=False),
        Step(run=_inline_policies, properties=frozenset({"inlinePolicies"})),
        Step(run=_managed_policies, properties=frozenset({"managedPolicyArns"})),
    ),
    before_delete=_empty_role,
    delete=(Operation(name="DeleteRole", keys=_role),),
    id=lambda state: str(state["name"]),
    name=Name(maximum=64),
    members={
        "name": "RoleName",
        "assumeRolePolicy": "AssumeRolePolicyDocument",
        "permissionsBoundary": "PermissionsBoundary",
        "uniqueId": "RoleId",
    },
    codecs={
        "permissionsBoundary": Codec(from_wire=lambda wire: wire.get("PermissionsBoundaryArn")),
        "assumeRolePolicy": Codec(from_wire=_text),
    },
    json=frozenset({"assumeRolePolicy"}),
    equal={"assumeRolePolicy": same_policy, "inlinePolicies.policy": same_policy},
    sets=frozenset({"inlinePolicies", "managedPolicyArns"}),
    defaults={"path": "/", "maxSessionDuration": 3600, "forceDetachPolicies": False},
    computed=frozenset({"inlinePolicies", "managedPolicyArns"}),
    local=frozenset({"forceDetachPolicies", "inlinePolicies", "managedPolicyArns"}),
    replace=frozenset({"name", "path"}),
    tags=ROLE_TAGS,
)


def _role_policy(state: Values) -> Values:
    role, _, name = state["id"].partition(":")
    return {"RoleName": role, "PolicyName": name}


ROLE_POLICY = ResourceType(
    type="aws:iam/rolePolicy:RolePolicy",
    service="iam",
    create=Operation(name="PutRolePolicy"),
    read=Read(name="GetRolePolicy", keys=_role_policy, result="@"),
    update=(Operation(name="PutRolePolicy", whole=True),),
    delete=(Operation(name="DeleteRolePolicy", keys=_role_policy),),
    id=lambda state: f"{state['role']}:{state['name']}",
    name=Name(maximum=128),
    members={"name": "PolicyName", "role": "RoleName", "policy": "PolicyDocument"},
    codecs={"policy": Codec(from_wire=_text)},
    json=frozenset({"policy"}),
    equal={"policy": same_policy},
    replace=frozenset({"name", "role"}),
)


def _attachment(context: Context, state: Values) -> Values | None:
    role, _, arn = state["id"].partition("/")
    request: Values = {"RoleName": state.get("role", role)}
    attached = context.find_call("ListAttachedRolePolicies", request).get("AttachedPolicies", [])
    wanted = state.get("policyArn", arn)
    found = [item for item in attached if item["PolicyArn"] == wanted]
    return {"RoleName": request["RoleName"], **found[0]} if found else None


ROLE_POLICY_ATTACHMENT = ResourceType(
    type="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    service="iam",
    create=Operation(name="AttachRolePolicy"),
    read=_attachment,
    delete=(
        Operation(
            name="DetachRolePolicy",
            keys=lambda state: {"RoleName": state["role"], "PolicyArn": state["policyArn"]},
        ),
    ),
    id=lambda state: f"{state['role']}/{state['policyArn']}",
    members={"role": "RoleName"},
    replace=frozenset({"role", "policyArn"}),
)


def _policy(context: Context, state: Values) -> Values | None:
    found = context.find_call("GetPolicy", {"PolicyArn": state["id"]}).get("Policy")
    if not found:
        return None
    request = {"PolicyArn": state["id"], "VersionId": found["DefaultVersionId"]}
    version = context.find_call("GetPolicyVersion", request).get("PolicyVersion", {})
    return {**found, "PolicyDocument": version.get("Document")}


def _new_policy_version(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    """IAM keeps five versions: the oldest makes room (Terraform does the same)."""
    key = {"PolicyArn": wanted["id"]}
    versions = context.call("ListPolicyVersions", key)["Versions"]
    spare = [item for item in versions if not item["IsDefaultVersion"]]
    if len(versions) >= 5:
        oldest = min(spare, key=lambda item: int(item["VersionId"].lstrip("v")))
        context.call("DeletePolicyVersion", {**key, "VersionId": oldest["VersionId"]})
    context.call("CreatePolicyVersion", {**key, "PolicyDocument": wanted["policy"], "SetAsDefault": True})


def _delete_versions(context: Context, state: Values) -> None:
    key = {"PolicyArn": state["id"]}
    for version in context.find_call("ListPolicyVersions", key).get("Versions", []):
        if not version["IsDefaultVersion"]:
            context.find_call("DeletePolicyVersion", {**key, "VersionId": version["VersionId"]})


def _existing_policy(context: Context, inputs: Values) -> str | None:
    arn = f"arn:aws:iam::{context.aws.account_id}:policy{inputs.get('path', '/')}{inputs['name']}"
    return arn if context.find_call("GetPolicy", {"PolicyArn": arn}) else None


POLICY = ResourceType(
    type="aws:iam/policy:Policy",
    service="iam",
    create=Operation(name="CreatePolicy"),
    read=_policy,
    update=(Step(run=_new_policy_version, properties=frozenset({"policy"}), at_create=False),),
    before_delete=_delete_versions,
    delete=(Operation(name="DeletePolicy", keys=lambda state: {"PolicyArn": state["id"]}),),
    id="Policy.Arn",
    name=Name(maximum=128),
    members={"name": "PolicyName", "policy": "PolicyDocument"},
    codecs={"policy": Codec(from_wire=_text)},
    json=frozenset({"policy"}),
    equal={"policy": same_policy},
    defaults={"path": "/"},
    local=frozenset({"delayAfterPolicyCreationInMs"}),
    replace=frozenset({"name", "path", "description"}),
    tags=POLICY_TAGS,
    find=_existing_policy,
)

TYPES = (ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT, POLICY)
