"""Rules of the firewall: what AWS's managed groups do, rule by rule ("AWS Managed Rules rule groups list")."""

from collections.abc import Mapping
from typing import get_args

from infra.settings.load_balancer import Firewall, RuleAction, RuleGroup

GROUPS: tuple[RuleGroup, ...] = get_args(RuleGroup)
"""Rule groups in the order in which they are asked."""

COUNTED: Mapping[RuleGroup, Mapping[str, RuleAction]] = {
    # It blocks every body over 8 KB, which is every upload and many a form ("Core rule set (CRS) managed rule group").
    "AWSManagedRulesCommonRuleSet": {"SizeRestrictions_BODY": "count"},
}
"""What rules do unless the settings say otherwise."""

LOGGED_ACTIONS = ("BLOCK", "COUNT", "CAPTCHA", "CHALLENGE", "EXCLUDED_AS_COUNT")
"""Actions of requests that a rule matched (WAFV2 API, `ActionCondition`)."""

SECRET_HEADERS = ("authorization", "cookie")
"""Headers that no log shows."""


def overrides(settings: Firewall) -> dict[RuleGroup, dict[str, RuleAction]]:
    """Group → rule → action of every rule that does not do what AWS made it for."""
    return {
        group: dict(sorted({**COUNTED.get(group, {}), **settings.overrides.get(group, {})}.items()))
        for group in GROUPS
    }
