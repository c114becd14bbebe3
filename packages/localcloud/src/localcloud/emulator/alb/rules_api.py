"""Operations on rules, and the actions of rules and listeners as they are kept and shown.

Source: API Reference, `CreateRule`, `ModifyRule`, `SetRulePriorities`, `Action`, `RuleCondition`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator import upstream
from localcloud.emulator.alb import finding, tags_api
from localcloud.emulator.alb.finding import Request
from localcloud.emulator.alb.model import Document, LoadBalancer, Region, Rule, identifier, target_groups_of
from localcloud.emulator.alb.refusal import RefusedError
from localcloud.emulator.alb.refused_actions import check_actions
from localcloud.emulator.alb.refused_conditions import CONFIGURATIONS, check_conditions

_REDIRECT_DEFAULTS = {
    "Protocol": "#{protocol}",
    "Port": "#{port}",
    "Host": "#{host}",
    "Path": "/#{path}",
    "Query": "#{query}",
}
# Service quotas of application load balancers: rules per load balancer, not counting default rules.
_MOST_RULES = 100


def create(region: Region, request: Request) -> dict[str, Any]:
    """CreateRule."""
    listener = finding.listener(region, request["ListenerArn"])
    balancer = region.load_balancers[listener.load_balancer]
    if balancer.type != "application":
        raise RefusedError(
            "Rules cannot be created for listeners of network and gateway load balancers",
            "OperationNotPermitted",
        )
    check_conditions(request["Conditions"], create=True)
    transforms = _transforms(request)
    tags = tags_api.tags_of(request)
    actions = actions_of(region, request["Actions"], balancer, str(listener.protocol), "actions")
    priority = int(request["Priority"])
    known = region.rules_of(listener.arn)
    if any(rule.priority == priority for rule in known):
        raise RefusedError(f"Priority '{priority}' is currently in use", "PriorityInUse")
    present = sum(
        not rule.is_default for one in region.listeners_of(balancer.arn) for rule in region.rules_of(one.arn)
    )
    if present >= _MOST_RULES:
        raise RefusedError(
            f"The maximum number of rules per load balancer is '{_MOST_RULES}'", "TooManyRules"
        )
    made = Rule(
        arn=f"{listener.arn.replace(':listener/', ':listener-rule/')}/{identifier()}",
        listener=listener.arn,
        priority=priority,
        conditions=[_condition(entry) for entry in request["Conditions"]],
        actions=actions,
        transforms=transforms,
        tags=tags,
    )
    region.rules[made.arn] = made
    return {"Rules": [made.described()]}


def describe(region: Region, request: Request) -> dict[str, Any]:
    """DescribeRules."""
    listener, arns = request.get("ListenerArn"), request.get("RuleArns")
    if listener is None and not arns:
        raise RefusedError("You must specify either listener rule ARNs or a listener ARN")
    if listener is not None and arns:
        raise RefusedError("Listener rule ARNs and a listener ARN cannot be specified at the same time")
    if listener is not None:
        found = region.rules_of(finding.listener(region, str(listener)).arn)
    else:
        found = [finding.rule(region, arn) for arn in arns or []]
    shown, marker = finding.page(found, request)
    return {"Rules": [rule.described() for rule in shown], "NextMarker": marker}


def modify(region: Region, request: Request) -> dict[str, Any]:
    """ModifyRule: what is not given stays."""
    rule = finding.rule(region, request["RuleArn"])
    listener = region.listeners[rule.listener]
    conditions, actions = request.get("Conditions"), request.get("Actions")
    if not any((conditions, actions, request.get("Transforms"), request.get("ResetTransforms"))):
        raise RefusedError("Either conditions or actions must be specified")
    if conditions and rule.is_default:
        raise RefusedError("Default rules cannot have conditions", "OperationNotPermitted")
    check_conditions(conditions or [], create=False)
    transforms = _transforms(request)
    if actions:
        balancer = region.load_balancers[listener.load_balancer]
        rule.actions = actions_of(region, actions, balancer, str(listener.protocol), "actions")
    if conditions:
        rule.conditions = [_condition(entry) for entry in conditions]
    if transforms or request.get("ResetTransforms"):
        rule.transforms = transforms
    return {"Rules": [rule.described()]}


def _transforms(request: Request) -> list[Document]:
    """The transforms of a request; MiniStack knows what AWS refuses of them (captured from AWS)."""
    given = request.get("Transforms") or []
    if given and request.get("ResetTransforms"):
        raise RefusedError("You cannot specify both Transforms and ResetTransforms")
    problem = upstream.alb._transforms_problem(given) if given else None
    if problem:
        raise RefusedError(str(problem))
    return [dict(entry) for entry in given]


def delete(region: Region, request: Request) -> None:
    """DeleteRule; the default rule goes with its listener."""
    rule = finding.rule(region, request["RuleArn"])
    if rule.is_default:
        raise RefusedError(f"Default rule '{rule.arn}' cannot be deleted", "OperationNotPermitted")
    del region.rules[rule.arn]


def set_priorities(region: Region, request: Request) -> dict[str, Any]:
    """SetRulePriorities: conflicts in the new order are refused; rules that are not named keep their place."""
    wanted: dict[str, int] = {}
    for entry in request["RulePriorities"]:
        rule = finding.rule(region, str(entry.get("RuleArn")))
        if rule.is_default:
            raise RefusedError(f"Default rule '{rule.arn}' cannot be moved", "OperationNotPermitted")
        if entry.get("Priority") in wanted.values():
            raise RefusedError(f"Priority '{entry.get('Priority')}' was provided multiple times")
        wanted[rule.arn] = int(entry["Priority"])
    listeners = {region.rules[arn].listener for arn in wanted}
    if len(listeners) > 1:
        raise RefusedError("All rules must belong to the same listener")
    for listener in listeners:
        taken = {rule.priority for rule in region.rules_of(listener) if rule.arn not in wanted}
        for priority in wanted.values():
            if priority in taken:
                raise RefusedError(f"Priority '{priority}' is currently in use", "PriorityInUse")
    for arn, priority in wanted.items():
        region.rules[arn].priority = priority
    return {"Rules": [region.rules[arn].described() for arn in wanted]}


def actions_of(
    region: Region, given: Sequence[Mapping[str, Any]], balancer: LoadBalancer, protocol: str, member: str
) -> list[Document]:
    """The actions of a rule or a listener, complete.

    Args:
        region: Where their target groups are.
        given: As they were sent.
        balancer: Whose they are.
        protocol: The listener's.
        member: What the request calls them, for messages.

    Raises:
        RefusedError: AWS refuses them.
    """
    if not given:
        raise RefusedError(f"Value null at '{member}' failed to satisfy constraint: Member must not be null")
    check_actions(given, protocol, balancer.type)
    for action in given:
        for arn, _ in target_groups_of(dict(action)):
            _check_target(region, arn, balancer, protocol)
    return [_complete(action, place) for place, action in enumerate(given, 1)]


def _check_target(region: Region, arn: str, balancer: LoadBalancer, protocol: str) -> None:
    group = region.target_groups.get(arn)
    if group is None:
        raise RefusedError(f"Target group '{arn}' not found", "TargetGroupNotFound")
    # User Guide, "Target groups for your Application Load Balancers": a group belongs to one load balancer at most.
    if set(group.load_balancers) - {balancer.arn}:
        raise RefusedError(
            f"The following target groups cannot be associated with more than one load balancer: {arn}",
            "TargetGroupAssociationLimit",
        )
    if not _compatible(group.protocol, group.target_type, balancer.type, protocol):
        raise RefusedError(
            f"Listener protocol '{protocol}' is not supported with a target group with the protocol "
            f"'{group.protocol}'",
            "InvalidConfigurationRequest" if balancer.type == "application" else "IncompatibleProtocols",
        )
    if group.vpc is not None and group.vpc != balancer.vpc:
        # API Reference, `InvalidConfigurationRequest`.
        raise RefusedError(
            f"The following target groups belong to a different VPC than load balancer '{balancer.arn}': {arn}",
            "InvalidConfigurationRequest",
        )


def _compatible(group: str | None, target_type: str, balancer: str, listener: str) -> bool:
    """Network Load Balancer guide, "Listener configuration": which target groups a listener's protocol takes."""
    if balancer == "application":
        return group in {"HTTP", "HTTPS"} or target_type == "lambda"
    if balancer == "gateway":
        return group == "GENEVE"
    allowed = {
        "TCP": {"TCP", "TCP_UDP"},
        "TLS": {"TLS", "TCP"},
        "UDP": {"UDP", "TCP_UDP"},
        "TCP_UDP": {"TCP_UDP"},
        "QUIC": {"QUIC", "TCP_QUIC"},
        "TCP_QUIC": {"TCP_QUIC"},
    }
    return group in allowed.get(listener, set())


