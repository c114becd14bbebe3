"""Evaluates every alarm every few seconds, changes states, and sets actions off."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.emulator import clock, upstream
from localcloud.emulator.alarms import records, series
from localcloud.emulator.alarms.evaluation import COMPARISONS, EXTRA_PERIODS, State, next_state, reason
from localcloud.emulator.alarms.series import Window
from localcloud.emulator.metrics.expressions import UnsupportedExpressionError

logger = logging.getLogger(__name__)
# CloudWatch keeps calling a scaling policy while its alarm stays in the state that calls it.
REPEAT_SECONDS = 60.0
_ACTIONS: Mapping[State, str] = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}
# Lets a scaling policy act: its ARN, the alarm's name, threshold and values; False when there is no such policy.
ScalingAction = Callable[[str, str, float, list[float]], bool]
Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What an alarm was found to be."""

    values: list[float | None]
    breaching: list[bool | None]
    window: Window

    @property
    def real(self) -> list[float]:
        """The values there are, oldest first."""
        return [value for value in self.values if value is not None]


class Evaluator:
    """Alarms of every account and region; everything here runs on the event loop's thread.

    Args:
        shortest: The least length of a period here, in seconds: what the publisher can fill.
        scale: Called for an action that is a scaling policy.
    """

    def __init__(self, shortest: float, scale: ScalingAction) -> None:
        self._shortest = shortest
        self._scale = scale
        self._now = time.time()
        self._called: dict[Key, float] = {}
        self._reported: set[tuple[str, str]] = set()

    def tick(self, now: float) -> None:
        """Evaluate all alarms once.

        Args:
            now: Everything that happened before has been published; seconds since 1970.
        """
        self._now = now
        alarms = upstream.cloudwatch._alarms.all_items()
        self._called = {key: at for key, at in self._called.items() if key in dict(alarms)}
        for key, alarm in alarms:
            with upstream.responses.request_scope(key[0], key[1]):
                try:
                    self._evaluate(key, alarm)
                except UnsupportedExpressionError as error:
                    self._report(alarm, str(error))

    def actions(self, alarm: Mapping[str, Any], before: State, after: State, text: str) -> None:
        """Set off the actions of a new state; takes the place of MiniStack's, which knows topics only."""
        if not alarm.get("ActionsEnabled", True):
            return
        self._sns(alarm, before, after, text)
        for arn in alarm.get(_ACTIONS[after]) or []:
            if upstream.cloudwatch._is_sns_action_arn(arn):
                records.note(alarm["AlarmName"], "Action", f"Successfully executed action {arn}")
            elif not self._call(alarm, arn):
                self._report(alarm, f"the action {arn} is not emulated or does not exist")

    # -- one alarm --------------------------------------------------------------------------------------------

    def _evaluate(self, key: Key, alarm: dict[str, Any]) -> None:
        if alarm["ComparisonOperator"] not in COMPARISONS:
            self._report(alarm, "anomaly detection is not emulated; it stays as it is")
            return
        found = self.look(alarm)
        periods = int(alarm["EvaluationPeriods"])
        before: State = alarm["StateValue"]
        after = next_state(
            found.breaching,
            periods=periods,
            datapoints=int(alarm.get("DatapointsToAlarm") or periods),
            treatment=alarm.get("TreatMissingData") or "missing",
            current=before,
        )
        if after != before:
            self._change(alarm, found, before, after)
            self._called[key] = self._now
        elif after == "ALARM" and self._due_again(key, alarm):
            self._called[key] = self._now
            for arn in alarm["AlarmActions"] if alarm.get("ActionsEnabled", True) else ():
                if ":scalingPolicy:" in arn:
                    self._call(alarm, arn, found)

    def look(self, alarm: Mapping[str, Any]) -> Evaluated:
        """The datapoints of an alarm's evaluation range.

        Raises:
            UnsupportedExpressionError: Its metric math cannot be evaluated.
        """
        seconds = records.period_of(alarm)
        window = Window.ending(
            self._now,
            length=max(self._shortest, clock.shortened(seconds)),
            count=int(alarm["EvaluationPeriods"]) + EXTRA_PERIODS,
            seconds=seconds,
        )
        found = series.of_alarm(alarm, window)
        exceeds, _ = COMPARISONS[alarm["ComparisonOperator"]]
        threshold = float(alarm["Threshold"])
        breaching = [None if value is None else exceeds(value, threshold) for value in found]
        return Evaluated(values=found, breaching=breaching, window=window)

    def _due_again(self, key: Key, alarm: Mapping[str, Any]) -> bool:
        pause = max(self._shortest, clock.shortened(max(REPEAT_SECONDS, records.period_of(alarm))))
        return self._now - self._called.get(key, 0.0) >= pause - 1e-3

    def _change(self, alarm: dict[str, Any], found: Evaluated, before: State, after: State) -> None:
        periods = int(alarm["EvaluationPeriods"])
        text = reason(
            found.values,
            before=before,
            after=after,
            comparison=alarm["ComparisonOperator"],
            threshold=float(alarm["Threshold"]),
            periods=periods,
            datapoints=int(alarm.get("DatapointsToAlarm") or periods),
            treatment=alarm.get("TreatMissingData") or "missing",
        )
        data = _reason_data(alarm, found)
        now = time.time()
        alarm.update(
            StateValue=after,
            StateReason=text,
            StateReasonData=json.dumps(data),
            StateUpdatedTimestamp=now,
            StateTransitionedTimestamp=now,
        )
        name = str(alarm["AlarmName"])
        logger.info("alarm %s: %s -> %s (%s)", name, before, after, text)
        upstream.cloudwatch._record_history(name, before, after, text, reason_data=data)
        self.actions(alarm, before, after, text)
        upstream.cloudwatch._evaluate_parent_alarms(alarm)

    # -- actions ----------------------------------------------------------------------------------------------

    def _call(self, alarm: Mapping[str, Any], arn: str, found: Evaluated | None = None) -> bool:
        """Let a scaling policy act; False when the action is none."""
        if ":scalingPolicy:" not in arn:
            return False
        name = str(alarm["AlarmName"])
        values = (found or self.look(alarm)).real if alarm.get("ComparisonOperator") in COMPARISONS else []
        if not self._scale(arn, name, float(alarm.get("Threshold") or 0), values):
            return False
        if found is None:
            records.note(name, "Action", f"Successfully executed action {arn}")
        return True

    @staticmethod
    def _sns(alarm: Mapping[str, Any], before: State, after: State, text: str) -> None:
        sns_arns = [
            arn for arn in alarm.get(_ACTIONS[after]) or [] if upstream.cloudwatch._is_sns_action_arn(arn)
        ]
        if not sns_arns:
            return
        message = json.dumps(_message(alarm, before, after, text))
        subject = f'{after}: "{alarm["AlarmName"]}" in {upstream.responses.get_region()}'[:100]
        for arn in sns_arns:
            upstream.sns._fanout(arn, upstream.responses.new_uuid(), message, subject)

    def _report(self, alarm: Mapping[str, Any], text: str) -> None:
        """Say once what an alarm cannot do here."""
        entry = (str(alarm["AlarmArn"]), text)
        if entry not in self._reported:
            self._reported.add(entry)
            logger.warning("alarm %s: %s", alarm["AlarmName"], text)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def _reason_data(alarm: Mapping[str, Any], found: Evaluated) -> dict[str, Any]:
    window = found.window
    moments = [
        {"timestamp": _iso(window.start + place * window.length), "value": value}
        for place, value in enumerate(found.values)
        if value is not None
    ]
    return {
        "version": "1.0",
        "queryDate": _iso(time.time()),
        "startDate": _iso(window.start),
        "period": int(window.seconds),
        "recentDatapoints": found.real,
        "threshold": float(alarm["Threshold"]),
        "evaluatedDatapoints": list(reversed(moments)),
        **({"statistic": alarm["Statistic"]} if alarm.get("Statistic") else {}),
    }


def _message(alarm: Mapping[str, Any], before: State, after: State, text: str) -> dict[str, Any]:
    """What CloudWatch sends to a topic."""
    trigger = {
        name: alarm.get(name)
        for name in ("MetricName", "Namespace", "Unit", "Period", "EvaluationPeriods", "Metrics", "Threshold")
        if alarm.get(name) is not None
    }
    dimensions = [{"name": entry["Name"], "value": entry["Value"]} for entry in alarm.get("Dimensions") or []]
    return {
        "AlarmName": alarm["AlarmName"],
        "AlarmDescription": alarm.get("AlarmDescription"),
        "AWSAccountId": upstream.responses.get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": _iso(float(alarm["AlarmConfigurationUpdatedTimestamp"])),
        "NewStateValue": after,
        "NewStateReason": text,
        "StateChangeTime": _iso(time.time()),
        "Region": upstream.responses.get_region(),
        "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": before,
        "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
        "Trigger": {
            **trigger,
            "Statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
            "ComparisonOperator": alarm.get("ComparisonOperator"),
            "TreatMissingData": alarm.get("TreatMissingData"),
            "Dimensions": dimensions,
        },
    }
