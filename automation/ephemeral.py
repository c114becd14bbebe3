"""Stacks with a time to live: one per pull request or test run, taken away when their time is over.

What is known of one is an SSM parameter `/<project>/ephemeral/<stack>` in the cloud it runs in, written before anything
else is made: a stack whose deployment was killed half-way is reaped as well.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pydantic
from botocore.exceptions import BotoCoreError, ClientError

from automation.engines.workspace import StackSource, stack_names
from automation.events import Deployment
from automation.identity import Identity
from automation.ledger import person
from automation.stacks import Stack
from automation.target import Target
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings

_NAME = re.compile(r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")
_DURATION = re.compile(r"^(\d+)([mhd])$")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST = timedelta(days=365)
# Nobody depends on one: its load balancer and images may go with it.
OVERRIDES = {"production": "false"}


class _Entry(pydantic.BaseModel):
    settings_of: str
    expires: datetime
    by: str


@dataclass(frozen=True, kw_only=True)
class Ephemeral:
    """An ephemeral stack.

    Args:
        stack: Its name.
        settings_of: Stack whose file describes it.
        expires: When it may be taken away.
        by: Who made it.
    """

    stack: str
    settings_of: str
    expires: datetime
    by: str

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return datetime.now(UTC) >= self.expires


def find_settings_of(name: str, folder: Path, local: CloudSettings | None) -> str:
    """Find the stack whose file describes an ephemeral stack.

    Args:
        name: Name of the ephemeral stack.
        folder: Folder of Pulumi.yaml.
        local: The local cloud to look in; None looks on AWS, in every region and account that a stack file names.

    Raises:
        LocalCloudError: There is no such ephemeral stack, or it cannot be found out.
    """
    sought = StackSource(folder=folder, stack=name, settings_of=name, overrides={})
    parameter = f"/{sought.project_name}/ephemeral/{name}"
    problem = ", and there is no ephemeral stack of that name"
    for region, identity in _places(folder, local):
        try:
            ssm = Target(stack=name, region=region, local=local, identity=identity).ssm
        except LocalCloudError as error:  # another stack's account is not everybody's
            problem = f", and ephemeral stacks cannot be looked up in {region}: {error}"
            continue
        try:
            found = ssm.get_parameter(Name=parameter)
            return _Entry.model_validate_json(found["Parameter"]["Value"]).settings_of
        except (ssm.exceptions.ParameterNotFound, pydantic.ValidationError):
            continue
        except (BotoCoreError, ClientError) as error:
            if local is None:  # a local cloud that does not answer has no stacks
                problem = f", and ephemeral stacks cannot be looked up in {region}: {error}"
    raise sought.missing(problem)


def _places(folder: Path, local: CloudSettings | None) -> Iterator[tuple[str, Identity]]:
    """The regions that the stack files name, each with the credentials it is looked into with."""
    places: dict[tuple[str, Identity], None] = {}
    for name in stack_names(folder):
        source = StackSource(folder=folder, stack=name, settings_of=name, overrides={})
        region = source.region or (local.region if local else "")
        if region:
            places[region, Identity() if local else source.identity] = None
    yield from sorted(places, key=str)


class Ephemerals:
    """The ephemeral stacks in one cloud.

    Args:
        target: The cloud and region they run in.
        project: Name of the project.
        opener: Opens a stack by name and by the stack whose file describes it, with overrides.
    """

    def __init__(
        self, target: Target, project: str, opener: Callable[[str, str, dict[str, str]], Stack]
    ) -> None:
        self._ssm = target.ssm
        self._folder = f"/{project}/ephemeral"
        self._opener = opener

    def up(
        self, name: str, *, settings_of: str, lives: timedelta, folder: Path, check: bool = True
    ) -> Deployment:
        """Deploy an ephemeral stack, or deploy it again with a new time to live.

        Args:
            name: Name of the stack, such as `pr-17`.
            settings_of: Stack whose file describes it.
            lives: Time to live from now on.
            folder: The project's folder.
            check: As of `Stack.up`.

        Raises:
            DeploymentFailed: As of `Stack.up`.
            LocalCloudError: The name is not allowed or belongs to a permanent stack.
        """
        if not _NAME.match(name):
            raise LocalCloudError(
                f"stack name {name!r}; allowed: 2 to 32 lower-case letters, digits and hyphens, a letter first"
            )
        if (folder / f"Pulumi.{name}.yaml").exists():
            raise LocalCloudError(
                f"{name!r} has a stack file of its own, so it is no ephemeral stack",
                fix="choose another name",
            )
        entry = _Entry(settings_of=settings_of, expires=datetime.now(UTC) + lives, by=person())
        self._ssm.put_parameter(
            Name=f"{self._folder}/{name}",
            Value=entry.model_dump_json(),
            Type="String",
            Overwrite=True,
            Description="An ephemeral stack; reaped when it expires.",
        )
        return self._opener(name, settings_of, OVERRIDES).up(check=check)

    def all(self) -> list[Ephemeral]:
        """Every ephemeral stack, those that expire first at the top."""
        pages = self._ssm.get_paginator("get_parameters_by_path").paginate(Path=self._folder)
        found = []
        for item in (item for page in pages for item in page["Parameters"]):
            try:
                entry = _Entry.model_validate_json(item["Value"])
            except pydantic.ValidationError:
                continue
            found.append(Ephemeral(stack=item["Name"].rpartition("/")[2], **entry.model_dump()))
        return sorted(found, key=lambda ephemeral: ephemeral.expires)

    def remove(self, ephemeral: Ephemeral) -> bool:
        """Destroy one with its history; False when something of it could not be deleted, and it stays listed."""
        stack = self._opener(ephemeral.stack, ephemeral.settings_of, OVERRIDES)
        services = list(stack.outputs().get("services", {}))
        if not stack.remove().ok:
            return False
        stack.ledger.forget(services)
        self._ssm.delete_parameter(Name=f"{self._folder}/{ephemeral.stack}")
        return True


def duration(text: str) -> timedelta:
    """A time to live: `30m`, `8h`, `2d`.

    Raises:
        LocalCloudError: It is not of that form.
    """
    found = _DURATION.match(text)
    lives = timedelta(**{_UNITS[found[2]]: int(found[1][:9])}) if found else timedelta(0)
    if not timedelta(0) < lives <= _LONGEST:
        raise LocalCloudError(
            f"time to live {text!r}; allowed: a number with m, h or d, at most 365d",
            fix="for example --ttl 8h",
        )
    return lives
