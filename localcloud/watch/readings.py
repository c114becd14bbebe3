"""What the page shows, read through the AWS APIs of the local cloud."""

import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3

from localcloud.settings import CloudSettings

PERIOD = 5
MINUTES = 10
Point = tuple[float, float]
LOAD_BALANCER = "AWS/ApplicationELB"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chart.

    Args:
        chart: requests, latency, use or tasks.
        label: What the legend says.
        points: Time in seconds since 1970, value.
    """

    chart: str
    label: str
    points: Sequence[Point]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """Something that happened.

    Args:
        time: Seconds since 1970.
        kind: scaling, alarm or deployment.
        text: What.
    """

    time: float
    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    chart: str
    label: str
    namespace: str
    metric: str
    stat: str
    dimensions: Mapping[str, str]
    factor: float = 1.0


@dataclass
class Reader:
    """Reads the local cloud; task counts are remembered from one reading to the next.

    Args:
        settings: Which local cloud.
    """

    settings: CloudSettings
    _counts: dict[str, deque[tuple[float, int, int]]] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Everything the page draws."""
        now = time.time()
        start = now - MINUTES * 60
        services = list(self._services())
        self._remember(services, now)
        lines = [*self._metric_lines(services, start, now), *self._task_lines(start)]
        lines = [line for line in lines if line.points and not _is_quiet(line)]
        # As much of the ten minutes as there is something to show of.
        start = max(start, min((line.points[0][0] for line in lines), default=start) - PERIOD)
        marks = [mark for mark in self._marks(services) if mark.time >= start]
        return {
            "now": now,
            "start": start,
            "lines": [vars(line) for line in lines],
            "marks": [vars(mark) for mark in sorted(marks, key=lambda mark: -mark.time)],
            "services": [_brief(service) for service in services],
            "alarms": self._alarms(),
        }

    def _client(self, name: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # the name is one of five
            name,
            endpoint_url=self.settings.endpoint,
            region_name=self.settings.region,
            aws_access_key_id=self.settings.account_id,
            aws_secret_access_key="local",  # noqa: S106  the emulator checks none
        )

    def _services(self) -> Iterable[dict[str, Any]]:
        ecs = self._client("ecs")
        for cluster in ecs.list_clusters()["clusterArns"]:
            arns = ecs.list_services(cluster=cluster, maxResults=100)["serviceArns"]
            for begin in range(0, len(arns), 10):
                yield from ecs.describe_services(cluster=cluster, services=arns[begin : begin + 10])[
                    "services"
                ]

    def _remember(self, services: Sequence[Mapping[str, Any]], now: float) -> None:
        for service in services:
            kept = self._counts.setdefault(service["serviceName"], deque(maxlen=2000))
            kept.append((now, int(service["runningCount"]), int(service["desiredCount"])))

    def _task_lines(self, start: float) -> list[Line]:
        lines = []
        for name, counts in self._counts.items():
            recent = [entry for entry in counts if entry[0] >= start]
            lines.append(
                Line(chart="tasks", label=f"{name} running", points=[(at, run) for at, run, _ in recent])
            )
            lines.append(
                Line(chart="tasks", label=f"{name} desired", points=[(at, want) for at, _, want in recent])
            )
        return lines

    def _metric_lines(self, services: Sequence[Mapping[str, Any]], start: float, now: float) -> list[Line]:
        wanted = [*_service_metrics(services), *self._balancer_metrics()]
        if not wanted:
            return []
        queries = [_query(number, entry) for number, entry in enumerate(wanted)]
        answer = self._client("cloudwatch").get_metric_data(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(now, UTC),
        )
        found = {result["Id"]: result for result in answer["MetricDataResults"]}
        return [_line(entry, found[f"m{number}"], now) for number, entry in enumerate(wanted)]

    def _balancer_metrics(self) -> Iterable[_Wanted]:
        for balancer in self._client("elbv2").describe_load_balancers()["LoadBalancers"]:
            name = balancer["LoadBalancerName"]
            dimensions = {"LoadBalancer": balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]}
            for metric, label in (
                ("RequestCount", "requests"),
                ("HTTPCode_Target_5XX_Count", "5xx of tasks"),
                ("HTTPCode_ELB_5XX_Count", "5xx of balancer"),
            ):
                yield _Wanted(
                    chart="requests",
                    label=f"{name} {label}",
                    namespace=LOAD_BALANCER,
                    metric=metric,
                    stat="Sum",
                    dimensions=dimensions,
                    factor=1 / PERIOD,
                )
            for stat in ("p50", "p99"):
                yield _Wanted(
                    chart="latency",
                    label=f"{name} {stat}",
                    namespace=LOAD_BALANCER,
                    metric="TargetResponseTime",
                    stat=stat,
                    dimensions=dimensions,
                    factor=1000,
                )

    def _marks(self, services: Sequence[Mapping[str, Any]]) -> list[Mark]:
        marks = [
            Mark(time=event["createdAt"].timestamp(), kind="deployment", text=event["message"])
            for service in services
            for event in service["events"]
        ]
        activities = self._client("application-autoscaling").describe_scaling_activities(
            ServiceNamespace="ecs"
        )["ScalingActivities"]
        marks += [
            Mark(
                time=activity["StartTime"].timestamp(),
                kind="scaling",
                text=f"{activity['ResourceId']}: {activity['Description']} {activity['Cause']}",
            )
            for activity in activities
        ]
        history = self._client("cloudwatch").describe_alarm_history(HistoryItemType="StateUpdate")
        marks += [
            Mark(
                time=item["Timestamp"].timestamp(),
                kind="alarm",
                text=f"{item['AlarmName']}: {item['HistorySummary']}",
            )
            for item in history["AlarmHistoryItems"]
        ]
        return marks

    def _alarms(self) -> list[dict[str, str]]:
        found = self._client("cloudwatch").describe_alarms(MaxRecords=100)["MetricAlarms"]
        return [
            {"name": alarm["AlarmName"], "state": alarm["StateValue"]}
            for alarm in found
            # A signal to the autoscaler, not to a person.
            if not alarm["AlarmName"].startswith("TargetTracking-")
        ]


