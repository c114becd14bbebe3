"""Operations on scheduled actions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localcloud.emulator.json_api import Refused, Request
from localcloud.emulator.scaling import requests, schedule
from localcloud.emulator.scaling.errors import invalid, unknown
from localcloud.emulator.scaling.model import ScheduledAction, Store

ACTION_LIMIT = 200
_LIMITS = ("MinCapacity", "MaxCapacity")


class SchedulesApi:
    """PutScheduledAction, DeleteScheduledAction, DescribeScheduledActions."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, request: Request) -> Request:
        """Make or change a scheduled action; start and end are dropped when they are not given again."""
        target = requests.registered(self._store, request)
        name = str(request["ScheduledActionName"])
        present = target.actions.get(name)
        text = str(request.get("Schedule") or (present.schedule if present else ""))
        zone = str(request.get("Timezone") or (present.zone if present else "UTC"))
        action = request.get("ScalableTargetAction") or (present.action if present else {})
        start, end = requests.moment(request.get("StartTime")), requests.moment(request.get("EndTime"))
        _check(text, zone, action, start, end)
        if present is None and len(target.actions) >= ACTION_LIMIT:
            raise Refused(
                "LimitExceededException",
                f"A scalable target can have at most {ACTION_LIMIT} scheduled actions",
            )
        made = ScheduledAction(
            ref=target.ref,
            name=name,
            schedule=text,
            zone=zone,
            action={key: int(action[key]) for key in _LIMITS if action.get(key) is not None},
            start=start,
            end=end,
        )
        if present is not None:
            made.arn, made.created = present.arn, present.created
        target.actions[name] = made
        return {}

    def delete(self, request: Request) -> Request:
        """Delete a scheduled action."""
        ref = requests.service_ref(request)
        target = self._store.target(ref)
        name = str(request["ScheduledActionName"])
        if target is None or target.actions.pop(name, None) is None:
            raise unknown(f"No scheduled action found for {ref.words}, scheduled action name: {name}")
        return {}

    def describe(self, request: Request) -> Request:
        """Scheduled actions."""
        wanted = set(request.get("ScheduledActionNames") or [])
        found = [
            action
            for target in self._store.targets_in(requests.current_scope())
            for action in target.actions.values()
            if requests.concerns(request, action.ref) and (not wanted or action.name in wanted)
        ]
        return requests.page(request, "ScheduledActions", found, _shown)


def _check(text: str, zone: str, action: Request, start: datetime | None, end: datetime | None) -> None:
    if not text:
        raise invalid("Schedule must be specified")
    try:
        schedule.parse(text)
    except schedule.InvalidScheduleError as error:
        raise invalid(f"Invalid schedule expression. Details: {error}") from None
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid(f"Invalid time zone: {zone}") from None
    minimum, maximum = (action.get(name) for name in _LIMITS)
    if minimum is None and maximum is None:
        raise invalid("At least one of MinCapacity and MaxCapacity must be specified")
    if any(value is not None and value < 0 for value in (minimum, maximum)):
        raise invalid("MinCapacity and MaxCapacity must not be negative")
    if minimum is not None and maximum is not None and maximum < minimum:
        raise invalid("Maximum capacity cannot be less than minimum capacity")
    if start is not None and end is not None and start >= end:
        raise invalid("StartTime must be before EndTime")


def _shown(action: ScheduledAction) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "ScheduledActionName": action.name,
        "ScheduledActionARN": action.arn,
        **requests.identity(action.ref),
        "Schedule": action.schedule,
        "Timezone": action.zone,
        "ScalableTargetAction": dict(action.action),
        "CreationTime": requests.timestamp(action.created),
    }
    for name, value in (("StartTime", action.start), ("EndTime", action.end)):
        if value is not None:
            shown[name] = requests.timestamp(value)
    return shown
