"""One service: what runs, how large, how it is reached."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from infra.pure.routing import RouteKey
from infra.settings.base import Model, Port


def _as_text(value: object) -> object:
    """Environment values are text; YAML reads `8080` and `true` as numbers and booleans."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_as_text)]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
PathPattern = Annotated[
    str, Field(max_length=128, pattern=r"^/[A-Za-z0-9_.$/~\"'@:+&*?-]*$", examples=["/api/*"])
]
HostName = Annotated[
    str,
    Field(
        max_length=128,
        pattern=r"^[A-Za-z0-9*?]([A-Za-z0-9*?.-]*[A-Za-z0-9*?])?$",
        examples=["api.example.com"],
    ),
]

RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]  # fmt: skip
"""Retention periods that CloudWatch Logs offers (PutRetentionPolicy)."""


class Build(Model):
    """An image built from source and pushed to a repository of the stack."""

    context: str = Field(default="app", min_length=1)
    """Folder that the Dockerfile copies from, relative to the project."""

    dockerfile: str = Field(default="Dockerfile", min_length=1)
    """The Dockerfile, relative to the context."""

    args: Mapping[VariableName, Text] = Field(default={})
    """Build arguments. They stay readable in the image: no secrets."""

    target: str | None = None
    """Stage of the Dockerfile to build; null for the last."""


class Route(Model):
    """Requests of the load balancer that come here; without a condition, all that no other service takes."""

    paths: tuple[PathPattern, ...] = ()
    """Path patterns, `*` and `?` as wildcards."""

    hosts: tuple[HostName, ...] = ()
    """Host names, `*` and `?` as wildcards."""

    priority: int | None = Field(default=None, ge=1, le=50000)
    """Position of the listener rule; null for one computed from how specific the route is."""

    enabled: bool = True
    """Whether the load balancer reaches the service at all; false for workers."""

    @property
    def key(self) -> RouteKey:
        """The route as the pure routing rules take it."""
        return RouteKey(hosts=self.hosts, paths=self.paths, priority=self.priority)


class HealthCheck(Model):
    """How the load balancer decides whether a task can take requests."""

    path: PathPattern = "/"
    """Path that answers when the app can serve."""

    matcher: str = Field(default="200", pattern=r"^[2-4]\d\d([,-][2-4]\d\d)*$", examples=["200-299"])
    """HTTP codes that count as healthy."""

    interval: int = Field(default=15, ge=5, le=300)
    """Seconds between two checks of a task."""

    timeout: int = Field(default=5, ge=2, le=120)
    """Seconds until a check without an answer has failed; less than the interval."""

    healthy_threshold: int = Field(default=2, ge=2, le=10)
    """Checks in a row that make a task healthy."""

    unhealthy_threshold: int = Field(default=3, ge=2, le=10)
    """Checks in a row that make a task unhealthy."""

    grace_period: int = Field(default=60, ge=0, le=2147483647)
    """Seconds after a task's start in which failed checks do not count."""


class Service(Model):
    """One ECS service. Without any key: the folder `app`, built, on port 5000, answering every request."""

    build: Build = Build()
    """How the image is built."""

    port: Port = 5000
    """Port the container listens on."""

    cpu: Literal[256, 512, 1024, 2048, 4096, 8192, 16384] = 256
    """CPU units of a task; 1024 is one vCPU."""

    memory: int = Field(default=512, ge=512, le=122880)
    """Memory of a task in MiB; which sizes exist depends on cpu."""

    desired_count: int = Field(default=2, ge=0, le=5000)
    """Tasks that run; two survive the loss of a zone."""

    environment: Mapping[VariableName, Text] = Field(default={})
    """Environment variables. They are readable in the task definition: no secrets."""

    route: Route = Route()
    """Requests that the load balancer sends here."""

    health_check: HealthCheck = HealthCheck()
    """The load balancer's health check."""

    deregistration_delay: int = Field(default=30, ge=0, le=3600)
    """Seconds in which the load balancer lets open requests finish before a task stops."""

    stop_timeout: int = Field(default=30, ge=1, le=120)
    """Seconds between SIGTERM and SIGKILL; at most the deregistration delay."""

    log_retention_days: RetentionDays = 30
    """Days that log events are kept."""