def _complete(action: Mapping[str, Any], place: int) -> Document:
    """An action with AWS's defaults; a forward action always in the weighted form too."""
    found: Document = dict(action) | {"Order": int(action.get("Order") or place)}
    if found["Type"] == "forward":
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in target_groups_of(dict(action))]
        stickiness = (action.get("ForwardConfig") or {}).get("TargetGroupStickinessConfig") or {}
        found["ForwardConfig"] = {
            "TargetGroups": groups,
            "TargetGroupStickinessConfig": {"Enabled": False} | dict(stickiness),
        }
        if len(groups) == 1:
            found["TargetGroupArn"] = groups[0]["TargetGroupArn"]
    if found["Type"] == "redirect":
        found["RedirectConfig"] = _REDIRECT_DEFAULTS | dict(action["RedirectConfig"])
    if found["Type"] == "authenticate-oidc":
        found["AuthenticateOidcConfig"] = {
            "SessionCookieName": "AWSELBAuthSessionCookie",
            "SessionTimeout": 604800,
            "Scope": "openid",
            "OnUnauthenticatedRequest": "authenticate",
        } | dict(action["AuthenticateOidcConfig"])
    return found


def _condition(condition: Mapping[str, Any]) -> Document:
    """A condition in its typed form; hosts and paths have their plain values as well, as AWS shows them."""
    field = str(condition["Field"])
    typed = CONFIGURATIONS[field]
    configuration = dict(condition.get(typed) or {})
    if condition.get("Values"):
        configuration["Values"] = list(condition["Values"])
    if condition.get("RegexValues"):
        configuration["RegexValues"] = list(condition["RegexValues"])
    found: Document = {"Field": field, typed: configuration}
    if field in {"host-header", "path-pattern"} and configuration.get("Values"):
        found["Values"] = list(configuration["Values"])
    return found
