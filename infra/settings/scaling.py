"""How many tasks a service has, decided by load and by the clock."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from infra.pure import schedules
from infra.settings.base import Model, Percent


def _checked(check: Callable[[str], None]) -> Callable[[str], str]:
    def checked(text: str) -> str:
        check(text)
        return text

    return checked


class TargetTracking(Model):
    """Keep the average utilization of the tasks near a percentage."""

    target: Percent = 60
    """Percent to keep; the rest is room for what comes while new tasks start."""


class RequestTracking(Model):
    """Keep the load balancer's requests per task near a number."""

    target: float = Field(gt=0)
    """Requests per task and minute."""


class StepScaling(Model):
    """Add and remove tasks when a CloudWatch alarm says so."""

    high: Percent = 75
    """Percent above which a task is added, and two from 15 points further up."""

    low: int = Field(default=25, ge=1, le=99)
    """Percent below which a task is removed."""

    minutes: int = Field(default=3, ge=1, le=60)
    """Minutes in a row beyond a threshold before anything happens; removing waits five times as long."""


class Schedule(Model):
    """Limits that apply from a time on."""

    cron: Annotated[str, AfterValidator(_checked(schedules.check))] = Field(
        examples=["cron(0 8 ? * MON-FRI *)"]
    )
    """When, as AWS writes it: `cron(0 8 ? * MON-FRI *)`, `at(2030-01-01T00:00:00)`."""

    timezone: Annotated[str, AfterValidator(_checked(schedules.check_zone))] = Field(
        default="UTC", examples=["Europe/Berlin"]
    )
    """Time zone of the expression, for example `Europe/Berlin`."""

    min: int = Field(ge=0, le=5000)
    """Fewest tasks from then on."""

    max: int = Field(ge=0, le=5000)
    """Most tasks from then on."""


class Predictive(Model):
    """Add tasks ahead of a daily or weekly rhythm; it never removes any."""

    mode: Literal["ForecastOnly", "ForecastAndScale"] = "ForecastOnly"
    """Whether to act on the forecast or only to show it."""

    target: Percent = 60
    """CPU percentage that the forecast aims at."""


class Scaling(Model):
    """Automatic scaling. With it, the number of tasks belongs to the autoscaler and a deployment leaves it alone."""

    min: int = Field(default=2, ge=0, le=5000)
    """Fewest tasks."""

    max: int = Field(default=10, ge=1, le=5000)
    """Most tasks."""

    cpu: TargetTracking | None = None
    """Track the CPU; null for not."""

    memory: TargetTracking | None = None
    """Track the memory; null for not."""

    requests_per_target: RequestTracking | None = None
    """Track the requests per task, both target groups of a gradual deployment together; null for not."""

    step_cpu: StepScaling | None = None
    """Steps on CPU alarms; null for none."""

    step_memory: StepScaling | None = None
    """Steps on memory alarms; null for none."""

    schedules: Mapping[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$", examples=["morning"])], Schedule
    ] = Field(default={})
    """Limits by the clock, name → schedule."""

    predictive: Predictive | None = None
    """Forecast the load; null for not."""

    scale_out_cooldown: int = Field(default=180, ge=0, le=3600)
    """Seconds after adding tasks before more are added for the same load; a larger load adds more at once. Less than a
    task takes to start, and a minute that it is measured, adds tasks that nobody needs.
    """

    scale_in_cooldown: int = Field(default=300, ge=0, le=3600)
    """Seconds after removing tasks before more are removed."""

    @property
    def acts(self) -> bool:
        """Whether anything ever changes the number of tasks."""
        tracked = (self.cpu, self.memory, self.requests_per_target, self.step_cpu, self.step_memory)
        forecast = self.predictive is not None and self.predictive.mode == "ForecastAndScale"
        return any(tracked) or bool(self.schedules) or forecast
