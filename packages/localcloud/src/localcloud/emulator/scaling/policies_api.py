"""Operations on scaling policies."""

import logging
from collections.abc import Mapping
from typing import Any

from localcloud.emulator.json_api import Refused, Request
from localcloud.emulator.scaling import requests, steps, tracking, tracking_alarms
from localcloud.emulator.scaling.errors import invalid, unknown
from localcloud.emulator.scaling.model import Policy, ScalableTarget, Store

logger = logging.getLogger(__name__)
CONFIGURATIONS = {
    "StepScaling": "StepScalingPolicyConfiguration",
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
POLICY_LIMIT = 50
# The other operations answer with 50 at most.
PAGE = 10
STEP_LIMIT = 20


class PoliciesApi:
    """PutScalingPolicy, DeleteScalingPolicy, DescribeScalingPolicies."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, request: Request) -> Request:
        """Make or change a policy; one that tracks a target gets its alarms."""
        target = requests.registered(self._store, request)
        name = str(request["PolicyName"])
        present = target.policies.get(name)
        kind = str(request.get("PolicyType") or (present.kind if present else "StepScaling"))
        if present and present.kind != kind:
            raise invalid("The policy type of an existing policy cannot be changed")
        configuration = request.get(CONFIGURATIONS[kind]) or (present.configuration if present else None)
        if configuration is None:
            raise invalid(f"{CONFIGURATIONS[kind]} must be specified for a policy of type {kind}")
        _check_cooldowns(configuration)
        _CHECKS[kind](configuration, target, name)
        if present is None and len(target.policies) >= POLICY_LIMIT:
            raise Refused(
                "LimitExceededException", f"A scalable target can have at most {POLICY_LIMIT} policies"
            )
        policy = present or Policy(ref=target.ref, name=name, kind=kind, configuration=configuration)
        policy.configuration = configuration
        target.policies[name] = policy
        if kind == "TargetTrackingScaling":
            tracking_alarms.keep(policy)
        if kind == "PredictiveScaling":
            logger.warning(
                "predictive scaling policy %s of %s is recorded; it needs two weeks of history and does not act",
                name,
                target.ref.resource_id,
            )
        return {"PolicyARN": policy.arn, "Alarms": tracking_alarms.described(policy)}

    def delete(self, request: Request) -> Request:
        """Delete a policy and the alarms it keeps."""
        target = self._store.target(requests.service_ref(request))
        policy = target.policies.pop(str(request["PolicyName"]), None) if target else None
        if policy is None:
            words = requests.service_ref(request).words
            raise unknown(f"No scaling policy found for {words}, policy name: {request['PolicyName']}")
        tracking_alarms.remove(policy)
        return {}

    def describe(self, request: Request) -> Request:
        """Scaling policies."""
        wanted = set(request.get("PolicyNames") or [])
        found = [
            policy
            for policy in self._store.policies_in(requests.current_scope())
            if requests.concerns(request, policy.ref) and (not wanted or policy.name in wanted)
        ]
        return requests.page(request, "ScalingPolicies", found, _shown, most=PAGE)


def _shown(policy: Policy) -> Mapping[str, Any]:
    return {
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        **requests.identity(policy.ref),
        "PolicyType": policy.kind,
        CONFIGURATIONS[policy.kind]: policy.configuration,
        "Alarms": tracking_alarms.described(policy),
        "CreationTime": requests.timestamp(policy.created),
    }


def _check_cooldowns(configuration: Request) -> None:
    for name in ("Cooldown", "ScaleOutCooldown", "ScaleInCooldown"):
        if int(configuration.get(name) or 0) < 0:
            raise invalid(f"{name} must not be negative")


def _check_steps(configuration: Request, _target: ScalableTarget, _name: str) -> None:
    given = configuration.get("StepAdjustments")
    if not given or not configuration.get("AdjustmentType"):
        raise invalid("A step scaling policy needs AdjustmentType and at least one step adjustment")
    if len(given) > STEP_LIMIT:
        raise Refused("LimitExceededException", f"A policy can have at most {STEP_LIMIT} step adjustments")
    problem = steps.problem(steps.parse(given))
    if problem:
        raise invalid(problem)
    kind = configuration["AdjustmentType"]
    if configuration.get("MinAdjustmentMagnitude") is not None and kind != "PercentChangeInCapacity":
        raise invalid("MinAdjustmentMagnitude is valid for the adjustment type PercentChangeInCapacity only")
    if kind == "ExactCapacity" and any(int(step["ScalingAdjustment"]) < 0 for step in given):
        raise invalid("ScalingAdjustment must not be negative for the adjustment type ExactCapacity")


def _check_tracking(configuration: Request, target: ScalableTarget, name: str) -> None:
    if float(configuration["TargetValue"]) <= 0:
        raise invalid("TargetValue must be greater than 0")
    predefined = configuration.get("PredefinedMetricSpecification")
    custom = configuration.get("CustomizedMetricSpecification")
    if (predefined is None) == (custom is None):
        raise invalid(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must be specified"
        )
    if predefined is not None:
        _check_predefined(predefined)
    if custom is not None:
        _check_customized(custom)
    watched = tracking.metric(configuration, target.ref.resource_id)
    for other in target.policies.values():
        same = other.kind == "TargetTrackingScaling" and other.name != name
        if same and tracking.metric(other.configuration, target.ref.resource_id) == watched:
            raise invalid(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed."
            )


def _check_predefined(specification: Request) -> None:
    kind = specification["PredefinedMetricType"]
    if kind not in tracking.PREDEFINED:
        raise invalid(f"Predefined metric type {kind} is not supported for service namespace: ecs")
    label = specification.get("ResourceLabel")
    if kind != tracking.REQUESTS_PER_TARGET:
        if label:
            raise invalid(f"Resource label must not be specified for predefined metric type {kind}")
        return
    balancer, separator, group = str(label or "").partition("/targetgroup/")
    if not separator or len(balancer.split("/")) != 3 or len(group.split("/")) != 2:
        raise invalid(
            "Resource label of ALBRequestCountPerTarget must be of the form "
            "app/<load-balancer-name>/<load-balancer-id>/targetgroup/<target-group-name>/<target-group-id>"
        )


def _check_customized(specification: Request) -> None:
    queries = specification.get("Metrics")
    if not queries:
        missing = [name for name in ("MetricName", "Namespace", "Statistic") if not specification.get(name)]
        if missing:
            raise invalid(f"{', '.join(missing)} must be specified in CustomizedMetricSpecification")
        return
    if any(name in specification for name in ("MetricName", "Namespace", "Dimensions", "Statistic", "Unit")):
        raise invalid("CustomizedMetricSpecification takes either Metrics or one metric, not both")
    if sum(bool(query.get("ReturnData", True)) for query in queries) != 1:
        raise invalid("Exactly one of the metrics must have ReturnData set to true")


def _check_forecast(configuration: Request, _target: ScalableTarget, _name: str) -> None:
    if not configuration.get("MetricSpecifications"):
        raise invalid("MetricSpecifications must be specified")


_CHECKS = {
    "StepScaling": _check_steps,
    "TargetTrackingScaling": _check_tracking,
    "PredictiveScaling": _check_forecast,
}
