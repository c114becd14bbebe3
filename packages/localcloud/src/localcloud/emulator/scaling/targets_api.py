"""Operations on scalable targets, their tags and their activities."""

from collections.abc import Mapping
from typing import Any

from localcloud.emulator.ecs.state import ServiceKey
from localcloud.emulator.json_api import Refused, Request
from localcloud.emulator.scaling import requests, tracking_alarms
from localcloud.emulator.scaling.errors import invalid
from localcloud.emulator.scaling.model import Activity, ScalableTarget, ServiceRef, Store
from localcloud.emulator.scaling.scaler import Scaler

SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
TAG_LIMIT = 50


class TargetsApi:
    """RegisterScalableTarget and the operations around it."""

    def __init__(self, store: Store, scaler: Scaler) -> None:
        self._store = store
        self._scaler = scaler

    def register(self, request: Request) -> Request:
        """Register a service, or change what is given of a registered one; the count is pulled into the limits."""
        ref = requests.service_ref(request)
        key = ServiceKey(ref.scope.account, ref.scope.region, f"{ref.cluster}/{ref.service}")
        service = key.record()
        if service is None or service["status"] == "INACTIVE":
            raise invalid(f"ECS service doesn't exist: {ref.resource_id}")
        target = self._store.target(ref)
        minimum, maximum = _limits(request, target)
        if target is None:
            target = _new(ref, minimum, maximum, request)
            self._store.targets[ref] = target
        elif request.get("Tags"):
            raise invalid(
                "Tags can be given only when a scalable target is registered; use TagResource to change them."
            )
        target.minimum, target.maximum = minimum, maximum
        target.role_arn = str(request.get("RoleARN") or target.role_arn)
        suspended = request.get("SuspendedState") or {}
        target.suspended.update({name: bool(suspended[name]) for name in SUSPENSIONS if name in suspended})
        self._scaler.pull_in(target)
        return {"ScalableTargetARN": target.arn}

    def deregister(self, request: Request) -> Request:
        """Forget a target with its policies, their alarms and its scheduled actions."""
        target = requests.registered(self._store, request)
        for policy in target.policies.values():
            tracking_alarms.remove(policy)
        del self._store.targets[target.ref]
        return {}

    def describe(self, request: Request) -> Request:
        """Scalable targets."""
        wanted = set(request.get("ResourceIds") or [])
        found = [
            target
            for target in self._store.targets_in(requests.current_scope())
            if requests.concerns({**request, "ResourceId": None}, target.ref)
            and (not wanted or target.ref.resource_id in wanted)
        ]
        return requests.page(request, "ScalableTargets", found, _shown)

    def describe_activities(self, request: Request) -> Request:
        """Scaling activities, newest first; those that led to nothing only when asked for."""
        everything = bool(request.get("IncludeNotScaledActivities"))
        found = [
            activity
            for activity in self._store.activities(requests.current_scope())
            if requests.concerns(request, activity.ref) and (everything or activity.not_scaled is None)
        ]
        return requests.page(request, "ScalingActivities", found, _shown_activity)

    def tag(self, request: Request) -> Request:
        """Add tags to a scalable target."""
        target = self._tagged(request)
        tags = {**target.tags, **request["Tags"]}
        if len(tags) > TAG_LIMIT:
            raise Refused("TooManyTagsException", f"A scalable target can have at most {TAG_LIMIT} tags.")
        target.tags = tags
        return {}

    def untag(self, request: Request) -> Request:
        """Remove tags from a scalable target."""
        target = self._tagged(request)
        target.tags = {key: value for key, value in target.tags.items() if key not in request["TagKeys"]}
        return {}

    def list_tags(self, request: Request) -> Request:
        """The tags of a scalable target."""
        return {"Tags": dict(self._tagged(request).tags)}

    def _tagged(self, request: Request) -> ScalableTarget:
        arn = str(request["ResourceARN"])
        for target in self._store.targets_in(requests.current_scope()):
            if target.arn == arn:
                return target
        raise Refused("ResourceNotFoundException", f"The scalable target {arn} was not found.")


def _limits(request: Request, target: ScalableTarget | None) -> tuple[int, int]:
    values: dict[str, Any] = {
        "MinCapacity": target.minimum if target else None,
        "MaxCapacity": target.maximum if target else None,
    }
    values.update({name: request[name] for name in values if request.get(name) is not None})
    for name, value in values.items():
        if value is None:
            raise invalid(f"{name} must be specified when a scalable target is registered")
        if value < 0:
            raise invalid(f"{name} must not be negative")
    if values["MaxCapacity"] < values["MinCapacity"]:
        raise invalid("Maximum capacity cannot be less than minimum capacity")
    return int(values["MinCapacity"]), int(values["MaxCapacity"])


def _new(ref: ServiceRef, minimum: int, maximum: int, request: Request) -> ScalableTarget:
    tags = dict(request.get("Tags") or {})
    if len(tags) > TAG_LIMIT:
        raise invalid(f"A scalable target can have at most {TAG_LIMIT} tags.")
    return ScalableTarget(
        ref=ref,
        minimum=minimum,
        maximum=maximum,
        role_arn=(
            f"arn:aws:iam::{ref.scope.account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/"
            "AWSServiceRoleForApplicationAutoScaling_ECSService"
        ),
        suspended=dict.fromkeys(SUSPENSIONS, False),
        tags=tags,
    )


def _shown(target: ScalableTarget) -> Mapping[str, Any]:
    return {
        **requests.identity(target.ref),
        "MinCapacity": target.minimum,
        "MaxCapacity": target.maximum,
        "RoleARN": target.role_arn,
        "CreationTime": requests.timestamp(target.created),
        "SuspendedState": dict(target.suspended),
        "ScalableTargetARN": target.arn,
    }


def _shown_activity(activity: Activity) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "ActivityId": activity.id,
        **requests.identity(activity.ref),
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": requests.timestamp(activity.began),
        "StatusCode": activity.status,
        "StatusMessage": activity.message,
    }
    if activity.ended is not None:
        shown["EndTime"] = requests.timestamp(activity.ended)
    if activity.not_scaled is not None:
        shown["NotScaledReasons"] = [dict(activity.not_scaled)]
    return shown
