"""Elastic Load Balancing: listeners and their rules."""

from localcloud.providers.aws.attributes import attribute_step
from localcloud.providers.aws.compare import covers
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Operation, Read, ResourceType, Step
from localcloud.providers.aws.sdk import resource_schema
from localcloud.providers.aws.table.elb_attributes import LISTENER_ATTRIBUTES
from localcloud.providers.aws.table.load_balancers import with_attributes
from localcloud.providers.aws.table.services import ELB_TAGS
from localcloud.providers.aws.wire import Decoder
from localcloud.providers.values import UNKNOWN, Values


def _action_members(path: str) -> dict[str, str]:
    return {
        f"{path}.forward": "ForwardConfig",
        f"{path}.forward.targetGroups.arn": "TargetGroupArn",
        f"{path}.forward.stickiness": "TargetGroupStickinessConfig",
        f"{path}.forward.stickiness.duration": "DurationSeconds",
        f"{path}.redirect": "RedirectConfig",
        f"{path}.fixedResponse": "FixedResponseConfig",
        f"{path}.authenticateCognito": "AuthenticateCognitoConfig",
        f"{path}.authenticateOidc": "AuthenticateOidcConfig",
        f"{path}.jwtValidation": "JwtValidationConfig",
    }


def _actions(actions: list[Values]) -> list[Values]:
    """Name the target group of a plain forward both ways, as AWS allows and describes it.

    The emulator knows only the short way (`TargetGroupArn`) of the two.
    """
    result = []
    for action in actions:
        groups = (action.get("forward") or {}).get("targetGroups") or []
        short = (
            {"targetGroupArn": groups[0]["arn"]}
            if len(groups) == 1 and not action.get("targetGroupArn")
            else {}
        )
        result.append({**action, **short})
    return result


def _described_actions(actions: list[Values]) -> list[Values]:
    """AWS describes a plain forward in the long form too.

    Stickiness that is off is no stickiness: what a refresh reads must be what an update accepts.
    """
    described = []
    for action in actions:
        forward = dict(action.get("ForwardConfig") or {})
        if action.get("TargetGroupArn") and not forward:
            forward = {"TargetGroups": [{"TargetGroupArn": action["TargetGroupArn"], "Weight": 1}]}
        if not (forward.get("TargetGroupStickinessConfig") or {}).get("Enabled"):
            forward.pop("TargetGroupStickinessConfig", None)
        described.append({**action, "ForwardConfig": forward} if forward else action)
    return described


ACTIONS = Codec(to_wire=_actions, described=_described_actions)


def _existing_listener(context: Context, inputs: Values) -> str | None:
    found = context.find_call("DescribeListeners", {"LoadBalancerArn": inputs["loadBalancerArn"]}).get(
        "Listeners", []
    )
    return next((str(item["ListenerArn"]) for item in found if item.get("Port") == inputs.get("port")), None)


def _listener_check(values: Values) -> list[tuple[str, str]]:
    if values.get("protocol") in ("HTTPS", "TLS") and values.get("certificateArn") is None:
        return [
            ("certificateArn", f"missing: a listener with protocol {values['protocol']} needs a certificate")
        ]
    return []


def _protocol(request: Values, _: Values) -> None:
    """HTTP on an application load balancer where the program says nothing, as the official provider sends it.

    Terraform's AWS provider, `resourceListenerCreate` in `internal/service/elbv2/listener.go`: "Keep previous default
    of HTTP for Application Load Balancers". AWS itself has no default and refuses the request.
    """
    if "Protocol" not in request and ":loadbalancer/app/" in str(request["LoadBalancerArn"]):
        request["Protocol"] = "HTTP"


def _listener(state: Values) -> Values:
    return {"ListenerArn": state["id"]}


LISTENER = ResourceType(
    type="aws:lb/listener:Listener",
    differs=lambda values: "answers plain HTTP, without TLS" if values.get("protocol") == "HTTPS" else "",
    service="elbv2",
    create=Operation(name="CreateListener", prepare=_protocol),
    read=with_attributes("DescribeListeners", "Listeners", "ListenerArn", LISTENER_ATTRIBUTES),
    update=(
        Operation(name="ModifyListener", keys=_listener),
        attribute_step("ModifyListenerAttributes", "ListenerArn", LISTENER_ATTRIBUTES),
    ),
    delete=(Operation(name="DeleteListener", keys=_listener),),
    id="Listeners[0].ListenerArn",
    members={"certificateArn": "Certificates", **_action_members("defaultActions")},
    codecs={
        "certificateArn": Codec(
            to_wire=lambda arn: [{"certificateArn": arn}],
            from_wire=lambda wire: wire[0].get("CertificateArn") if wire else None,
        ),
        "defaultActions": ACTIONS,
    },
    computed=frozenset(
        {
            "defaultActions.order",
            "protocol",
            "sslPolicy",
            "mutualAuthentication",
            "routingHttpResponseServerEnabled",
            "tcpIdleTimeoutSeconds",
        }
    ),
    replace=frozenset({"loadBalancerArn"}),
    outputs={"arn": "ListenerArn"},
    check=_listener_check,
    tags=ELB_TAGS,
    find=_existing_listener,
)

