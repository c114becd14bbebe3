"""The ECS cluster."""

from typing import Literal

from infra.settings.base import Model


class Cluster(Model):
    """The ECS cluster that all services of the stack run on."""

    container_insights: Literal["enhanced", "enabled", "disabled"] = "enhanced"
    """Metrics of tasks and containers in CloudWatch."""
