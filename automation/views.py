"""Show the fleet to a person: tables on a terminal, aligned plain text in a pipe."""

from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from automation.fleet import ServiceView

_GOOD = {"RUNNING", "HEALTHY", "healthy", "COMPLETED"}
_BAD = {"STOPPED", "UNHEALTHY", "unhealthy", "FAILED"}


def fleet_view(services: tuple[ServiceView, ...]) -> RenderableType:
    """Draw every service with its deployments, tasks and newest events."""
    if not services:
        return Text("no services")
    return Group(*(part for service in services for part in _service_parts(service)))


def _service_parts(service: ServiceView) -> list[RenderableType]:
    pending = f", {service.pending} pending" if service.pending else ""
    parts: list[RenderableType] = [
        Text(f"{service.name}: {service.running} of {service.desired} tasks running{pending}", style="bold"),
        _deployment_table(service),
    ]
    if service.tasks:
        parts.append(_task_table(service))
    parts += [Text(f"  {event.at.astimezone(UTC):%H:%M:%S}  {event.message}") for event in service.events]
    parts.append(Text(""))
    return parts


def _deployment_table(service: ServiceView) -> Table:
    table = _table("deployment", "rollout", "revision", "running", "failed", "reason")
    for deployment in service.deployments:
        table.add_row(
            deployment.status,
            _state(deployment.rollout),
            deployment.revision,
            f"{deployment.running}/{deployment.desired}",
            str(deployment.failed),
            deployment.reason,
        )
    return table


def _task_table(service: ServiceView) -> Table:
    table = _table("task", "status", "target", "revision", "address", "age")
    for task in service.tasks:
        table.add_row(
            task.id[:12],
            _state(task.status),
            _state(task.target_health),
            task.revision,
            task.address,
            _age(task.started),
        )
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in columns:
        table.add_column(column)
    return table


def _state(value: str) -> Text:
    return Text(value, style="green" if value in _GOOD else "red" if value in _BAD else "")


def _age(started: datetime | None) -> str:
    if started is None:
        return "-"
    seconds = int((datetime.now(UTC) - started).total_seconds())
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