def _service_metrics(services: Sequence[Mapping[str, Any]]) -> Iterable[_Wanted]:
    for service in services:
        cluster, name = service["clusterArn"].rpartition("/")[2], service["serviceName"]
        for what in ("CPU", "Memory"):
            yield _Wanted(
                chart="use",
                label=f"{name} {what.lower() if what == 'Memory' else what}",
                namespace="AWS/ECS",
                metric=f"{what}Utilization",
                stat="Average",
                dimensions={"ClusterName": cluster, "ServiceName": name},
            )


def _query(number: int, entry: _Wanted) -> dict[str, Any]:
    metric = {
        "Namespace": entry.namespace,
        "MetricName": entry.metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in entry.dimensions.items()],
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": PERIOD, "Stat": entry.stat}}


def _line(entry: _Wanted, result: Mapping[str, Any], now: float) -> Line:
    values = {
        moment.timestamp(): value * entry.factor
        for moment, value in zip(result["Timestamps"], result["Values"], strict=True)
    }
    if entry.stat == "Sum":
        # A counter that is not published has counted nothing; the newest period is not over.
        first = int(min(values, default=now) // PERIOD) * PERIOD
        values = {float(at): values.get(float(at), 0.0) for at in range(first, int(now) - PERIOD, PERIOD)}
    return Line(chart=entry.chart, label=entry.label, points=sorted(values.items()))


def _is_quiet(line: Line) -> bool:
    """Whether a line of errors has none, and would only hide the others."""
    return "5xx" in line.label and not any(value for _, value in line.points)


def _brief(service: Mapping[str, Any]) -> dict[str, Any]:
    newest = service["deployments"][0] if service["deployments"] else {}
    return {
        "name": service["serviceName"],
        "running": service["runningCount"],
        "desired": service["desiredCount"],
        "pending": service["pendingCount"],
        "rollout": newest.get("rolloutState", ""),
        "reason": newest.get("rolloutStateReason", ""),
    }
