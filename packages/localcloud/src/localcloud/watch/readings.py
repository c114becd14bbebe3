"""What the page shows, read through the AWS APIs of the local cloud."""

import re
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.config import Config
from botocore.session import Session

from localcloud.sdk_session import session_without_profiles
from localcloud.settings import CloudSettings
from localcloud.watch import lines
from localcloud.watch.lines import PERIOD, Line, Wanted

MINUTES = 10
# `TargetTracking-service/<cluster>/<service>-AlarmHigh-<uuid>`: the service and the side say everything.
_TRACKING_ALARM = re.compile(r"TargetTracking-service/[^/\s]+/(\S+?)-(Alarm\w+)-[0-9a-f-]{36}")

_STATE_UPDATE = re.compile(r"Alarm updated from (\S+) to (\S+)")


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


@dataclass
class Reader:
    """Reads the local cloud; task counts are remembered from one reading to the next.

    Args:
        settings: Which local cloud.
    """

    settings: CloudSettings
    _counts: dict[str, deque[tuple[float, int, int]]] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)
    _session: Session = field(default_factory=session_without_profiles)

    def document(self) -> dict[str, Any]:
        """Everything the page draws."""
        now = time.time()
        start = now - MINUTES * 60
        services = list(self._services())
        names = [service["serviceName"] for service in services]
        for service in services:
            service["_alone"] = names.count(service["serviceName"]) == 1
        self._remember(services, now)
        drawn = [*self._metric_lines(services, start, now), *self._task_lines(start)]
        drawn = [line for line in drawn if line.points and not lines.is_quiet(line)]
        # As much of the ten minutes as there is something to show of.
        start = max(start, min((line.points[0][0] for line in drawn), default=start) - PERIOD)
        marks = [mark for mark in self._marks(services) if mark.time >= start]
        return {
            "now": now,
            "start": start,
            "lines": [vars(line) for line in drawn],
            "marks": [vars(mark) for mark in sorted(marks, key=lambda mark: -mark.time)],
            "services": [_brief(service) for service in services],
            "alarms": self._alarms(),
        }

    def _client(self, name: str) -> Any:
        # Making one costs more than a reading does.
        if name not in self._clients:
            self._clients[name] = self._session.create_client(
                name,
                endpoint_url=self.settings.endpoint,
                region_name=self.settings.region,
                aws_access_key_id=self.settings.account_id,
                aws_secret_access_key="local",  # noqa: S106  the emulator checks none
                config=Config(connect_timeout=2, read_timeout=10, retries={"max_attempts": 1}),
            )
        return self._clients[name]

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
            kept = self._counts.setdefault(lines.owner_of(service), deque(maxlen=2000))
            kept.append((now, int(service["runningCount"]), int(service["desiredCount"])))

    def _task_lines(self, start: float) -> list[Line]:
        drawn = []
        for owner, counts in self._counts.items():
            recent = [entry for entry in counts if entry[0] >= start]
            for place, label in enumerate(("running", "desired"), 1):
                points = [(entry[0], float(entry[place])) for entry in recent]
                drawn.append(Line(chart="tasks", owner=owner, label=label, points=points))
        return drawn

    def _metric_lines(self, services: Sequence[Mapping[str, Any]], start: float, now: float) -> list[Line]:
        wanted = [*lines.service_metrics(services), *self._traffic_metrics(services)]
        if not wanted:
            return []
        queries = [lines.query(number, entry) for number, entry in enumerate(wanted)]
        answer = self._client("cloudwatch").get_metric_data(
            MetricDataQueries=queries,
            StartTime=datetime.fromtimestamp(start, UTC),
            EndTime=datetime.fromtimestamp(now, UTC),
        )
        found = {result["Id"]: result for result in answer["MetricDataResults"]}
        return lines.merged(
            (entry, lines.points(entry, found[f"m{number}"], now)) for number, entry in enumerate(wanted)
        )

    def _traffic_metrics(self, services: Sequence[Mapping[str, Any]]) -> Iterable[Wanted]:
        elbv2 = self._client("elbv2")
        balancers = {
            group["TargetGroupArn"]: group["LoadBalancerArns"]
            for group in elbv2.describe_target_groups()["TargetGroups"]
        }
        for service in services:
            for group in lines.target_groups(service):
                for balancer in balancers.get(group, []):
                    dimensions = {
                        "LoadBalancer": lines.full_name(balancer),
                        "TargetGroup": lines.full_name(group),
                    }
                    yield from lines.group_metrics(lines.owner_of(service), dimensions)
        for balancer in sorted({arn for arns in balancers.values() for arn in arns}):
            yield lines.balancer_errors(balancer)

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
                text=_short(
                    f"{activity['ResourceId'].rpartition('/')[2]}: {activity['Description']} {activity['Cause']}"
                ),
            )
            for activity in activities
        ]
        history = self._client("cloudwatch").describe_alarm_history(HistoryItemType="StateUpdate")
        marks += [
            Mark(
                time=item["Timestamp"].timestamp(),
                kind="alarm",
                text=_short(f"{item['AlarmName']}: {item['HistorySummary']}"),
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


def _brief(service: Mapping[str, Any]) -> dict[str, Any]:
    newest = service["deployments"][0] if service["deployments"] else {}
    return {
        "name": lines.owner_of(service),
        "running": service["runningCount"],
        "desired": service["desiredCount"],
        "pending": service["pendingCount"],
        "rollout": newest.get("rolloutState", ""),
        "reason": newest.get("rolloutStateReason", ""),
    }


def _short(text: str) -> str:
    return _STATE_UPDATE.sub(r"\1 → \2", _TRACKING_ALARM.sub(r"\1 \2", text))
