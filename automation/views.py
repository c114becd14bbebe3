"""Show the fleet to a person: tables on a terminal, aligned plain text in a pipe."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from automation.observation import ActivityView, AlarmView, Observed, ScalingView

_GOOD = {"RUNNING", "HEALTHY", "healthy", "COMPLETED", "SUCCESSFUL", "Successful", "OK"}
_BAD = {"STOPPED", "UNHEALTHY", "FAILED", "ALARM", "MISSING", "Failed", "Unfulfilled"}
_BAD |= {"ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS", "STOPPED"}
# `TargetTracking-service/<cluster>/<service>-AlarmHigh-<uuid>`: only its side says something.
_TRACKING_ALARM = re.compile(r"TargetTracking-\S+?-(Alarm\w+)-[0-9a-f-]{36}")
_DATAPOINTS = re.compile(r"\[([^\]]+)\]")
_SHOWN_DATAPOINTS = 3
_ROUNDABOUT = re.compile(r"^Threshold Crossed: | \(minimum .* transition\)\.?$")


def fleet_view(services: Sequence[Observed]) -> RenderableType:
    """Draw every service with its deployments, tasks, scaling, alarms and newest events."""
    if not services:
        return Text("no services")
    return Group(*(part for service in services for part in _service_parts(service)))


def _service_parts(service: Observed) -> list[RenderableType]:
    pending = f", {service.pending} pending" if service.pending else ""
    parts: list[RenderableType] = [
        Text(f"{service.name}: {service.running} of {service.desired} tasks running{pending}", style="bold"),
        _deployment_table(service),
    ]
    if service.service_deployment:
        parts.append(_service_deployment_table(service))
    if service.tasks:
        parts.append(_task_table(service))
    if service.scaling:
        parts += _scaling_parts(service.scaling, service.desired)
    if service.alarms:
        parts.append(_alarm_table(service.alarms))
    parts += [Text(f"  {_clock(event.at)}  {event.message}") for event in service.events]
    parts.append(Text(""))
    return parts


def _deployment_table(service: Observed) -> Table:
    table = _table("deployment", "rollout", "revision", "running", "failed", "age", "reason")
    for deployment in service.deployments:
        table.add_row(
            deployment.status,
            _state(deployment.rollout),
            deployment.revision,
            f"{deployment.running}/{deployment.desired}",
            str(deployment.failed),
            _age(deployment.created),
            deployment.reason,
        )
    return table


def _service_deployment_table(service: Observed) -> Table:
    table = _table("service deployment", "status", "age", "took", "reason")
    newest = service.service_deployment
    if newest:
        took = _seconds((newest.finished - newest.created).total_seconds()) if newest.finished else "-"
        table.add_row(newest.id, _state(newest.status), _age(newest.created), took, newest.reason)
    return table


def _task_table(service: Observed) -> Table:
    table = _table("task", "status", "health", "target", "revision", "address", "age")
    for task in service.tasks:
        table.add_row(
            task.id[:12],
            _state(task.status),
            _state("-" if task.health == "UNKNOWN" else task.health),
            _state(task.target_health),
            task.revision,
            task.address,
            _age(task.started),
        )
    return table


def _scaling_parts(scaling: ScalingView, desired: int) -> Iterable[RenderableType]:
    limits = f"  scaling from {scaling.minimum} to {scaling.maximum} tasks, {desired} wanted now"
    if scaling.suspended:
        limits += f"; suspended: {', '.join(scaling.suspended)}"
    yield Text(limits)
    rows = [(policy.name, policy.kind, policy.goal) for policy in scaling.policies]
    rows += [("", "schedule", line) for line in scaling.schedules]
    if rows:
        table = _table("policy", "kind", "goal")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        yield table
    if scaling.activities:
        yield _activity_table(scaling.activities)


def _activity_table(activities: Iterable[ActivityView]) -> Table:
    table = _table("activity", "status", "what", "cause")
    for activity in activities:
        refused = ", ".join(activity.not_scaled)
        # At a limit already, or a deployment runs: nothing went wrong.
        status = Text("not scaled", style="dim") if refused else _state(activity.status)
        table.add_row(
            _clock(activity.at), status, refused or activity.description, Text(_short(activity.cause))
        )
    return table


def _alarm_table(alarms: Iterable[AlarmView]) -> Table:
    table = _table("alarm", "state", "since", "does", "reason")
    for alarm in alarms:
        role = f"scales by {alarm.policy}" if alarm.policy else alarm.role
        # An alarm that lets a policy act is no trouble.
        state = Text(alarm.state, style="yellow") if alarm.policy and alarm.state == "ALARM" else None
        table.add_row(
            Text(_short(alarm.name)),
            state or _state(alarm.state),
            _age(alarm.since),
            role,
            Text(_brief_reason(alarm.reason)),
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in columns:
        table.add_column(column)
    return table


def _short(text: str) -> str:
    return _TRACKING_ALARM.sub(r"\1", text)


def _brief_reason(reason: str) -> str:
    """What an alarm compared, with its newest datapoints only."""

    def newest(found: re.Match[str]) -> str:
        values = found[1].split(", ")
        more = ", …" if len(values) > _SHOWN_DATAPOINTS else ""
        return f"[{', '.join(values[:_SHOWN_DATAPOINTS])}{more}]"

    return _DATAPOINTS.sub(newest, _ROUNDABOUT.sub("", reason))


def _state(value: str) -> Text:
    bad = value in _BAD or value.startswith("unhealthy")
    return Text(value, style="green" if value in _GOOD else "red" if bad else "")


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S}"


def _age(moment: datetime | None) -> str:
    return "-" if moment is None else _seconds((datetime.now(UTC) - moment).total_seconds())


def _seconds(seconds: float) -> str:
    whole = max(0, int(seconds))
    if whole < 120:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole // 3600} h"
