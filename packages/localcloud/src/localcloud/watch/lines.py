"""The lines of the page's charts: which metrics they are read from, and how they are put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PERIOD = 5
Point = tuple[float, float]
LOAD_BALANCER = "AWS/ApplicationELB"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chart.

    Args:
        chart: requests, latency, use or tasks.
        owner: Service, or load balancer, it is about: lines of one owner have one colour.
        label: What the legend says after the owner's name.
        points: Time in seconds since 1970, value.
    """

    chart: str
    owner: str
    label: str
    points: Sequence[Point]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A metric that a line, or a part of one, is read from; values are multiplied by `factor`."""

    chart: str
    owner: str
    label: str
    namespace: str
    metric: str
    stat: str
    dimensions: Mapping[str, str]
    factor: float = 1.0


def owner_of(service: Mapping[str, Any]) -> str:
    """The service's name; two stacks side by side have services of the same name."""
    name = str(service["serviceName"])
    return name if service["_alone"] else f"{service['clusterArn'].rpartition('/')[2]}/{name}"


def full_name(arn: str) -> str:
    """`app/name/id` of a load balancer, `targetgroup/name/id` of a target group: CloudWatch's dimensions."""
    resource = arn.split(":", 5)[5]
    return resource.removeprefix("loadbalancer/")


def target_groups(service: Mapping[str, Any]) -> set[str]:
    """The service's target groups; two during and after gradual deployments."""
    found = set()
    for balancer in service.get("loadBalancers", []):
        found.add(balancer.get("targetGroupArn"))
        found.add(balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn"))
    return {str(arn) for arn in found if arn}


def service_metrics(services: Sequence[Mapping[str, Any]]) -> Iterable[Wanted]:
    """CPU and memory of every service."""
    for service in services:
        cluster, name = service["clusterArn"].rpartition("/")[2], service["serviceName"]
        for what in ("CPU", "Memory"):
            yield Wanted(
                chart="use",
                owner=owner_of(service),
                label="memory" if what == "Memory" else what,
                namespace="AWS/ECS",
                metric=f"{what}Utilization",
                stat="Average",
                dimensions={"ClusterName": cluster, "ServiceName": name},
            )


def group_metrics(owner: str, dimensions: Mapping[str, str]) -> Iterable[Wanted]:
    """Requests, errors and response times of a target group."""
    for metric, label in (("RequestCount", "requests"), ("HTTPCode_Target_5XX_Count", "5xx")):
        yield Wanted(
            chart="requests",
            owner=owner,
            label=label,
            namespace=LOAD_BALANCER,
            metric=metric,
            stat="Sum",
            dimensions=dimensions,
            factor=1 / PERIOD,
        )
    for stat in ("p50", "p99"):
        yield Wanted(
            chart="latency",
            owner=owner,
            label=stat,
            namespace=LOAD_BALANCER,
            metric="TargetResponseTime",
            stat=stat,
            dimensions=dimensions,
            factor=1000,
        )


def balancer_errors(balancer: str) -> Wanted:
    """What a load balancer answers itself because no task could."""
    name = full_name(balancer)
    return Wanted(
        chart="requests",
        owner=name.split("/")[1],
        label="5xx of its own",
        namespace=LOAD_BALANCER,
        metric="HTTPCode_ELB_5XX_Count",
        stat="Sum",
        dimensions={"LoadBalancer": name},
        factor=1 / PERIOD,
    )


def merged(found: Iterable[tuple[Wanted, Mapping[float, float]]]) -> list[Line]:
    """One line where a service has two target groups: counts add up, the slower response time counts."""
    lines: dict[tuple[str, str, str], dict[float, float]] = {}
    for entry, points in found:
        line = lines.setdefault((entry.chart, entry.owner, entry.label), {})
        for at, value in points.items():
            before = line.get(at, 0.0)
            line[at] = before + value if entry.stat == "Sum" else max(before, value)
    return [
        Line(chart=chart, owner=owner, label=label, points=sorted(points.items()))
        for (chart, owner, label), points in lines.items()
    ]


def query(number: int, entry: Wanted) -> dict[str, Any]:
    """The GetMetricData query of a metric."""
    metric = {
        "Namespace": entry.namespace,
        "MetricName": entry.metric,
        "Dimensions": [{"Name": key, "Value": value} for key, value in entry.dimensions.items()],
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": PERIOD, "Stat": entry.stat}}


def points(entry: Wanted, result: Mapping[str, Any], now: float) -> dict[float, float]:
    """A query's answer by time; a counter that was not published is zero."""
    values = {
        moment.timestamp(): value * entry.factor
        for moment, value in zip(result["Timestamps"], result["Values"], strict=True)
    }
    if entry.stat == "Sum":
        # A counter that is not published has counted nothing; the newest period is not over.
        first = int(min(values, default=now) // PERIOD) * PERIOD
        values = {float(at): values.get(float(at), 0.0) for at in range(first, int(now) - PERIOD, PERIOD)}
    return values


def is_quiet(line: Line) -> bool:
    """Whether a line of errors has none, and would only hide the others."""
    return "5xx" in line.label and not any(value for _, value in line.points)
