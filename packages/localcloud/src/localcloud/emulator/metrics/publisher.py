"""Metrics under the names and dimensions AWS gives them, every few seconds instead of every minute."""

import asyncio
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping

from localcloud.emulator import upstream
from localcloud.emulator.alb import groups
from localcloud.emulator.alb.model import STORE, TargetGroup
from localcloud.emulator.alb.registry import Registry
from localcloud.emulator.alb.traffic import Flow, Traffic
from localcloud.emulator.ecs import state
from localcloud.emulator.metrics import store
from localcloud.emulator.metrics.store import PUBLISH_SECONDS
from localcloud.emulator.metrics.usage import Sampler, Usage, service_of

logger = logging.getLogger(__name__)
ECS = "AWS/ECS"
INSIGHTS = "ECS/ContainerInsights"
LOAD_BALANCER = "AWS/ApplicationELB"


class Publisher:
    """Publishes what tasks use and what load balancers carry.

    Args:
        registry: Targets of the load balancers.
        traffic: What went through them.
        published: Called with the time up to which everything has been published, on the event loop's thread.
    """

    def __init__(self, registry: Registry, traffic: Traffic, published: Callable[[float], None]) -> None:
        self._registry = registry
        self._traffic = traffic
        self._published = published
        self._sampler = Sampler()

    async def run(self) -> None:
        """Publish for as long as the emulator lives.

        Points are stamped with the beginning of what they cover, in steps of the wall clock: a period as long as a
        step has a point for certain, and all of its points once it is over.
        """
        while True:
            due = (math.floor(time.time() / PUBLISH_SECONDS) + 1) * PUBLISH_SECONDS
            await asyncio.sleep(due - time.time())
            try:
                await self._publish(due - PUBLISH_SECONDS)
                self._published(due)
            except Exception:
                logger.exception("metrics")

    async def _publish(self, when: float) -> None:
        usages = await asyncio.to_thread(self._sampler.sample)
        self._publish_tasks(usages, when)
        self._publish_services(when)
        self._publish_traffic(when)
        self._publish_hosts(when)
        store.evict()

    def _publish_tasks(self, usages: list[Usage], now: float) -> None:
        """CPUUtilization and MemoryUtilization of services and clusters, one value per task."""
        for usage in usages:
            account, region = _owner(usage.task["taskArn"])
            named = service_of(usage.task)
            cluster = str(usage.task["clusterArn"]).rpartition("/")[2]
            with upstream.responses.request_scope(account, region):
                for dimensions in _service_and_cluster(cluster, named[1] if named else None):
                    for name, value in (("CPU", usage.cpu_percent), ("Memory", usage.memory_percent)):
                        store.put(ECS, f"{name}Utilization", dimensions, {value: 1}, unit="Percent", when=now)
                    if _has_insights(cluster):
                        _put_insights(usage, dimensions, now)

    def _publish_services(self, now: float) -> None:
        """The task counts of Container Insights."""
        for key, service in state.services():
            with key.scope():
                if not _has_insights(key.cluster) or service["status"] != "ACTIVE":
                    continue
                dimensions = {"ClusterName": key.cluster, "ServiceName": service["serviceName"]}
                for name, value in (
                    ("RunningTaskCount", service["runningCount"]),
                    ("PendingTaskCount", service["pendingCount"]),
                    ("DesiredTaskCount", service["desiredCount"]),
                    ("DeploymentCount", len(service["deployments"])),
                ):
                    store.put(INSIGHTS, name, dimensions, {float(value): 1}, unit="Count", when=now)

    def _publish_traffic(self, now: float) -> None:
        for (balancer, group), flow in self._traffic.take().items():
            with upstream.responses.request_scope(groups.account_of(balancer), groups.region_of(balancer)):
                for dimensions in _balancer_dimensions(balancer, group):
                    self._put_flow(flow, dimensions, now)
                if group is not None:
                    self._put_per_target(flow, balancer, group, now)

    def _put_flow(self, flow: Flow, dimensions: Mapping[str, str], now: float) -> None:
        counts: Counter[str] = Counter({"RequestCount": flow.requests})
        for code, count in flow.target_codes.items():
            counts[f"HTTPCode_Target_{code // 100}XX_Count"] += count
        for code, count in flow.balancer_codes.items():
            counts[f"HTTPCode_ELB_{code // 100}XX_Count"] += count
            if code in {500, 502, 503, 504}:
                counts[f"HTTPCode_ELB_{code}_Count"] += count
        counts["TargetConnectionErrorCount"] += flow.connection_errors
        for name, count in counts.items():
            if count:
                store.put(LOAD_BALANCER, name, dimensions, {float(count): 1}, unit="Count", when=now)
        if flow.seconds:
            times = Counter(rounded(seconds) for seconds in flow.seconds)
            store.put(LOAD_BALANCER, "TargetResponseTime", dimensions, times, unit="Seconds", when=now)

    def _put_per_target(self, flow: Flow, balancer: str, group: str, now: float) -> None:
        healthy = sum(target.state == "healthy" for target in self._registry.targets(group))
        value = flow.requests / max(1, healthy)
        for dimensions in ({"TargetGroup": groups.full_name(group)}, *_balancer_dimensions(balancer, group)):
            store.put(LOAD_BALANCER, "RequestCountPerTarget", dimensions, {value: 1}, unit="Count", when=now)

    def _publish_hosts(self, now: float) -> None:
        """HealthyHostCount and UnHealthyHostCount of every target group in use."""
        for (account, name), region in STORE.everything():
            with upstream.responses.request_scope(account, name):
                for group in region.target_groups.values():
                    self._publish_hosts_of(group, now)

    def _publish_hosts_of(self, group: TargetGroup, now: float) -> None:
        targets = self._registry.targets(group.arn)
        for balancer in group.load_balancers:
            for dimensions in _balancer_dimensions(balancer, group.arn):
                for name, wanted in (("Healthy", "healthy"), ("UnHealthy", "unhealthy")):
                    count = float(sum(target.state == wanted for target in targets))
                    store.put(
                        LOAD_BALANCER, f"{name}HostCount", dimensions, {count: 1}, unit="Count", when=now
                    )


