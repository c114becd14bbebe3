"""What Application Auto Scaling keeps: scalable targets, policies, scheduled actions, activities."""

import itertools
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from localcloud.emulator.scaling.cooldown import Cooldowns

NAMESPACE = "ecs"
DIMENSION = "ecs:service:DesiredCount"
KEPT_ACTIVITIES = 500
RUNNING = {"Pending", "InProgress"}


@dataclass(frozen=True)
class Scope:
    """An account in a region."""

    account: str
    region: str


@dataclass(frozen=True)
class ServiceRef:
    """The ECS service that a scalable target stands for."""

    scope: Scope
    cluster: str
    service: str

    @property
    def resource_id(self) -> str:
        """`service/<cluster>/<service>`."""
        return f"service/{self.cluster}/{self.service}"

    @property
    def words(self) -> str:
        """How AWS's error messages name it."""
        return (
            f"service namespace: {NAMESPACE}, resource ID: {self.resource_id}, "
            f"scalable dimension: {DIMENSION}"
        )


@dataclass
class Policy:
    """A scaling policy.

    Args:
        ref: Its target.
        name: Its name, unique for the target.
        kind: StepScaling, TargetTrackingScaling or PredictiveScaling.
        configuration: The type's configuration, as it was put.
        alarms: Names of the alarms a target tracking policy keeps, by side (`High`, `Low`).
    """

    ref: ServiceRef
    name: str
    kind: str
    configuration: Mapping[str, Any]
    arn: str = ""
    alarms: dict[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    cooldowns: Cooldowns = field(default_factory=Cooldowns)

    def __post_init__(self) -> None:
        if not self.arn:
            self.arn = _arn(self.ref, "scalingPolicy", "policyName", self.name)


@dataclass
class ScheduledAction:
    """A change of the limits at certain times.

    Args:
        ref: Its target.
        name: Its name, unique for the target.
        schedule: `cron(...)`, `rate(...)` or `at(...)`.
        zone: Name of the time zone.
        action: ScalableTargetAction.
        start: Nothing happens before.
        end: Nothing happens later.
    """

    ref: ServiceRef
    name: str
    schedule: str
    zone: str
    action: Mapping[str, int]
    start: datetime | None
    end: datetime | None
    arn: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    handled: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        if not self.arn:
            self.arn = _arn(self.ref, "scheduledAction", "scheduledActionName", self.name)


@dataclass
class ScalableTarget:
    """A service that may be scaled between two limits."""

    ref: ServiceRef
    minimum: int
    maximum: int
    role_arn: str
    suspended: dict[str, bool]
    tags: dict[str, str] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    actions: dict[str, ScheduledAction] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    arn: str = ""

    def __post_init__(self) -> None:
        scope = self.ref.scope
        prefix = f"arn:aws:application-autoscaling:{scope.region}:{scope.account}:scalable-target"
        self.arn = self.arn or f"{prefix}/{uuid.uuid4().hex}{uuid.uuid4().hex[:2]}"

    def clamp(self, capacity: int) -> int:
        """The nearest capacity within the limits."""
        return min(self.maximum, max(self.minimum, capacity))


@dataclass
class Activity:
    """One scaling activity, done or refused."""

    ref: ServiceRef
    description: str
    cause: str
    status: str
    message: str
    wanted: int | None = None
    not_scaled: Mapping[str, Any] | None = None
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def end(self, status: str, message: str) -> None:
        """Conclude it."""
        self.status, self.message, self.ended = status, message, datetime.now(UTC)


class Store:
    """Everything, of every account and region."""

    def __init__(self) -> None:
        self.targets: dict[ServiceRef, ScalableTarget] = {}
        self._activities: dict[Scope, list[Activity]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.targets.clear()
        self._activities.clear()

    def target(self, ref: ServiceRef) -> ScalableTarget | None:
        """One scalable target."""
        return self.targets.get(ref)

    def targets_in(self, scope: Scope) -> list[ScalableTarget]:
        """The targets of an account in a region, by name."""
        found = [target for target in self.targets.values() if target.ref.scope == scope]
        return sorted(found, key=lambda target: target.ref.resource_id)

    def policies_in(self, scope: Scope) -> list[Policy]:
        """Their policies."""
        return [policy for target in self.targets_in(scope) for policy in target.policies.values()]

    def policy_of(self, arn: str) -> tuple[ScalableTarget, Policy] | None:
        """The policy an alarm names as its action."""
        return next(
            (
                (target, policy)
                for target in self.targets.values()
                for policy in target.policies.values()
                if policy.arn == arn
            ),
            None,
        )

    def add(self, activity: Activity) -> Activity:
        """Record an activity; the oldest are forgotten (AWS keeps six weeks of them)."""
        kept = self._activities.setdefault(activity.ref.scope, [])
        kept.insert(0, activity)
        del kept[KEPT_ACTIVITIES:]
        return activity

    def activities(self, scope: Scope) -> list[Activity]:
        """The activities of an account in a region, newest first."""
        return list(self._activities.get(scope, ()))

    def running_activities(self) -> Iterator[Activity]:
        """The activities that are not concluded."""
        everything = itertools.chain.from_iterable(self._activities.values())
        return (activity for activity in list(everything) if activity.status in RUNNING)


def _arn(ref: ServiceRef, kind: str, label: str, name: str) -> str:
    scope = ref.scope
    prefix = f"arn:aws:autoscaling:{scope.region}:{scope.account}:{kind}:{uuid.uuid4()}"
    return f"{prefix}:resource/{NAMESPACE}/{ref.resource_id}:{label}/{name}"
