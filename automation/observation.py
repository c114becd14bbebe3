"""Everything about a stack's services at one moment: what runs, what scales them, what watches them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from automation.engines import CloudResource
from automation.fleet import ServiceView, read_fleet
from automation.target import Target

if TYPE_CHECKING:
    from mypy_boto3_application_autoscaling import ApplicationAutoScalingClient
    from mypy_boto3_application_autoscaling.type_defs import ScalingPolicyTypeDef
    from mypy_boto3_cloudwatch.type_defs import CompositeAlarmTypeDef, MetricAlarmTypeDef

_ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_NAMESPACE: Final = "ecs"
_POLICY_KINDS = {
    "TargetTrackingScaling": "target tracking",
    "StepScaling": "steps",
    "PredictiveScaling": "predictive",
}
_ALARMS_AT_A_TIME = 100
"""AlarmNames of DescribeAlarms."""
_TARGETS_AT_A_TIME = 50
"""ResourceIds of DescribeScalableTargets."""


@dataclass(frozen=True, kw_only=True)
class AlarmView:
    """One alarm of a service.

    Args:
        name: Its name.
        role: `scales`, `rolls back` or `tells`: what it is there for.
        policy: Name of the scaling policy it sets off; empty for the other roles.
        state: OK, ALARM or INSUFFICIENT_DATA; MISSING when it was declared and is not there.
        since: When it went into this state.
        reason: CloudWatch's reason.
    """

    name: str
    role: str
    policy: str
    state: str
    since: datetime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class PolicyView:
    """A scaling policy: its name, its kind, what it wants in words, and the names of the alarms that set it off."""

    name: str
    kind: str
    goal: str
    alarms: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ActivityView:
    """A scaling activity with its cause; `ended` is None while it goes on."""

    at: datetime
    ended: datetime | None
    description: str
    cause: str
    status: str
    not_scaled: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ScalingView:
    """Limits of a service's desired count, what moves it between them, and what it did lately.

    Args:
        minimum: Fewest tasks.
        maximum: Most tasks.
        suspended: What is switched off: `scaling in`, `scaling out`, `schedules`.
        policies: Scaling policies.
        schedules: Scheduled actions, `name schedule zone: min, max`.
        activities: The newest activities, newest first.
    """

    minimum: int
    maximum: int
    suspended: tuple[str, ...]
    policies: tuple[PolicyView, ...]
    schedules: tuple[str, ...]
    activities: tuple[ActivityView, ...]


@dataclass(frozen=True, kw_only=True)
class Observed(ServiceView):
    """A service with its scaling (None when nothing scales it) and its alarms."""

    scaling: ScalingView | None
    alarms: tuple[AlarmView, ...]


def declared_alarms(resources: Iterable[CloudResource], services: Mapping[str, str]) -> dict[str, list[str]]:
    """The alarms that the program declared, by ECS service: it tags each of them with its service.

    Args:
        resources: The stack's resources.
        services: ECS service names by the name in the settings, the stack's output `services`.
    """
    found: dict[str, list[str]] = {}
    for resource in resources:
        if resource.type != _ALARM:
            continue
        service = services.get(str((resource.inputs.get("tags") or {}).get("Service")))
        if service is not None:
            found.setdefault(service, []).append(resource.id)
    return found


def observe(
    target: Target,
    cluster: str,
    declared: Mapping[str, Sequence[str]],
    *,
    events: int = 5,
    activities: int = 5,
) -> tuple[Observed, ...]:
    """Read everything about every service of a cluster.

    Args:
        target: The cloud to ask.
        cluster: Name of the ECS cluster.
        declared: Names of the alarms the program declared, by ECS service.
        events: How many of the newest service events to keep.
        activities: How many of the newest scaling activities to keep.

    Raises:
        LocalCloudError: The cluster does not exist.
    """
    fleet = read_fleet(target, cluster, events=events)
    scalings = _scalings(target, cluster, [view.name for view in fleet], activities)
    roles = {view.name: _roles(view, declared.get(view.name, ()), scalings.get(view.name)) for view in fleet}
    alarms = _alarms(target, sorted({name for named in roles.values() for name in named}))
    return tuple(
        Observed(
            **vars(view),
            scaling=scalings.get(view.name),
            alarms=tuple(
                _alarm_view(name, *role, alarms.get(name)) for name, role in roles[view.name].items()
            ),
        )
        for view in fleet
    )


def _roles(
    view: ServiceView, declared: Sequence[str], scaling: ScalingView | None
) -> dict[str, tuple[str, str]]:
    """What each alarm of a service is there for, and the policy it sets off; one that acts is named by what it does."""
    policies = scaling.policies if scaling else ()
    return (
        dict.fromkeys(declared, ("tells", ""))
        | dict.fromkeys(view.rollback_alarms, ("rolls back", ""))
        | {alarm: ("scales", policy.name) for policy in policies for alarm in policy.alarms}
    )


def _scalings(
    target: Target, cluster: str, services: Sequence[str], activities: int
) -> dict[str, ScalingView]:
    """What scales each service that is scaled."""
    scaling: ApplicationAutoScalingClient = target.client("application-autoscaling")
    views: dict[str, ScalingView] = {}
    for start in range(0, len(services), _TARGETS_AT_A_TIME):
        ids = [f"service/{cluster}/{name}" for name in services[start : start + _TARGETS_AT_A_TIME]]
        found = scaling.describe_scalable_targets(
            ServiceNamespace=_NAMESPACE, ResourceIds=ids, MaxResults=_TARGETS_AT_A_TIME
        )["ScalableTargets"]
        for entry in found:
            resource = entry["ResourceId"]
            pages = scaling.get_paginator("describe_scaling_policies").paginate(
                ServiceNamespace=_NAMESPACE, ResourceId=resource
            )
            views[resource.rpartition("/")[2]] = ScalingView(
                minimum=entry["MinCapacity"],
                maximum=entry["MaxCapacity"],
                suspended=_suspended(entry.get("SuspendedState", {})),
                policies=tuple(_policy_view(policy) for page in pages for policy in page["ScalingPolicies"]),
                schedules=_schedules(scaling, resource),
                activities=_activities(scaling, resource, activities),
            )
    return views


def _suspended(state: Mapping[str, object]) -> tuple[str, ...]:
    words = {
        "DynamicScalingInSuspended": "scaling in",
        "DynamicScalingOutSuspended": "scaling out",
        "ScheduledScalingSuspended": "schedules",
    }
    return tuple(word for name, word in words.items() if state.get(name))


def _policy_view(policy: "ScalingPolicyTypeDef") -> PolicyView:
    goal = ""
    tracking = policy.get("TargetTrackingScalingPolicyConfiguration")
    steps = policy.get("StepScalingPolicyConfiguration")
    if tracking:
        custom = tracking.get("CustomizedMetricSpecification", {})
        labels = [
            query.get("Label", "") for query in custom.get("Metrics", []) if query.get("ReturnData", True)
        ]
        metric = tracking.get("PredefinedMetricSpecification", {}).get("PredefinedMetricType")
        goal = f"{metric or custom.get('MetricName') or ''.join(labels) or 'metric math'} {tracking['TargetValue']:g}"
    elif steps:
        signs = [f"{step['ScalingAdjustment']:+d}" for step in steps.get("StepAdjustments", [])]
        goal = f"{steps.get('AdjustmentType', '')} {', '.join(signs)}"
    return PolicyView(
        name=policy["PolicyName"],
        kind=_POLICY_KINDS[policy["PolicyType"]],
        goal=goal,
        alarms=tuple(alarm["AlarmName"] for alarm in policy.get("Alarms", [])),
    )


def _schedules(scaling: "ApplicationAutoScalingClient", resource: str) -> tuple[str, ...]:
    pages = scaling.get_paginator("describe_scheduled_actions").paginate(
        ServiceNamespace=_NAMESPACE, ResourceId=resource
    )
    lines = []
    for action in (entry for page in pages for entry in page["ScheduledActions"]):
        limits = action.get("ScalableTargetAction", {})
        low, high = limits.get("MinCapacity"), limits.get("MaxCapacity")
        changes = [f"{word} {limit}" for word, limit in (("min", low), ("max", high)) if limit is not None]
        zone = action.get("Timezone", "UTC")
        lines.append(f"{action['ScheduledActionName']} {action['Schedule']} {zone}: {', '.join(changes)}")
    return tuple(lines)


def _activities(
    scaling: "ApplicationAutoScalingClient", resource: str, limit: int
) -> tuple[ActivityView, ...]:
    found = scaling.describe_scaling_activities(
        ServiceNamespace=_NAMESPACE, ResourceId=resource, MaxResults=limit, IncludeNotScaledActivities=True
    )["ScalingActivities"]
    return tuple(
        ActivityView(
            at=activity["StartTime"],
            ended=activity.get("EndTime"),
            description=activity["Description"],
            cause=activity["Cause"],
            status=activity["StatusCode"],
            not_scaled=tuple(reason["Code"] for reason in activity.get("NotScaledReasons", [])),
        )
        for activity in found
    )


def _alarms(target: Target, names: Sequence[str]) -> dict[str, "MetricAlarmTypeDef | CompositeAlarmTypeDef"]:
    found: dict[str, MetricAlarmTypeDef | CompositeAlarmTypeDef] = {}
    for start in range(0, len(names), _ALARMS_AT_A_TIME):
        answer = target.cloudwatch.describe_alarms(
            AlarmNames=names[start : start + _ALARMS_AT_A_TIME],
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
            MaxRecords=_ALARMS_AT_A_TIME,
        )
        found |= {alarm["AlarmName"]: alarm for alarm in answer.get("MetricAlarms", [])}
        found |= {alarm["AlarmName"]: alarm for alarm in answer.get("CompositeAlarms", [])}
    return found


def _alarm_view(
    name: str, role: str, policy: str, alarm: "MetricAlarmTypeDef | CompositeAlarmTypeDef | None"
) -> AlarmView:
    if alarm is None:
        reason = "declared, and does not exist"
        return AlarmView(name=name, role=role, policy=policy, state="MISSING", since=None, reason=reason)
    return AlarmView(
        name=name,
        role=role,
        policy=policy,
        state=alarm["StateValue"],
        since=alarm.get("StateTransitionedTimestamp") or alarm.get("StateUpdatedTimestamp"),
        reason=alarm.get("StateReason", ""),
    )
