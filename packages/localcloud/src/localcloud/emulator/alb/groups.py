"""Target groups as the data plane needs them."""

import re
from dataclasses import dataclass

from localcloud.emulator.alb.model import STORE, TargetGroup


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """A target group's health check; intervals and timeouts in seconds."""

    enabled: bool
    protocol: str
    port: str
    path: str
    interval: int
    timeout: int
    healthy_threshold: int
    unhealthy_threshold: int
    matcher: str

    def accepts(self, status: int) -> bool:
        """Whether the matcher (`200`, `200,202` or `200-299`) names a status code."""
        for part in self.matcher.split(","):
            low, _, high = part.strip().partition("-")
            if low.isdigit() and int(low) <= status <= int(high or low):
                return True
        return False


def health_check_of(group: TargetGroup) -> HealthCheck:
    """The health check of a target group."""
    stated = group.health_check
    return HealthCheck(
        enabled=bool(stated.get("HealthCheckEnabled")),
        protocol=str(stated.get("HealthCheckProtocol") or "HTTP"),
        port=str(stated.get("HealthCheckPort") or "traffic-port"),
        path=str(stated.get("HealthCheckPath") or "/"),
        interval=int(stated["HealthCheckIntervalSeconds"]),
        timeout=int(stated["HealthCheckTimeoutSeconds"]),
        healthy_threshold=int(stated["HealthyThresholdCount"]),
        unhealthy_threshold=int(stated["UnhealthyThresholdCount"]),
        matcher=str((stated.get("Matcher") or {}).get("HttpCode") or "200"),
    )


def find(arn: str) -> TargetGroup | None:
    """A target group, from the account and region its ARN names."""
    return STORE.group(arn)


def attribute(arn: str, key: str, default: str) -> str:
    """One attribute of a target group."""
    group = STORE.group(arn)
    return group.attributes.get(key, default) if group is not None else default


def account_of(arn: str) -> str:
    """The account an ARN names."""
    return arn.split(":")[4]


def region_of(arn: str) -> str:
    """The region an ARN names."""
    return arn.split(":")[3]


def full_name(arn: str) -> str:
    """The part of an ARN that CloudWatch uses as dimension: `targetgroup/name/id`, or `app/name/id`."""
    return re.sub(r"^loadbalancer/", "", arn.split(":", 5)[5])
