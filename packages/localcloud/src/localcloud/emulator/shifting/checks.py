"""What AWS refuses of a service whose deployments move traffic.

Rules: Amazon ECS Developer Guide, "Required resources for Amazon ECS blue/green deployments"; API Reference,
`DeploymentConfiguration` and `AdvancedConfiguration`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator.alb.model import STORE
from localcloud.emulator.ecs.answers import Refused
from localcloud.emulator.shifting.phases import GRADUAL, is_gradual

STRATEGIES = GRADUAL | {"ROLLING"}
# A pause in the middle of a shift would leave the traffic where it is.
NOT_PAUSED = {"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"}


def gradual(configuration: Mapping[str, Any], balancers: Sequence[Mapping[str, Any]]) -> None:
    """Check a deployment configuration and the load balancers it moves traffic on; in the request's scope.

    Raises:
        Refused: A value is out of its range, or a target group or listener rule is missing.
    """
    strategy = configuration.get("strategy") or "ROLLING"
    if strategy not in STRATEGIES:
        raise _refused(f"strategy is {strategy}; allowed: {', '.join(sorted(STRATEGIES))}")
    if not is_gradual(configuration):
        return
    _in_range(configuration, "bakeTimeInMinutes", 0, 1440)
    _in_range(configuration.get("canaryConfiguration") or {}, "canaryPercent", 0.1, 100)
    _in_range(configuration.get("canaryConfiguration") or {}, "canaryBakeTimeInMinutes", 0, 1440)
    _in_range(configuration.get("linearConfiguration") or {}, "stepPercent", 3, 100)
    _in_range(configuration.get("linearConfiguration") or {}, "stepBakeTimeInMinutes", 0, 1440)
    for hook in configuration.get("lifecycleHooks") or []:
        if hook.get("targetType") == "PAUSE" and NOT_PAUSED & set(hook.get("lifecycleStages") or []):
            raise _refused(f"PAUSE hooks cannot be configured at {' or '.join(sorted(NOT_PAUSED))}")
    for balancer in balancers:
        _check_balancer(strategy, balancer)


def networking_fault(balancers: Sequence[Mapping[str, Any]]) -> str | None:
    """Why ECS rolls a deployment back as soon as it has begun; in the service's scope.

    Developer Guide, "Migrating from a CodeDeploy blue/green to an Amazon ECS blue/green service deployment".
    """
    for balancer in balancers:
        advanced = balancer.get("advancedConfiguration") or {}
        rules = [advanced.get("productionListenerRule"), advanced.get("testListenerRule")]
        if not isinstance(rules[0], str):
            continue  # CodeDeploy's: it looks after every rule of its listeners
        groups = {balancer.get("targetGroupArn"), advanced.get("alternateTargetGroupArn")}
        if groups - {group for arn in rules for group in _forwarded(arn)}:
            return (
                "invalid networking configuration. Both targetGroup and alternateTargetGroup must be associated with "
                "the productionListenerRule or testListenerRule"
            )
    return None


def _forwarded(arn: object) -> set[str]:
    """The target groups a listener rule forwards to; none where there is no such rule."""
    rule = STORE.of(str(arn)).rules.get(str(arn))
    return rule.target_groups() if rule is not None else set()


def _check_balancer(strategy: str, balancer: Mapping[str, Any]) -> None:
    advanced = balancer.get("advancedConfiguration") or {}
    for name in ("alternateTargetGroupArn", "productionListenerRule", "roleArn"):
        if not advanced.get(name):
            raise _refused(
                f"loadBalancers.advancedConfiguration.{name} is required for the {strategy} strategy"
            )
    groups = {balancer.get("targetGroupArn"), advanced["alternateTargetGroupArn"]}
    for name in ("productionListenerRule", "testListenerRule"):
        arn = advanced.get(name)
        if arn and str(arn) not in STORE.of(str(arn)).rules:
            raise _refused(f"{name} {arn} does not exist")
        if arn and not groups & _forwarded(arn):
            raise _refused(f"{name} {arn} does not forward to a target group of the service")


def _in_range(values: Mapping[str, Any], name: str, low: float, high: float) -> None:
    value = values.get(name)
    if value is not None and not low <= float(value) <= high:
        raise _refused(f"{name} is {value}; allowed: {low:g} to {high:g}")


def _refused(text: str) -> Refused:
    return Refused("InvalidParameterException", text)
