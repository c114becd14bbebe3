"""How a service's image comes to be, and how its container is confined."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from infra.pure.references import or_reference
from infra.settings.base import AccountId, Architecture, KeyArn, LateText, Model, Text, User, VariableName
from infra.settings.secrets import ConfigKey

ImageReference = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9]([a-z0-9._:/-]*[a-z0-9])?(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$",
        examples=["ghcr.io/shop/web:1.4.2"],
    ),
]
"""An image with its tag or digest; a tag is resolved to its digest when the stack is deployed."""


TEMPORARY = "/tmp"  # noqa: S108  a folder of the container's own
"""Where programs put files for a moment; hardly any starts without it."""

WRITABLE_MIB = 64
"""MiB of a folder in memory, unless it is said otherwise: an eighth of the smallest usual task."""


class Repository(Model):
    """The ECR repository of a built image: tags never move, every push is scanned."""

    existing: (
        Annotated[
            str,
            Field(
                pattern=or_reference(r"^[a-z0-9]+([._/-]+[a-z0-9]+)*$"), max_length=256, examples=["shop/web"]
            ),
        ]
        | None
    ) = None
    """A repository of this account and region that exists, by name or as another stack's output; null makes one."""

    keep_images: int = Field(default=50, ge=2, le=1000)
    """Releases whose images stay for a rollback; `python -m automation up` deletes older ones, and never what runs."""

    untagged_days: int = Field(default=14, ge=1, le=365)
    """Days that images without a tag stay."""

    kms_key_arn: KeyArn | None = None
    """Customer-managed key that encrypts the images; null for ECR's own AES-256."""

    pull_accounts: tuple[AccountId, ...] = ()
    """Other AWS accounts that may pull, for example the one that the next environment is in."""


class Build(Model):
    """An image built from source and pushed to a repository of the stack."""

    context: str = Field(default="app", min_length=1)
    """Folder that the Dockerfile copies from, relative to the project."""

    dockerfile: str = Field(default="Dockerfile", min_length=1)
    """The Dockerfile, relative to the context."""

    args: Mapping[VariableName, Text] = Field(default={})
    """Build arguments. They stay readable in the image: no secrets."""

    secrets: Mapping[VariableName, ConfigKey] = Field(default={})
    """Build secrets, id → encrypted configuration value; `RUN --mount=type=secret,id=…` reads them."""

    target: str | None = None
    """Stage of the Dockerfile to build; null for the last."""

    platforms: tuple[Architecture, ...] = ()
    """Architectures to build for, among them the service's own; empty for that one alone."""

    cache: Literal["none", "inline", "registry"] = "none"
    """Where build layers are kept for the next machine: nowhere, in the image, or next to it in the repository."""

    repository: Repository = Repository()
    """Where the image is pushed."""

    digest: (
        Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$", examples=["sha256:" + "0123456789abcdef" * 4])]
        | None
    ) = None
    """An image in that repository that was built before, to run again without a build; null builds."""


class Ulimit(Model):
    """A limit on a resource of the container's processes."""

    soft: int = Field(ge=0)
    """Limit that a process may raise."""

    hard: int = Field(ge=0)
    """Limit up to which it may."""


UlimitName = Literal[
    "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
    "rtprio", "rttime", "sigpending", "stack",
]  # fmt: skip


class ContainerHealthCheck(Model):
    """A command in the container that tells whether it works."""

    command: tuple[str, ...] = Field(min_length=1, examples=["curl -f http://localhost:5000/healthz"])
    """The command and its arguments, without a shell; a single text goes through the shell. Docker's first words CMD
    and CMD-SHELL are understood; NONE as the first is for no check, whatever the image says."""

    interval: int = Field(default=30, ge=5, le=300)
    """Seconds between two runs."""

    timeout: int = Field(default=5, ge=2, le=60)
    """Seconds until a run has failed; less than the interval."""

    retries: int = Field(default=3, ge=1, le=10)
    """Failures in a row that make the container unhealthy."""

    start_period: int = Field(default=0, ge=0, le=300)
    """Seconds after the start in which failures do not count."""


class Container(Model):
    """How the container is confined."""

    user: User | None = None
    """User and group, `10001` or `10001:10001`; null for the image's own."""

    read_only_root_filesystem: bool = True
    """Whether the container cannot change its own files, `/tmp` apart; false where the image needs to."""

    writable_paths: tuple[Annotated[str, Field(pattern=r"^/[^,:]+$", examples=["/var/cache/app"])], ...] = ()
    """Further folders that any user of the container can write to. They are in memory, and empty at each start."""

    writable_mib: int = Field(default=WRITABLE_MIB, ge=1, le=61_440)
    """MiB that `/tmp`, and each of writablePaths, holds at most; what is in them is part of the task's memory."""

    init_process: bool = True
    """Run an init process that reaps children and passes signals on."""

    ulimits: Mapping[UlimitName, Ulimit] = Field(default={})
    """Resource limits, name → limit."""

    entry_point: tuple[str, ...] = ()
    """Replaces the image's entry point; empty for the image's own."""

    command: tuple[str, ...] = ()
    """Replaces the image's command; empty for the image's own."""

    health_check: ContainerHealthCheck | None = None
    """Command that ECS runs in the container; null for the Dockerfile's HEALTHCHECK, which ECS itself does not see."""

    @property
    def folders_in_memory(self) -> list[str]:
        """Every folder in memory: `/tmp` where nothing else is writable, and those that are asked for."""
        paths = [path.rstrip("/") for path in self.writable_paths]
        return list(dict.fromkeys([*([TEMPORARY] if self.read_only_root_filesystem else []), *paths]))


class Sidecar(Model):
    """A further container of each task."""

    image: ImageReference
    """Its image."""

    essential: bool = False
    """Whether the task stops when the container does."""

    memory: int | None = Field(default=None, ge=6)
    """MiB reserved for it; null for no share of its own."""

    environment: Mapping[VariableName, LateText] = Field(default={})
    """Environment variables."""

    command: tuple[str, ...] = ()
    """Replaces the image's command; empty for the image's own."""

    user: User | None = None
    """User and group; null for the image's own."""

    read_only_root_filesystem: bool = True
    """Whether the container can change its own files; false where the image needs to."""