CONDITION_FIELDS = {
    "hostHeader": "host-header",
    "httpHeader": "http-header",
    "httpRequestMethod": "http-request-method",
    "pathPattern": "path-pattern",
    "queryStrings": "query-string",
    "sourceIp": "source-ip",
}


def _conditions(conditions: list[Values]) -> list[Values]:
    """AWS wants to be told which field a condition is about, besides the condition itself."""
    return [
        {"field": next((CONDITION_FIELDS[name] for name in CONDITION_FIELDS if item.get(name)), None), **item}
        for item in conditions
    ]


def _rule_check(values: Values) -> list[tuple[str, str]]:
    failures = []
    for index, item in enumerate(values["conditions"] if isinstance(values["conditions"], list) else []):
        given = [name for name in CONDITION_FIELDS if isinstance(item, dict) and item.get(name)]
        if isinstance(item, dict) and len(given) != 1:
            failures.append((f"conditions[{index}]", f"give exactly one of {', '.join(CONDITION_FIELDS)}"))
    priority = values.get("priority")
    if isinstance(priority, int) and not 1 <= priority <= 50000:
        failures.append(("priority", f"{priority} is not allowed; allowed: 1 to 50000"))
    return failures


def _later_priority(request: Values, inputs: Values) -> None:  # noqa: ARG001  the signature of every prepare
    request.setdefault("Priority", UNKNOWN)


def _rules(context: Context, inputs: Values) -> list[Values]:
    found: list[Values] = context.call("DescribeRules", {"ListenerArn": inputs["listenerArn"]}).get(
        "Rules", []
    )
    return [rule for rule in found if not rule.get("IsDefault")]


def _next_priority(context: Context, inputs: Values) -> Values:
    """Terraform: a rule without a priority comes after the last one. AWS refuses a priority that is taken."""
    taken = {int(rule["Priority"]): rule["RuleArn"] for rule in _rules(context, inputs)}
    wanted = inputs.get("priority")
    return {"Priority": wanted if wanted is not None else max(taken, default=0) + 1}


def _existing_rule(context: Context, inputs: Values) -> str | None:
    for rule in _rules(context, inputs):
        if inputs.get("priority") is not None:
            same = rule["Priority"] == str(inputs["priority"])
        else:
            known = Decoder(LISTENER_RULE).properties(rule, resource_schema(LISTENER_RULE.type).inputs)
            same = all(
                covers(LISTENER_RULE, known.get(name), inputs[name], name)
                for name in ("actions", "conditions")
            )
        if same:
            return str(rule["RuleArn"])
    return None


def _set_priority(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    request = {"RulePriorities": [{"RuleArn": wanted["id"], "Priority": wanted["priority"]}]}
    context.call("SetRulePriorities", request)


def _listener_of(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  the signature of outputs
    """A rule's listener, from its ARN: DescribeRules does not say it (terraform-provider-aws, listener_rule.go)."""
    return str(wire["RuleArn"]).replace(":listener-rule/", ":listener/").rpartition("/")[0]


LISTENER_RULE = ResourceType(
    type="aws:lb/listenerRule:ListenerRule",
    service="elbv2",
    create=Operation(name="CreateRule", prepare=_later_priority),
    read=Read(name="DescribeRules", keys=lambda state: {"RuleArns": [state["id"]]}, result="Rules[0]"),
    update=(
        Operation(name="ModifyRule", keys=lambda state: {"RuleArn": state["id"]}),
        Step(run=_set_priority, properties=frozenset({"priority"}), at_create=False),
    ),
    delete=(Operation(name="DeleteRule", keys=lambda state: {"RuleArn": state["id"]}),),
    id="Rules[0].RuleArn",
    members={
        **_action_members("actions"),
        "conditions.hostHeader": "HostHeaderConfig",
        "conditions.httpHeader": "HttpHeaderConfig",
        "conditions.httpRequestMethod": "HttpRequestMethodConfig",
        "conditions.pathPattern": "PathPatternConfig",
        "conditions.queryStrings": "QueryStringConfig.Values",
        "conditions.sourceIp": "SourceIpConfig",
    },
    codecs={"conditions": Codec(to_wire=_conditions), "actions": ACTIONS},
    sets=frozenset(
        {
            "conditions",
            "conditions.hostHeader.values",
            "conditions.pathPattern.values",
            "conditions.sourceIp.values",
            "conditions.httpHeader.values",
            "conditions.httpRequestMethod.values",
            "conditions.queryStrings",
            "actions.forward.targetGroups",
        }
    ),
    computed=frozenset({"priority", "actions.order"}),
    replace=frozenset({"listenerArn"}),
    outputs={"arn": "RuleArn", "listenerArn": _listener_of},
    before_create=_next_priority,
    check=_rule_check,
    tags=ELB_TAGS,
    find=_existing_rule,
)


TYPES = (
    LISTENER,
    LISTENER_RULE,
)
