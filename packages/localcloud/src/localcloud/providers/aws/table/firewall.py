"""AWS WAF: web ACLs, what they protect, where they log."""

from typing import Any

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.requests import update_request
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.services import by_resource_arn
from localcloud.providers.values import Values

NOT_FILTERED = "the rules are kept, but the local load balancer does not filter requests with them"
SERVICES = {
    "apiGateway": "API_GATEWAY",
    "appRunnerService": "APP_RUNNER_SERVICE",
    "cloudfront": "CLOUDFRONT",
    "cognitoUserPool": "COGNITO_USER_POOL",
    "verifiedAccessInstance": "VERIFIED_ACCESS_INSTANCE",
}


def _bodies(items: list[Values]) -> Values:
    return {item["key"]: {name: item[name] for name in ("content", "contentType")} for item in items}


def _limits(items: list[Values]) -> Values:
    return {SERVICES[name]: value for item in items for name, value in item.items() if value}


def _acl(state: Values) -> Values:
    return {"Name": state["name"], "Scope": state["scope"], "Id": state["id"]}


def _described_acl(context: Context, state: Values) -> Values | None:
    found = context.find_call("GetWebACL", _acl(state))
    return {**found["WebACL"], "LockToken": found.get("LockToken")} if found else None


def _locked(context: Context, state: Values) -> Values:
    """WAF changes only what was read just before: every change carries the newest lock token."""
    return {**_acl(state), "LockToken": context.call("GetWebACL", _acl(state))["LockToken"]}


UPDATE = Operation(name="UpdateWebACL", whole=True, skip=frozenset({"name", "scope"}))


def _update(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    request = update_request(context.kind, UPDATE, wanted, frozenset())
    request.setdefault("Rules", [])
    context.call("UpdateWebACL", {**request, **_locked(context, wanted)})


def _delete(context: Context, state: Values) -> None:
    context.call("DeleteWebACL", _locked(context, state))


def _existing_acl(context: Context, inputs: Values) -> str | None:
    found = context.call("ListWebACLs", {"Scope": inputs["scope"]}).get("WebACLs", [])
    return next((str(item["Id"]) for item in found if item["Name"] == inputs["name"]), None)


def _rules_check(values: Values) -> list[tuple[str, str]]:
    failures = []
    rules = values.get("rules")
    priorities: dict[Any, int] = {}
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        if not isinstance(rule, dict):
            continue
        if (rule.get("action") is None) == (rule.get("overrideAction") is None):
            failures.append((f"rules[{index}].action", "give exactly one of action, overrideAction"))
        if rule.get("priority") in priorities:
            other = priorities[rule["priority"]]
            failures.append(
                (f"rules[{index}].priority", f"{rule['priority']} is already used by rules[{other}]")
            )
        priorities[rule.get("priority")] = index
    if isinstance(values.get("defaultAction"), dict) and len(values["defaultAction"]) != 1:
        failures.append(("defaultAction", "give exactly one of allow, block"))
    return failures


CONTENT = frozenset(
    {
        "associationConfig",
        "captchaConfig",
        "challengeConfig",
        "customResponseBodies",
        "dataProtectionConfig",
        "defaultAction",
        "description",
        "monetizationConfig",
        "ruleJson",
        "rules",
        "tokenDomains",
        "visibilityConfig",
    }
)

WEB_ACL = ResourceType(
    type="aws:wafv2/webAcl:WebAcl",
    service="wafv2",
    create=Operation(name="CreateWebACL"),
    read=_described_acl,
    update=(Step(run=_update, properties=CONTENT, at_create=False),),
    before_delete=_delete,
    id="Summary.Id",
    name=Name(maximum=128),
    inert=NOT_FILTERED,
    members={
        "ruleJson": "Rules",
        "associationConfig.requestBodies": "RequestBody",
        "dataProtectionConfig.dataProtections.field": "Field",
    },
    codecs={
        "customResponseBodies": Codec(to_wire=_bodies),
        "associationConfig.requestBodies": Codec(to_wire=_limits),
    },
    json=frozenset({"ruleJson"}),
    sets=frozenset({"rules", "tokenDomains", "customResponseBodies"}),
    computed=frozenset({"rules"}),
    unread=frozenset({"associationConfig", "customResponseBodies", "ruleJson", "rules"}),
    replace=frozenset({"name", "scope"}),
    volatile=frozenset({"lockToken"}),
    outputs={"arn": "ARN"},
    check=_rules_check,
    tags=by_resource_arn("TagInfoForResource.TagList"),
    find=_existing_acl,
)


def _association(context: Context, state: Values) -> Values | None:
    found = context.find_call("GetWebACLForResource", {"ResourceArn": state["resourceArn"]}).get("WebACL")
    if not found or found.get("ARN") != state["webAclArn"]:
        return None
    return {"ResourceArn": state["resourceArn"], "WebACLArn": found["ARN"]}


WEB_ACL_ASSOCIATION = ResourceType(
    type="aws:wafv2/webAclAssociation:WebAclAssociation",
    service="wafv2",
    create=Operation(name="AssociateWebACL"),
    read=_association,
    delete=(Operation(name="DisassociateWebACL", keys=lambda state: {"ResourceArn": state["resourceArn"]}),),
    id=lambda state: f"{state['webAclArn']},{state['resourceArn']}",
    inert=NOT_FILTERED,
    replace=frozenset({"resourceArn", "webAclArn"}),
)

WEB_ACL_LOGGING = ResourceType(
    type="aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    service="wafv2",
    create=Operation(name="PutLoggingConfiguration"),
    read=Read(
        name="GetLoggingConfiguration",
        keys=lambda state: {"ResourceArn": state["id"]},
        result="LoggingConfiguration",
    ),
    update=(Operation(name="PutLoggingConfiguration", whole=True),),
    delete=(Operation(name="DeleteLoggingConfiguration", keys=lambda state: {"ResourceArn": state["id"]}),),
    id=lambda state: str(state["resourceArn"]),
    body="LoggingConfiguration",
    inert="no firewall log is written",
    sets=frozenset({"logDestinationConfigs", "redactedFields"}),
    replace=frozenset({"resourceArn"}),
)

TYPES = (WEB_ACL, WEB_ACL_ASSOCIATION, WEB_ACL_LOGGING)
