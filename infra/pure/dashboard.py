"""The dashboard that a person on call keeps open: traffic, errors and latency on top, causes below."""

from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 8, 6
ALARMS_HEIGHT = 3
ALARMS_PER_WIDGET = 100
"""Limit of CloudWatch ("Dashboard body structure and syntax")."""


def body(
    *,
    region: str,
    cluster: str,
    load_balancer: str | None,
    services: Sequence[str],
    alarms: Sequence[str],
    insights: bool,
) -> dict[str, Any]:
    """Body of a CloudWatch dashboard.

    Args:
        region: Region of the metrics.
        cluster: Name of the ECS cluster.
        load_balancer: ARN suffix of the load balancer, `app/<name>/<id>`; None where there is none.
        services: Names of the services, in the order of the rows.
        alarms: ARNs of their alarms, whose states stand above everything else.
        insights: Whether the cluster has Container Insights, which counts tasks and bytes.
    """
    y = 0
    widgets = []
    for first in range(0, len(alarms), ALARMS_PER_WIDGET):
        widgets.append(_alarms_widget(alarms[first : first + ALARMS_PER_WIDGET], y))
        y += ALARMS_HEIGHT
    if load_balancer:
        widgets += _balancer_row(region, load_balancer, y)
        y += HEIGHT
    for service in sorted(services):
        widgets += _service_row(region, cluster, service, y, insights=insights)
        y += HEIGHT
    return {"start": "-PT3H", "widgets": widgets}


def _alarms_widget(alarms: Sequence[str], y: int) -> dict[str, Any]:
    return {
        "type": "alarm",
        "x": 0,
        "y": y,
        "width": 3 * WIDTH,
        "height": ALARMS_HEIGHT,
        "properties": {"title": "Alarms", "alarms": list(alarms)},
    }


def _balancer_row(region: str, load_balancer: str, y: int) -> list[dict[str, Any]]:
    def metric(name: str, stat: str, label: str) -> list[Any]:
        return ["AWS/ApplicationELB", name, "LoadBalancer", load_balancer, {"stat": stat, "label": label}]

    return [
        _widget(region, 0, y, "Requests per minute", [metric("RequestCount", "Sum", "requests")]),
        _widget(
            region,
            1,
            y,
            "Errors per minute",
            [
                metric("HTTPCode_Target_5XX_Count", "Sum", "5xx of the services"),
                metric("HTTPCode_ELB_5XX_Count", "Sum", "5xx of the load balancer"),
                metric("HTTPCode_Target_4XX_Count", "Sum", "4xx"),
            ],
        ),
        _widget(
            region,
            2,
            y,
            "Response time in seconds",
            [
                metric("TargetResponseTime", stat, label)
                for stat, label in (("p50", "median"), ("p90", "p90"), ("p99", "p99"))
            ],
        ),
    ]


def _service_row(region: str, cluster: str, service: str, y: int, *, insights: bool) -> list[dict[str, Any]]:
    where = ["ClusterName", cluster, "ServiceName", service]
    utilization = [
        ["AWS/ECS", "CPUUtilization", *where, {"stat": "Average", "label": "CPU"}],
        ["AWS/ECS", "MemoryUtilization", *where, {"stat": "Average", "label": "memory"}],
    ]
    tasks = [
        ["ECS/ContainerInsights", "RunningTaskCount", *where, {"stat": "Average", "label": "running"}],
        ["ECS/ContainerInsights", "DesiredTaskCount", *where, {"stat": "Average", "label": "desired"}],
    ]
    network = [
        ["ECS/ContainerInsights", "NetworkRxBytes", *where, {"stat": "Average", "label": "in"}],
        ["ECS/ContainerInsights", "NetworkTxBytes", *where, {"stat": "Average", "label": "out"}],
    ]
    load = _widget(region, 0, y, f"{service}: percent of CPU and memory", utilization)
    if not insights:
        return [load]
    return [
        load,
        _widget(region, 1, y, f"{service}: tasks", tasks),
        _widget(region, 2, y, f"{service}: bytes per second", network),
    ]


def _widget(region: str, column: int, y: int, title: str, metrics: list[list[Any]]) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": column * WIDTH,
        "y": y,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "period": 60,
            "metrics": metrics,
            "yAxis": {"left": {"min": 0}},
        },
    }
