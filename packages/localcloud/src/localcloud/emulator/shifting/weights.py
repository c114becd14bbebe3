"""Weights of listener rules, which ECS moves during a gradual deployment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.emulator.alb.model import STORE, target_groups_of
from localcloud.emulator.ecs.state import Record

Rule = tuple[str, str, str]
"""A listener rule, the target group of the new revision and the other one."""


@dataclass(frozen=True)
class Weights:
    """Moves traffic between the two target groups of a service; call it in the service's request scope.

    Args:
        changed: Called after a rule changed, so that the next request follows it.
    """

    changed: Callable[[], None]

    def production(self, deployment: Record, percent: float) -> None:
        """Give a deployment's target groups this share of the production traffic."""
        self._set(_rules(deployment, "productionListenerRule"), percent)
        deployment["_production_weight"] = percent

    def test(self, deployment: Record, percent: float) -> None:
        """Give a deployment's target groups this share of the test traffic, where there is a test rule."""
        rules = _rules(deployment, "testListenerRule")
        self._set(rules, percent)
        deployment["_test_weight"] = percent if rules else 0.0

    def _set(self, rules: Sequence[Rule], percent: float) -> None:
        for arn, own, other in rules:
            rule = STORE.of(arn).rules.get(arn)
            if rule is not None:
                rule.actions = [dict(_forward(rule.actions, own, other, percent))]
        self.changed()


def _rules(deployment: Mapping[str, Any], kind: str) -> list[Rule]:
    found = []
    for balancer in deployment["_load_balancers"]:
        advanced = balancer.get("advancedConfiguration") or {}
        named = advanced.get(kind) or []
        # ECS moves one rule; CodeDeploy every rule of its listeners that forwards to one of the two target groups.
        for rule in [named] if isinstance(named, str) else named:
            groups = str(balancer["targetGroupArn"]), str(advanced["alternateTargetGroupArn"])
            found.append((str(rule), *groups))
    return found


def _forward(actions: Sequence[Mapping[str, Any]], own: str, other: str, percent: float) -> Record:
    """A forward action over both groups; whole percents are the weights, tenths need a finer scale."""
    scale = 1 if float(percent).is_integer() else 9
    weights = round(percent * scale), round((100 - percent) * scale)
    # The order of the groups stays, so that nothing but the weights differs between two deployments.
    known = [group for action in actions for group, _ in target_groups_of(dict(action))]
    pairs = sorted(
        zip((own, other), weights, strict=True),
        key=lambda pair: known.index(pair[0]) if pair[0] in known else len(known),
    )
    return {
        "Type": "forward",
        "Order": 1,
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": group, "Weight": weight} for group, weight in pairs],
            "TargetGroupStickinessConfig": {"Enabled": False},
        },
    }
