"""Target tracking: the alarms a policy keeps, and the capacity that brings its metric to the target.

Rules: Application Auto Scaling User Guide, "Target tracking scaling policies". AWS publishes what its alarms look like
(three minutes above the target; fifteen minutes below nine tenths of it) but not its formula: ours is proportional, in
the safe direction, and scales in by the highest of the last three values.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

PERIOD_SECONDS = 60
HIGH_PERIODS = 3
LOW_PERIODS = 15
LOW_SHARE = 0.9
_RECENT = 3
_PREDEFINED = {
    "ECSServiceAverageCPUUtilization": "CPUUtilization",
    "ECSServiceAverageMemoryUtilization": "MemoryUtilization",
}
REQUESTS_PER_TARGET = "ALBRequestCountPerTarget"
PREDEFINED = (*_PREDEFINED, REQUESTS_PER_TARGET)


def wanted_capacity(capacity: int, values: Sequence[float], target: float, *, scale_in: bool) -> int:
    """The capacity a policy asks for.

    Args:
        capacity: Tasks the service wants now.
        values: The metric, oldest first.
        target: What it should be.
        scale_in: Whether the metric is too low; the answer is then never more than `capacity`, else never less.
    """
    if not values:
        return capacity
    value = max(values[-_RECENT:]) if scale_in else values[-1]
    wanted = math.ceil(round(capacity * value / target, 6))
    if scale_in:
        return min(capacity, wanted)
    # From nothing, any load at all needs a task.
    return max(capacity, wanted, 1)


def alarms(
    configuration: Mapping[str, Any], *, resource_id: str, policy_arn: str, high_id: str, low_id: str
) -> list[dict[str, Any]]:
    """The PutMetricAlarm requests of a policy: the high alarm first; no low one when scale-in is disabled.

    Args:
        configuration: TargetTrackingScalingPolicyConfiguration.
        resource_id: `service/<cluster>/<service>`.
        policy_arn: The alarms' action.
        high_id: Last part of the high alarm's name.
        low_id: Last part of the low alarm's name.
    """
    target = float(configuration["TargetValue"])
    sides = [("High", high_id, "GreaterThanThreshold", HIGH_PERIODS, target)]
    if not configuration.get("DisableScaleIn"):
        # The exact product: 0.9 * 70 must read 63, as AWS shows it.
        sides.append(("Low", low_id, "LessThanThreshold", LOW_PERIODS, round(target * LOW_SHARE, 10)))
    return [
        {
            "AlarmName": f"TargetTracking-{resource_id}-Alarm{side}-{suffix}",
            "AlarmDescription": f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}.",
            "ActionsEnabled": True,
            "AlarmActions": [policy_arn],
            "ComparisonOperator": comparison,
            "EvaluationPeriods": periods,
            "Threshold": threshold,
            **metric(configuration, resource_id),
        }
        for side, suffix, comparison, periods, threshold in sides
    ]


def metric(configuration: Mapping[str, Any], resource_id: str) -> dict[str, Any]:
    """The part of an alarm that says what it watches."""
    predefined = configuration.get("PredefinedMetricSpecification")
    if predefined:
        return _predefined(predefined, resource_id)
    custom = configuration["CustomizedMetricSpecification"]
    if custom.get("Metrics"):
        return {"Metrics": [_query(entry) for entry in custom["Metrics"]]}
    return {
        "Namespace": custom["Namespace"],
        "MetricName": custom["MetricName"],
        "Dimensions": [dict(entry) for entry in custom.get("Dimensions") or []],
        "Statistic": custom["Statistic"],
        "Period": PERIOD_SECONDS,
        **({"Unit": custom["Unit"]} if custom.get("Unit") else {}),
    }


def _predefined(specification: Mapping[str, Any], resource_id: str) -> dict[str, Any]:
    kind = specification["PredefinedMetricType"]
    if kind == REQUESTS_PER_TARGET:
        balancer, _, group = str(specification["ResourceLabel"]).partition("/targetgroup/")
        return {
            "Namespace": "AWS/ApplicationELB",
            "MetricName": "RequestCountPerTarget",
            "Dimensions": [
                {"Name": "TargetGroup", "Value": f"targetgroup/{group}"},
                {"Name": "LoadBalancer", "Value": balancer},
            ],
            "Statistic": "Sum",
            "Period": PERIOD_SECONDS,
        }
    _, cluster, service = resource_id.split("/")
    return {
        "Namespace": "AWS/ECS",
        "MetricName": _PREDEFINED[kind],
        "Dimensions": [
            {"Name": "ClusterName", "Value": cluster},
            {"Name": "ServiceName", "Value": service},
        ],
        "Statistic": "Average",
        "Unit": "Percent",
        "Period": PERIOD_SECONDS,
    }


def _query(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A metric of a policy as the metric of an alarm, which also names its period."""
    query = {name: entry[name] for name in ("Id", "Expression", "Label", "ReturnData") if name in entry}
    stat = entry.get("MetricStat")
    return query | ({"MetricStat": {**stat, "Period": PERIOD_SECONDS}} if stat else {})
