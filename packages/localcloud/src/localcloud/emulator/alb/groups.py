"""Target groups as the data plane needs them, read from MiniStack's stores."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.emulator import upstream


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


def find(arn: str) -> Mapping[str, Any] | None:
    """The record of a target group, from the account and region its ARN names."""
    parts = arn.split(":")
    if len(parts) < 6:
        return None
    record: Mapping[str, Any] | None = upstream.alb._tgs.get_scoped(parts[4], parts[3], arn)
    return record


def health_check_of(group: Mapping[str, Any]) -> HealthCheck:
    """The health check of a target group record."""
    return HealthCheck(
        enabled=bool(group["HealthCheckEnabled"]),
        protocol=str(group["HealthCheckProtocol"]),
        port=str(group["HealthCheckPort"]),
        path=str(group["HealthCheckPath"] or "/"),
        interval=int(group["HealthCheckIntervalSeconds"]),
        timeout=int(group["HealthCheckTimeoutSeconds"]),
        healthy_threshold=int(group["HealthyThresholdCount"]),
        unhealthy_threshold=int(group["UnhealthyThresholdCount"]),
        matcher=str((group.get("Matcher") or {}).get("HttpCode") or "200"),
    )


def attribute(arn: str, key: str, default: str) -> str:
    """One attribute of a target group."""
    stored = upstream.alb._tg_attrs._data.get((account_of(arn), arn)) or []
    return next((str(entry["Value"]) for entry in stored if entry["Key"] == key), default)


def account_of(arn: str) -> str:
    """The account an ARN names."""
    return arn.split(":")[4]


def region_of(arn: str) -> str:
    """The region an ARN names."""
    return arn.split(":")[3]


def full_name(arn: str) -> str:
    """The part of an ARN that CloudWatch uses as dimension: `targetgroup/name/id`, or `app/name/id`."""
    return re.sub(r"^loadbalancer/", "", arn.split(":", 5)[5])
