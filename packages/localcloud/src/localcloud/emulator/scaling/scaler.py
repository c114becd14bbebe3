"""Changes services' desired counts: when an alarm sets a policy off, when a limit moves, when a schedule is due."""

import itertools
import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from localcloud.emulator import clock, upstream
from localcloud.emulator.ecs.state import Record, ServiceKey
from localcloud.emulator.scaling import schedule, tracking, tracking_alarms
from localcloud.emulator.scaling.model import (
    Activity,
    Policy,
    ScalableTarget,
    ScheduledAction,
    ServiceRef,
    Store,
)
from localcloud.emulator.scaling.steps import AdjustmentType, adjusted, chosen, parse

logger = logging.getLogger(__name__)
DEFAULT_COOLDOWN = 300
FULFILLED_SECONDS = 600.0


class Scaler:
    """Acts on ECS services; everything here runs on the event loop's thread.

    Args:
        store: What is registered.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- alarms -----------------------------------------------------------------------------------------------

    def alarm(self, policy_arn: str, alarm_name: str, threshold: float, values: Sequence[float]) -> bool:
        """Let a policy act because an alarm that names it is in state ALARM.

        Args:
            policy_arn: The alarm's action.
            alarm_name: The alarm.
            threshold: Its threshold.
            values: The values it was evaluated on, oldest first.

        Returns:
            Whether there is such a policy.
        """
        found = self._store.policy_of(policy_arn)
        if found is None:
            return False
        target, policy = found
        service = record_of(target.ref)
        if service is None or service["status"] != "ACTIVE":
            return True
        cause = f"monitor alarm {alarm_name} in state ALARM triggered policy {policy.name}"
        capacity = int(service["desiredCount"])
        if policy.kind == "StepScaling":
            self._step(target, policy, service, cause, values[-1] - threshold if values else 0.0)
        elif policy.kind == "TargetTrackingScaling":
            low = alarm_name == policy.alarms.get("Low")
            if low and not self._all_low(target):
                return True
            wanted = self._tracked(policy, capacity, values, scale_in=low)
            if low and wanted == capacity > target.minimum:
                # One task fewer would be too few at once.
                self._refuse(target.ref, cause, {"Code": "AutoScalingAnticipatedFlapping"})
                return True
            self._scale(target, policy, service, wanted, cause)
        return True

    def _step(
        self, target: ScalableTarget, policy: Policy, service: Record, cause: str, breach: float
    ) -> None:
        configuration = policy.configuration
        step = chosen(parse(configuration["StepAdjustments"]), breach)
        if step is None:
            return
        kind: AdjustmentType = configuration["AdjustmentType"]
        magnitude = configuration.get("MinAdjustmentMagnitude")
        capacity = int(service["desiredCount"])
        wanted = adjusted(capacity, step.adjustment, kind, minimum_magnitude=magnitude)
        if wanted == capacity:
            reason = {"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": capacity}
            self._refuse(target.ref, cause, reason)
            return
        if wanted > capacity:
            base = policy.cooldowns.base(capacity, time.monotonic(), self._cooldown(policy, "Cooldown"))
            wanted = max(capacity, adjusted(base, step.adjustment, kind, minimum_magnitude=magnitude))
        self._scale(target, policy, service, wanted, cause)

    def _tracked(self, policy: Policy, capacity: int, values: Sequence[float], *, scale_in: bool) -> int:
        goal = float(policy.configuration["TargetValue"])
        if scale_in:
            return tracking.wanted_capacity(capacity, values, goal, scale_in=True)
        base = policy.cooldowns.base(capacity, time.monotonic(), self._cooldown(policy, "ScaleOutCooldown"))
        return max(capacity, tracking.wanted_capacity(base, values, goal, scale_in=False))

    @staticmethod
    def _all_low(target: ScalableTarget) -> bool:
        """Whether every policy that may scale in wants to: the largest capacity that any of them needs wins."""
        followed = [policy for policy in target.policies.values() if policy.kind == "TargetTrackingScaling"]
        calm = all(tracking_alarms.state(policy, "High") != "ALARM" for policy in followed)
        return calm and all(tracking_alarms.state(policy, "Low") in {None, "ALARM"} for policy in followed)

    def _scale(
        self, target: ScalableTarget, policy: Policy, service: Record, wanted: int, cause: str
    ) -> None:
        capacity = int(service["desiredCount"])
        if wanted == capacity:
            return
        side = "Out" if wanted > capacity else "In"
        if target.suspended[f"DynamicScaling{side}Suspended"]:
            return
        limited = target.clamp(wanted)
        if (limited - capacity) * (wanted - capacity) <= 0:
            limit = "Max" if side == "Out" else "Min"
            bound = target.maximum if side == "Out" else target.minimum
            self._refuse(target.ref, cause, {"Code": f"AlreadyAt{limit}Capacity", f"{limit}Capacity": bound})
            return
        now = time.monotonic()
        if side == "In":
            names = (
                ("Cooldown",) * 2 if policy.kind == "StepScaling" else ("ScaleInCooldown", "ScaleOutCooldown")
            )
            seconds = [self._cooldown(policy, name) for name in names]
            if policy.cooldowns.blocks_scale_in(now, in_seconds=seconds[0], out_seconds=seconds[1]):
                return
            if any(entry["rolloutState"] == "IN_PROGRESS" for entry in service["deployments"]):
                # AWS switches scaling in off while a deployment runs, scaling out stays on.
                self._refuse(target.ref, cause, {"Code": "TargetServicePutResourceAsUnscalable"})
                return
        if self._set(target.ref, limited, cause):
            name = "Cooldown" if policy.kind == "StepScaling" else "ScaleOutCooldown"
            base = policy.cooldowns.base(capacity, now, self._cooldown(policy, name))
            policy.cooldowns.scaled(now, base if side == "Out" else capacity, limited)

    @staticmethod
    def _cooldown(policy: Policy, name: str) -> float:
        given = policy.configuration.get(name)
        return clock.shortened(DEFAULT_COOLDOWN if given is None else float(given))

    # -- limits and schedules ---------------------------------------------------------------------------------

    def pull_in(self, target: ScalableTarget) -> None:
        """Bring a service's desired count between its limits."""
        service = record_of(target.ref)
        if service is None or service["status"] != "ACTIVE":
            return
        capacity = int(service["desiredCount"])
        wanted = target.clamp(capacity)
        if wanted != capacity:
            side, limit = ("minimum", target.minimum) if wanted > capacity else ("maximum", target.maximum)
            self._set(target.ref, wanted, f"{side} capacity was set to {limit}")

    def tick(self) -> None:
        """Do what is due: scheduled actions, conclusions of activities, services that are gone."""
        for target in list(self._store.targets.values()):
            service = record_of(target.ref)
            if service is None or service["status"] == "INACTIVE":
                for policy in target.policies.values():
                    tracking_alarms.remove(policy)
                del self._store.targets[target.ref]
                continue
            for action in list(target.actions.values()):
                self._run_if_due(target, action)
        for activity in list(self._store.running_activities()):
            self._conclude(activity)

    def _run_if_due(self, target: ScalableTarget, action: ScheduledAction) -> None:
        now = datetime.now(UTC)
        due = schedule.next_occurrence(
            schedule.parse(action.schedule),
            after=action.handled,
            zone=ZoneInfo(action.zone),
            anchor=action.start or action.created,
            end=action.end,
        )
        if due is None or due > now:
            return
        action.handled = now
        if target.suspended["ScheduledScalingSuspended"]:
            return
        minimum = action.action.get("MinCapacity", target.minimum)
        maximum = action.action.get("MaxCapacity", target.maximum)
        # One limit alone moves the other when they would cross.
        if minimum > maximum:
            minimum, maximum = (minimum, minimum) if "MinCapacity" in action.action else (maximum, maximum)
        target.minimum, target.maximum = minimum, maximum
        what = f"min capacity to {minimum} and max capacity to {maximum}"
        activity = Activity(
            ref=target.ref,
            description=f"Setting {what}",
            cause=f"scheduled action name {action.name} was triggered",
            status="Successful",
            message=f"Successfully set {what}",
            ended=now,
        )
        self._store.add(activity)
        self.pull_in(target)

    # -- activities -------------------------------------------------------------------------------------------

    def _set(self, ref: ServiceRef, wanted: int, cause: str) -> bool:
        """Ask ECS for a count, and record it."""
        for earlier in list(self._store.running_activities()):
            if earlier.ref == ref:
                earlier.end("Overridden", f"{earlier.description} Overridden by a later scaling activity.")
        request = {"cluster": ref.cluster, "service": ref.service, "desiredCount": wanted}
        with upstream.responses.request_scope(ref.scope.account, ref.scope.region):
            status, _, body = upstream.ecs._ACTION_MAP["UpdateService"](request)
        activity = Activity(
            ref=ref,
            description=f"Setting desired count to {wanted}.",
            cause=cause,
            status="InProgress",
            message=f"Successfully set desired count to {wanted}. Waiting for change to be fulfilled by ecs.",
            wanted=wanted,
        )
        if status != 200:
            reason = json.loads(body).get("message", "")
            activity.end("Failed", f"Failed to set desired count to {wanted}. Reason: {reason}")
        self._store.add(activity)
        logger.info("%s: %s (%s)", ref.resource_id, activity.description, cause)
        return bool(status == 200)

    def _refuse(self, ref: ServiceRef, cause: str, reason: dict[str, object]) -> None:
        """Record once, not every minute, why an alarm changes nothing, until something does change."""
        own = (entry for entry in self._store.activities(ref.scope) if entry.ref == ref)
        since = itertools.takewhile(lambda entry: entry.not_scaled is not None, own)
        if any((entry.cause, entry.not_scaled) == (cause, reason) for entry in since):
            return
        activity = Activity(
            ref=ref,
            description="Attempting to scale due to alarm triggered",
            cause=cause,
            status="Failed",
            message=f"The capacity was not changed: {reason['Code']}.",
            not_scaled=reason,
            ended=datetime.now(UTC),
        )
        self._store.add(activity)

    def _conclude(self, activity: Activity) -> None:
        service = record_of(activity.ref)
        done = f"Successfully set desired count to {activity.wanted}."
        if service is None or int(service["desiredCount"]) != activity.wanted:
            activity.end("Overridden", f"{done} Another change has been made to the desired count since.")
        elif int(service["runningCount"]) == activity.wanted and int(service["pendingCount"]) == 0:
            activity.end("Successful", f"{done} Change successfully fulfilled by ecs.")
        elif (datetime.now(UTC) - activity.began).total_seconds() > FULFILLED_SECONDS:
            activity.end("Unfulfilled", f"{done} The change was not fulfilled by ecs.")


def record_of(ref: ServiceRef) -> Record | None:
    """The service's record in ECS."""
    return ServiceKey(ref.scope.account, ref.scope.region, f"{ref.cluster}/{ref.service}").record()
