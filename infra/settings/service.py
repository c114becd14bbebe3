"""One service: what runs, how large, how it is reached, how it changes."""

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from infra.pure.references import or_reference
from infra.pure.routing import RouteKey
from infra.settings.base import (
    Architecture,
    HostName,
    LateText,
    Model,
    PathPattern,
    Port,
    RetentionDays,
    VariableName,
)
from infra.settings.connections import Connection, SecurityGroup
from infra.settings.container import Build, Container, ImageReference, Sidecar
from infra.settings.deployment import Deployment
from infra.settings.observability import Alarms
from infra.settings.scaling import Scaling
from infra.settings.secrets import Permissions, SecretSource

CpuSize = Literal[256, 512, 1024, 2048, 4096, 8192, 16384]
DEFAULT_PORT = 5000
"""Where a container listens of which nothing says where: it is told so in its variable PORT."""

CPU_SIZES: tuple[CpuSize, ...] = get_args(CpuSize)


LogGroupName = Annotated[
    str, Field(pattern=or_reference(r"^[A-Za-z0-9_./#-]{1,512}$"), examples=["/shop/web"])
]
"""Name of a log group (CloudWatch Logs API, CreateLogGroup)."""


class Route(Model):
    """Requests of the load balancer that come here; without a condition, all that no other service takes."""

    paths: tuple[PathPattern, ...] = ()
    """Path patterns, `*` and `?` as wildcards."""

    hosts: tuple[HostName, ...] = ()
    """Host names, `*` and `?` as wildcards."""

    priority: int | None = Field(default=None, ge=1, le=49_998)
    """Position of the listener rule; null for one computed from how specific the route is."""

    enabled: bool = True
    """Whether the load balancer reaches the service at all; false for workers."""

    @property
    def key(self) -> RouteKey:
        """The route as the pure routing rules take it."""
        return RouteKey(hosts=self.hosts, paths=self.paths, priority=self.priority)


def _codes(matcher: str) -> str:
    """Codes and ranges of codes from 200 to 499 (ELB API, Matcher `HttpCode`); a range counts upwards."""
    for part in matcher.split(","):
        low, _, high = part.partition("-")
        if high and low > high:
            raise ValueError(f"{low} comes after {high}")
    return matcher


class HealthCheck(Model):
    """How the load balancer decides whether a task can take requests."""

    path: PathPattern | None = None
    """Path that answers when the app can serve; null for the one that the Dockerfile's HEALTHCHECK asks, or else /."""

    matcher: Annotated[str, AfterValidator(_codes)] = Field(
        default="200", pattern=r"^[2-4]\d\d(-[2-4]\d\d)?(,[2-4]\d\d(-[2-4]\d\d)?)*$", examples=["200-299"]
    )
    """HTTP codes that count as healthy."""

    interval: int = Field(default=15, ge=5, le=300)
    """Seconds between two checks of a task."""

    timeout: int = Field(default=5, ge=2, le=120)
    """Seconds until a check without an answer has failed; less than the interval."""

    healthy_threshold: int = Field(default=2, ge=2, le=10)
    """Checks in a row that make a task healthy."""

    unhealthy_threshold: int = Field(default=3, ge=2, le=10)
    """Checks in a row that make a task unhealthy."""

    grace_period: int = Field(default=60, ge=0, le=7200)
    """Seconds after a task's start in which failed checks do not count."""

    @property
    def asks_for(self) -> str:
        """The path that is asked."""
        return self.path or "/"


class Discovery(Model):
    """How other services of the stack find this one, by its name."""

    mode: Literal["serviceConnect", "dns"] = "serviceConnect"
    """serviceConnect balances, retries and measures calls through a proxy; dns is a record per task."""

    listen: bool = True
    """Whether others may call this service; false for one that only calls."""