def _owner(arn: str) -> tuple[str, str]:
    parts = arn.split(":")
    return parts[4], parts[3]


def _service_and_cluster(cluster: str, service: str | None) -> list[dict[str, str]]:
    found = [{"ClusterName": cluster}]
    return [*found, {"ClusterName": cluster, "ServiceName": service}] if service else found


def _balancer_dimensions(balancer: str, group: str | None) -> list[dict[str, str]]:
    named = {"LoadBalancer": groups.full_name(balancer)}
    return [named if group is None else {**named, "TargetGroup": groups.full_name(group)}]


def _has_insights(cluster: str) -> bool:
    record = upstream.ecs._clusters.get(cluster) or {}
    settings = record.get("settings") or []
    return any(entry["name"] == "containerInsights" and entry["value"] != "disabled" for entry in settings)


def _put_insights(usage: Usage, dimensions: Mapping[str, str], now: float) -> None:
    for name, value, unit in (
        ("CpuUtilized", usage.cpu_units, "None"),
        ("CpuReserved", usage.cpu_reserved, "None"),
        ("MemoryUtilized", usage.memory_mib, "Megabytes"),
        ("MemoryReserved", usage.memory_reserved, "Megabytes"),
    ):
        store.put(INSIGHTS, name, dimensions, {value: 1}, unit=unit, when=now)


def rounded(seconds: float) -> float:
    """A response time to two digits: near enough for any percentile, and few enough different values to keep."""
    if seconds <= 0:
        return 0.0
    return round(seconds, 1 - math.floor(math.log10(seconds)))
