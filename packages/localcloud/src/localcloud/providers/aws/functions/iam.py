"""`aws.iam.get_policy_document`: an IAM document from typed statements, spelled as the Terraform provider spells it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws
from localcloud.providers.aws.functions.lookup import Function, Lookup
from localcloud.providers.values import Values

DEFAULT_VERSION = "2012-10-17"


def policy_document(aws: Aws, arguments: Values) -> Values:  # noqa: ARG001  the signature of every function
    """Merge source documents, the statements, and overriding documents, by statement id.

    Raises:
        LocalCloudError: two statements share an id, or a document is no JSON.
    """
    version = arguments.get("version") or DEFAULT_VERSION
    document: Values = {"Version": version}
    if arguments.get("policyId"):
        document["Id"] = arguments["policyId"]
    own = [_statement(item, index) for index, item in enumerate(arguments.get("statements") or [])]
    _refuse_duplicates(own)
    statements: list[Values] = []
    for found in _documents(arguments, "sourceJson", "sourcePolicyDocuments"):
        statements = _merged(statements, found)
    statements = _merged(statements, own)
    for found in _documents(arguments, "overrideJson", "overridePolicyDocuments"):
        statements = _merged(statements, found)
    document["Statement"] = statements
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return {
        **arguments,
        "version": version,
        "id": str(abs(hash(text))),
        "json": text,
        "minifiedJson": json.dumps(document, separators=(",", ":"), ensure_ascii=False),
    }


def _documents(arguments: Values, single: str, several: str) -> Iterable[list[Values]]:
    for text in [*(arguments.get(several) or []), *([arguments[single]] if arguments.get(single) else [])]:
        try:
            found = json.loads(text).get("Statement", [])
        except ValueError as error:
            raise LocalCloudError(f"a policy document is not JSON: {error}") from None
        yield found if isinstance(found, list) else [found]


def _merged(statements: list[Values], new: list[Values]) -> list[Values]:
    """Later statements take the place of earlier ones with the same id."""
    result = list(statements)
    for item in new:
        same = next(
            (index for index, old in enumerate(result) if item.get("Sid") and old.get("Sid") == item["Sid"]),
            None,
        )
        if same is None:
            result.append(item)
        else:
            result[same] = item
    return result


def _refuse_duplicates(statements: list[Values]) -> None:
    ids = [item["Sid"] for item in statements if item.get("Sid")]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise LocalCloudError(f"statement id {twice[0]!r} is used twice; allowed: once in a document")


def _statement(item: Values, index: int) -> Values:
    effect = item.get("effect") or "Allow"
    if effect not in ("Allow", "Deny"):
        raise LocalCloudError(f"statements[{index}].effect: {effect!r} is not allowed; allowed: Allow, Deny")
    statement: Values = {}
    if item.get("sid"):
        statement["Sid"] = item["sid"]
    statement["Effect"] = effect
    for name, member in (
        ("actions", "Action"),
        ("notActions", "NotAction"),
        ("resources", "Resource"),
        ("notResources", "NotResource"),
    ):
        if item.get(name):
            statement[member] = _one_or_many(item[name])
    for name, member in (("principals", "Principal"), ("notPrincipals", "NotPrincipal")):
        if item.get(name):
            statement[member] = _principals(item[name])
    if item.get("conditions"):
        statement["Condition"] = _conditions(item["conditions"])
    return statement


def _one_or_many(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else sorted(values, reverse=True)


def _principals(items: list[Values]) -> Any:
    if any(item["type"] == "*" for item in items):
        return "*"
    found: dict[str, list[str]] = {}
    for item in items:
        found.setdefault(item["type"], []).extend(item["identifiers"])
    return {kind: _one_or_many(identifiers) for kind, identifiers in sorted(found.items())}


def _conditions(items: list[Values]) -> Values:
    found: dict[str, dict[str, list[str]]] = {}
    for item in items:
        found.setdefault(item["test"], {}).setdefault(item["variable"], []).extend(item["values"])
    return {
        test: {
            variable: values[0] if len(values) == 1 else values
            for variable, values in sorted(by_variable.items())
        }
        for test, by_variable in sorted(found.items())
    }


GET_ROLE = Lookup(
    function="aws:iam/getRole:getRole",
    service="iam",
    operation="GetRole",
    result="[Role]",
    noun="role",
    id="RoleName",
    request=lambda arguments: {"RoleName": arguments["name"]},
    members={
        "name": "RoleName",
        "assumeRolePolicy": "AssumeRolePolicyDocument",
        "uniqueId": "RoleId",
        "permissionsBoundary": "PermissionsBoundary.PermissionsBoundaryArn",
    },
    outputs={"assumeRolePolicy": lambda aws, result, wire: json.dumps(wire["AssumeRolePolicyDocument"])},  # noqa: ARG005
)


def policy(aws: Aws, arguments: Values) -> Values:
    """`aws.iam.get_policy`: a managed policy by ARN or name.

    Raises:
        LocalCloudError: there is none.
    """
    arn = arguments.get("arn")
    if not arn:
        listed = aws.pages(
            "iam", "ListPolicies", {"PathPrefix": arguments.get("pathPrefix") or "/"}, "Policies"
        )
        found = [item for item in listed if item["PolicyName"] == arguments.get("name")]
        if not found:
            raise LocalCloudError(f"no IAM policy is named {arguments.get('name')!r}")
        arn = found[0]["Arn"]
    wire = aws.call("iam", "GetPolicy", {"PolicyArn": arn})["Policy"]
    version = aws.call("iam", "GetPolicyVersion", {"PolicyArn": arn, "VersionId": wire["DefaultVersionId"]})
    return {
        **arguments,
        "id": arn,
        "arn": arn,
        "name": wire["PolicyName"],
        "path": wire.get("Path", "/"),
        "policyId": wire["PolicyId"],
        "description": wire.get("Description", ""),
        "attachmentCount": wire.get("AttachmentCount", 0),
        "policy": json.dumps(version["PolicyVersion"]["Document"]),
    }


FUNCTIONS: Mapping[str, Function] = {
    "aws:iam/getPolicyDocument:getPolicyDocument": policy_document,
    "aws:iam/getPolicy:getPolicy": policy,
    GET_ROLE.function: GET_ROLE,
}
