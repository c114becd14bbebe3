"""What a stack tells the people who run it."""

from typing import Annotated

from pydantic import Field

from infra.settings.base import KeyArn, Model, Percent

Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["on-call@example.com"])]
HttpsUrl = Annotated[str, Field(pattern=r"^https://\S+$", examples=["https://events.example.com/sns"])]


class Alarms(Model):
    """Thresholds of a service's alarms. They notify, and they roll a deployment back."""

    error_percent: float = Field(default=5, gt=0, le=100)
    """Percent of requests answered with 5xx by the tasks."""

    latency_seconds: float = Field(default=2, gt=0)
    """99th percentile of the response time."""

    minimum_requests: int = Field(default=20, ge=1)
    """Requests per minute below which neither errors nor latency are judged: one failure in three is not an outage."""

    cpu_percent: Percent = 90
    """Average CPU of the tasks."""

    memory_percent: Percent = 90
    """Average memory of the tasks."""

    minutes: int = Field(default=3, ge=1, le=60)
    """Minutes in a row beyond a threshold."""


class Observability(Model):
    """Alarms, their subscribers, and the dashboard."""

    alarms: bool | None = None
    """Whether every service has its alarms; null for: exactly in production."""

    dashboard: bool | None = None
    """Whether the stack has a dashboard; null for: exactly in production."""

    emails: tuple[Email, ...] = ()
    """Addresses that get alarms and failed deployments; each has to confirm once."""

    webhooks: tuple[HttpsUrl, ...] = ()
    """HTTPS endpoints that get the same."""

    kms_key_arn: KeyArn | None = None
    """Key that encrypts the notifications; its policy must let CloudWatch and EventBridge use it."""
