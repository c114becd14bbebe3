"""The dashboard that a person on call keeps open: traffic, errors and latency on top, causes below."""

from collections.abc import Sequence
from typing import Any

WIDTH, HEIGHT = 8, 6


def body(*, region: str, cluster: str, load_balancer: str, services: Sequence[str]) -> dict[str, Any]:
    """Body of a CloudWatch dashboard.

    Args:
        region: Region of the metrics.
        cluster: Name of the ECS cluster.
        load_balancer: ARN suffix of the load balancer, `app/<name>/<id>`.
        services: Names of the services, in the order of the rows.
    """
    widgets = _balancer_row(region, load_balancer)
    for row, service in enumerate(sorted(services), start=1):
        widgets += _service_row(region, cluster, service, row * HEIGHT)
    return {"start": "-PT3H", "widgets": widgets}


def _balancer_row(region: str, load_balancer: str) -> list[dict[str, Any]]:
    def metric(name: str, stat: str, label: str) -> list[Any]:
        return ["AWS/ApplicationELB", name, "LoadBalancer", load_balancer, {"stat": stat, "label": label}]

    return [
        _widget(region, 0, 0, "Requests per minute", [metric("RequestCount", "Sum", "requests")]),
        _widget(
            region,
            1,
            0,
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
            0,
            "Response time in seconds",
            [
                metric("TargetResponseTime", stat, label)
                for stat, label in (("p50", "median"), ("p90", "p90"), ("p99", "p99"))
            ],
        ),
    ]


def _service_row(region: str, cluster: str, service: str, y: int) -> list[dict[str, Any]]:
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
    return [
        _widget(region, 0, y, f"{service}: percent of CPU and memory", utilization),
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
