"""Firewall: AWS WAF in front of a load balancer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws
from pulumi_aws.wafv2 import (
    WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs as ActionToUse,
)

from infra.pure import firewall as rules
from infra.settings.load_balancer import Firewall as FirewallSettings
from infra.settings.load_balancer import FirewallLogs, RuleAction, RuleGroup

if TYPE_CHECKING:
    from pulumi_aws.wafv2 import WebAclLoggingConfigurationLoggingFilterArgsDict as Filter


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """What a `Firewall` is made from.

    Args:
        load_balancer_arn: What it stands in front of.
        log_group_name: Physical name of the log group.
        log_key_arn: Key that encrypts the log; None for AWS's own.
        settings: Rate limit, exceptions, log.
    """

    load_balancer_arn: pulumi.Input[str]
    log_group_name: str
    log_key_arn: pulumi.Input[str] | None
    settings: FirewallSettings


class Firewall(pulumi.ComponentResource):
    """A web ACL: a rate limit per client first, then AWS's managed rule groups.

    Outputs:
        web_acl_arn: ARN of the web ACL.
    """

    web_acl_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Firewall", name, None, opts)
        self._name = name
        self._args = args
        overrides = rules.overrides(args.settings)
        acl = aws.wafv2.WebAcl(
            name,
            scope="REGIONAL",
            default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
            rules=[
                _rate_limit(args.settings),
                *(
                    _managed(priority, group, overrides[group])
                    for priority, group in enumerate(rules.GROUPS, start=1)
                ),
            ],
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=name
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.settings.logs:
            self._log(acl, args.settings.logs)
        aws.wafv2.WebAclAssociation(
            name,
            resource_arn=args.load_balancer_arn,
            web_acl_arn=acl.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.web_acl_arn = acl.arn
        self.register_outputs({"webAclArn": self.web_acl_arn})

    def _log(self, acl: aws.wafv2.WebAcl, logs: FirewallLogs) -> None:
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-firewall",
            name=self._args.log_group_name,
            retention_in_days=logs.retention_days,
            kms_key_id=self._args.log_key_arn,
            opts=child,
        )
        matched: Filter = {
            "default_behavior": "DROP",
            "filters": [
                {
                    "behavior": "KEEP",
                    "requirement": "MEETS_ANY",
                    "conditions": [{"action_condition": {"action": one}} for one in rules.LOGGED_ACTIONS],
                }
            ],
        }
        aws.wafv2.WebAclLoggingConfiguration(
            self._name,
            resource_arn=acl.arn,
            log_destination_configs=[group.arn],
            logging_filter=matched if logs.requests == "suspicious" else None,
            redacted_fields=[{"single_header": {"name": header}} for header in rules.SECRET_HEADERS],
            opts=child,
        )


def _rate_limit(settings: FirewallSettings) -> aws.wafv2.WebAclRuleArgs:
    header = settings.forwarded_header
    statement = aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
        limit=settings.rate_limit,
        aggregate_key_type="FORWARDED_IP" if header else "IP",
        # A header that holds no address is no way around the limit: the request matches.
        forwarded_ip_config=aws.wafv2.WebAclRuleStatementRateBasedStatementForwardedIpConfigArgs(
            header_name=header, fallback_behavior="MATCH"
        )
        if header
        else None,
        evaluation_window_sec=300,
    )
    return aws.wafv2.WebAclRuleArgs(
        name="rate-limit",
        priority=0,
        action=aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs()),
        statement=aws.wafv2.WebAclRuleStatementArgs(rate_based_statement=statement),
        visibility_config=_visible("rate-limit"),
    )


def _managed(
    priority: int, group: RuleGroup, overrides: Mapping[str, RuleAction]
) -> aws.wafv2.WebAclRuleArgs:
    nothing = aws.wafv2.WebAclRuleOverrideActionNoneArgs()  # type: ignore[no-untyped-call]  # generated without
    exceptions = [
        aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(
            name=rule, action_to_use=_action(action)
        )
        for rule, action in overrides.items()
    ]
    statement = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
        name=group, vendor_name="AWS", rule_action_overrides=exceptions or None
    )
    return aws.wafv2.WebAclRuleArgs(
        name=group,
        priority=priority,
        # The group's own actions count, apart from the exceptions.
        override_action=aws.wafv2.WebAclRuleOverrideActionArgs(none=nothing),
        statement=aws.wafv2.WebAclRuleStatementArgs(managed_rule_group_statement=statement),
        visibility_config=_visible(group),
    )


def _action(action: RuleAction) -> ActionToUse:
    """What a rule does, as the provider takes it: one of several empty blocks."""
    block = f"WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUse{action.title()}Args"
    return ActionToUse(**{action: getattr(aws.wafv2, block)()})


def _visible(metric: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgs:
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=metric
    )
