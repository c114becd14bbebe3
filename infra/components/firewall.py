"""Firewall: AWS WAF in front of a load balancer."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings.load_balancer import Firewall as FirewallSettings

MANAGED_GROUPS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
)
"""Rule groups that AWS keeps up to date, in the order in which they are asked."""


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """What a `Firewall` is made from.

    Args:
        load_balancer_arn: What it stands in front of.
        settings: Rate limit.
    """

    load_balancer_arn: pulumi.Input[str]
    settings: FirewallSettings


class Firewall(pulumi.ComponentResource):
    """A web ACL: a rate limit per client first, then AWS's managed rule groups.

    Outputs:
        web_acl_arn: ARN of the web ACL.
    """

    web_acl_arn: pulumi.Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("ecs-microservice:index:Firewall", name, None, opts)
        acl = aws.wafv2.WebAcl(
            name,
            scope="REGIONAL",
            default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
            rules=[
                _rate_limit(args.settings.rate_limit),
                *(_managed(priority, group) for priority, group in enumerate(MANAGED_GROUPS, start=1)),
            ],
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=name
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.wafv2.WebAclAssociation(
            name,
            resource_arn=args.load_balancer_arn,
            web_acl_arn=acl.arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.web_acl_arn = acl.arn
        self.register_outputs({"webAclArn": self.web_acl_arn})


def _rate_limit(limit: int) -> aws.wafv2.WebAclRuleArgs:
    statement = aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
        limit=limit, aggregate_key_type="IP", evaluation_window_sec=300
    )
    return aws.wafv2.WebAclRuleArgs(
        name="rate-limit",
        priority=0,
        action=aws.wafv2.WebAclRuleActionArgs(block=aws.wafv2.WebAclRuleActionBlockArgs()),
        statement=aws.wafv2.WebAclRuleStatementArgs(rate_based_statement=statement),
        visibility_config=_visible("rate-limit"),
    )


def _managed(priority: int, group: str) -> aws.wafv2.WebAclRuleArgs:
    nothing = aws.wafv2.WebAclRuleOverrideActionNoneArgs()  # type: ignore[no-untyped-call]  # generated without
    statement = aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(name=group, vendor_name="AWS")
    return aws.wafv2.WebAclRuleArgs(
        name=group,
        priority=priority,
        # The group's own actions count: nothing overrides them.
        override_action=aws.wafv2.WebAclRuleOverrideActionArgs(none=nothing),
        statement=aws.wafv2.WebAclRuleStatementArgs(managed_rule_group_statement=statement),
        visibility_config=_visible(group),
    )


def _visible(metric: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgs:
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, sampled_requests_enabled=True, metric_name=metric
    )
