"""The promise: under load a service grows, afterwards it shrinks, and its metrics say why."""

import functools
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from packages.localcloud.tests.emulator.stage import (
    Deployed,
    eventually,
)
from packages.localcloud.tests.scaling.services import CPU, Scaled

pytestmark = pytest.mark.docker


class Load:
    """Clients that ask for the expensive page as fast as it is answered."""

    def __init__(self, web: Deployed, clients: int) -> None:
        self.failures: list[Any] = []
        self.answered = 0
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=functools.partial(self._ask, web)) for _ in range(clients)]

    def _ask(self, web: Deployed) -> None:
        port = web.cloud.settings.port
        headers = {"Host": f"{web.name}.alb.localhost:{port}"}
        with httpx.Client(trust_env=False, timeout=30, headers=headers) as client:
            while not self._ended.is_set():
                try:
                    status = client.get(f"http://127.0.0.1:{port}/cgi-bin/burn").status_code
                except httpx.HTTPError as error:
                    self.failures.append(error)
                    continue
                self.answered += 1
                if status != 200:
                    self.failures.append(status)

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()


def statistics(
    web: Deployed, namespace: str, name: str, dimensions: dict[str, str], stat: str
) -> list[float]:
    now = datetime.now(UTC)
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    query = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 10, "Stat": stat}}
    answer = web.cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=[query], StartTime=now - timedelta(minutes=10), EndTime=now
    )
    return list(answer["MetricDataResults"][0]["Values"])


def test_a_service_grows_under_load_and_shrinks_afterwards(busy_web: Deployed) -> None:
    web = busy_web
    service = Scaled(web.cloud, web.name)
    service.register(1, 3)
    cooldowns = {"ScaleOutCooldown": 60, "ScaleInCooldown": 60}
    # Low, so that it holds on a machine that is busy with other things, too.
    service.put_policy("cpu", "TargetTrackingScaling", {"TargetValue": 15.0, **cooldowns, **CPU})

    with Load(web, clients=3) as load:
        eventually(lambda: len(web.tasks()) >= 3 and web.describe()["runningCount"] == 3, seconds=60)
        eventually(lambda: service.activities()[0]["StatusCode"] == "Successful", seconds=20)
        time.sleep(3)

    grown = [activity["Description"] for activity in service.activities()]
    assert "Setting desired count to 3." in grown
    assert "AlarmHigh" in service.activities()[0]["Cause"]
    eventually(lambda: web.describe()["runningCount"] == 1, seconds=90, pause=1)
    assert "AlarmLow" in service.activities()[0]["Cause"]
    assert load.failures == []

    balancer = web.cloud.client("elbv2").describe_load_balancers(Names=[web.name])["LoadBalancers"][0]
    named = {"LoadBalancer": balancer["LoadBalancerArn"].partition("loadbalancer/")[2]}
    group = {**named, "TargetGroup": web.group.split(":", 5)[5]}
    tasks = {"ClusterName": web.name, "ServiceName": web.name}
    requests = statistics(web, "AWS/ApplicationELB", "RequestCount", group, "Sum")
    assert sum(requests) == load.answered
    assert sum(statistics(web, "AWS/ApplicationELB", "HTTPCode_Target_2XX_Count", group, "Sum")) == sum(
        requests
    )
    assert 0 < max(statistics(web, "AWS/ApplicationELB", "TargetResponseTime", group, "p99")) < 30
    assert max(statistics(web, "AWS/ApplicationELB", "HealthyHostCount", group, "Maximum")) == 3
    # A quarter of a CPU is the task's limit: what is used is never much more.
    assert 15 < max(statistics(web, "AWS/ECS", "CPUUtilization", tasks, "Average")) < 130
    assert 0 < max(statistics(web, "AWS/ECS", "MemoryUtilization", tasks, "Average")) < 100


def test_steps_on_memory_alarms_follow_the_memory_that_containers_hold(busy_web: Deployed) -> None:
    web = busy_web
    service = Scaled(web.cloud, web.name)
    service.register(1, 3)
    memory = {
        "Namespace": "AWS/ECS",
        "MetricName": "MemoryUtilization",
        "Dimensions": [{"Name": f"{kind}Name", "Value": web.name} for kind in ("Cluster", "Service")],
    }
    high = service.alarm(
        service.step_policy(1, policy="out"), alarm=f"{web.name}-high", Threshold=45, **memory
    )
    low = service.alarm(
        service.step_policy(-1, policy="in"),
        alarm=f"{web.name}-low",
        Threshold=10,
        ComparisonOperator="LessThanThreshold",
        **memory,
    )

    assert web.cloud.get(web.name, "/cgi-bin/hold").text == "holding\n"
    eventually(lambda: service.desired() == 2, seconds=30)
    [grown, *_] = service.activities()
    assert grown["Cause"] == f"monitor alarm {high} in state ALARM triggered policy out"
    # 300 of 512 MiB, and a few for the server.
    dimensions = {"ClusterName": web.name, "ServiceName": web.name}
    used = statistics(web, "AWS/ECS", "MemoryUtilization", dimensions, "Maximum")
    assert 57 < max(used) < 70

    eventually(lambda: web.describe()["runningCount"] == 1 and service.desired() == 1, seconds=60)
    assert service.activities()[0]["Cause"] == f"monitor alarm {low} in state ALARM triggered policy in"