class Service(Model):
    """One ECS service. Without any key: the folder `app`, built, on the port it exposes, answering every request."""

    build: Build = Build()
    """How the image is built; not used with `image`."""

    image: ImageReference | None = None
    """An image that was built elsewhere; null builds one."""

    port: Port | None = None
    """Port the container listens on, and its variable PORT; null for environment.PORT, or else for what the Dockerfile
    says (EXPOSE, a port in CMD, ENV PORT), or else for 5000."""

    cpu: CpuSize = 256
    """CPU units of a task; 1024 is one vCPU."""

    memory: int = Field(default=512, ge=128, le=122880)
    """Memory of a task in MiB; which sizes exist on Fargate depends on cpu."""

    architecture: Architecture = "x86_64"
    """Processor architecture: arm64 is about a fifth cheaper where the image can be built for it."""

    launch: Literal["fargate", "ec2"] = "fargate"
    """Capacity: Fargate, or the cluster's EC2 instances, whose tasks reach the internet through NAT only."""

    desired_count: int = Field(default=2, ge=0, le=5000)
    """Tasks that run; two survive the loss of a zone. With scaling, the number to begin with."""

    scaling: Scaling | None = None
    """Automatic scaling; null keeps desiredCount."""

    deployment: Deployment = Deployment()
    """How a new version takes over."""

    environment: Mapping[VariableName, LateText] = Field(default={})
    """Environment variables. They are readable in the task definition: no secrets."""

    secrets: Mapping[VariableName, SecretSource] = Field(default={})
    """Secrets as environment variables; a new version of one rolls the tasks."""

    permissions: Permissions = Permissions()
    """What the app may do in AWS."""

    connections: Mapping[
        Annotated[
            str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40, examples=["orders-db"])
        ],
        Connection,
    ] = Field(default={}, max_length=20)
    """What it reaches, name → connection: the door is opened there, the app is granted exactly what it needs, and finds
    address and secret in its environment.
    """

    security_groups: tuple[SecurityGroup, ...] = Field(default=(), max_length=3)
    """More security groups of its tasks, beside the service's own."""

    route: Route = Route()
    """Requests that the load balancer sends here."""

    health_check: HealthCheck = HealthCheck()
    """The load balancer's health check."""

    container: Container = Container()
    """How the container is confined."""

    sidecars: Mapping[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$", examples=["agent"])], Sidecar
    ] = Field(default={}, max_length=9)
    """Further containers of each task, name → sidecar; ten containers is ECS's quota for a task definition."""

    discovery: Discovery | None = None
    """Finding and being found inside the cluster's namespace; null for neither."""

    alarms: Alarms = Alarms()
    """Thresholds of the alarms."""

    deregistration_delay: int = Field(default=30, ge=0, le=3600)
    """Seconds in which the load balancer lets open requests finish before a task stops."""

    slow_start: int = Field(default=0, ge=0, le=900)
    """Seconds in which a new task's share of the requests grows, from 30 on; 0 for at once."""

    stop_timeout: int = Field(default=30, ge=1, le=120)
    """Seconds between SIGTERM and SIGKILL; at most the deregistration delay."""

    ephemeral_storage_gib: int | None = Field(default=None, ge=21, le=200)
    """Disk of a Fargate task; null for the 20 GiB that are included."""

    availability_zone_rebalancing: bool = True
    """Whether ECS moves tasks back into a zone that has recovered."""

    execute_command: bool = False
    """Whether people may open a shell in its containers; needs the cluster's executeCommand."""

    log_group: LogGroupName | None = None
    """A log group that exists, by name or as another stack's output; its retention is its owner's. null makes one."""

    log_retention_days: RetentionDays = 30
    """Days that log events are kept."""

    @property
    def said_by_environment(self) -> int | None:
        """The port that its variable PORT names; None where it names none."""
        said = self.environment.get("PORT", "")
        return int(said) if said.isascii() and said.isdecimal() and 0 < int(said) < 65536 else None

    @property
    def listens_on(self) -> int:
        """The port it is called on; what its Dockerfile says has gone into `port` when settings are loaded."""
        return self.port or self.said_by_environment or DEFAULT_PORT

    @property
    def foreign_images(self) -> list[str]:
        """Images of its containers that the stack does not build."""
        app = [self.image] if self.image else []
        return [*app, *(sidecar.image for _, sidecar in sorted(self.sidecars.items()))]

    @property
    def all_secrets(self) -> Mapping[str, SecretSource]:
        """Its own secrets, and those of its connections."""
        connected = (one.secrets(name) for name, one in self.connections.items())
        return {
            **self.secrets,
            **{variable: source for found in connected for variable, source in found.items()},
        }

    @property
    def is_called(self) -> bool:
        """Whether others call it through Service Connect."""
        return (
            self.discovery is not None and self.discovery.mode == "serviceConnect" and self.discovery.listen
        )

    @property
    def only_calls(self) -> bool:
        """Whether it calls others through Service Connect and none of them calls it."""
        return (
            self.discovery is not None
            and self.discovery.mode == "serviceConnect"
            and not self.discovery.listen
        )

    @property
    def target_groups(self) -> int:
        """Target groups that the load balancer needs for it."""
        if not self.route.enabled:
            return 0
        return 2 if self.deployment.needs_two_target_groups else 1
