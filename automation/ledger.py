"""The release ledger: what ran when, by digest, kept where the stack runs.

Each service has one SSM parameter, `/<project>/<stack>/releases/<service>`; every release is a version of it. SSM keeps
the last hundred (Systems Manager API reference, GetParameterHistory), so that nothing needs pruning, every machine and
pipeline sees the same history, and the local cloud has one as well. It holds digests and names, no secrets.
"""

import getpass
import os
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydantic

from automation.target import Target
from localcloud.errors import LocalCloudError


@dataclass(frozen=True, kw_only=True)
class Release:
    """One version of a service that was deployed.

    Args:
        service: Name of the service in the settings.
        number: Its number, counted up from 1 for each service.
        image: The image, `repository@sha256:…`.
        task_definition: ARN of the task definition.
        at: When it was recorded.
        by: Who deployed it.
        commit: Commit of the project, with `+` when files had been changed; empty outside a git checkout.
        how: `up`, `rollback` or `promote`.
        source: What a rollback or promotion took it from, `dev#3`; empty otherwise.
        ok: Whether the deployment completed.
    """

    service: str
    number: int
    image: str
    task_definition: str
    at: datetime
    by: str
    commit: str
    how: str
    source: str
    ok: bool

    @property
    def digest(self) -> str:
        """`sha256:…` of the image."""
        return self.image.rpartition("@")[2]


class _Entry(pydantic.BaseModel):
    """What is written down; the number and the time are the parameter version's own."""

    image: str
    task_definition: str
    by: str
    commit: str = ""
    how: str = "up"
    source: str = ""
    ok: bool = True


class Ledger:
    """The releases of one stack.

    Args:
        target: The cloud the stack runs in.
        project: Name of the project.
    """

    def __init__(self, target: Target, project: str) -> None:
        self._target = target
        self._folder = f"/{project}/{target.stack}/releases"

    def releases(self, service: str) -> list[Release]:
        """A service's releases, newest first; none when it was never deployed."""
        ssm = self._target.ssm
        try:
            pages = ssm.get_paginator("get_parameter_history").paginate(Name=self._name(service))
            found = [item for page in pages for item in page["Parameters"]]
        except ssm.exceptions.ParameterNotFound:
            return []
        releases = []
        for item in found:
            try:
                entry = _Entry.model_validate_json(item["Value"])
            except pydantic.ValidationError:
                continue  # written by another version, or by hand: not something to fall over
            releases.append(
                Release(
                    service=service, number=item["Version"], at=item["LastModifiedDate"], **entry.model_dump()
                )
            )
        return sorted(releases, key=lambda release: release.number, reverse=True)

    def record(
        self,
        service: str,
        *,
        image: str,
        task_definition: str,
        ok: bool,
        how: str,
        source: str = "",
        folder: Path | None = None,
    ) -> None:
        """Write a release down, unless it is what the newest entry says already.

        Args:
            service: Name of the service in the settings.
            image: The image by digest.
            task_definition: ARN of the task definition.
            ok: Whether the deployment completed.
            how: `up`, `rollback` or `promote`.
            source: What it was taken from.
            folder: The project's folder, for the commit.
        """
        newest = next(iter(self.releases(service)), None)
        if newest and (newest.image, newest.task_definition, newest.ok) == (image, task_definition, ok):
            return
        entry = _Entry(
            image=image,
            task_definition=task_definition,
            by=person(),
            commit=commit_of(folder) if folder else "",
            how=how,
            source=source,
            ok=ok,
        )
        self._target.ssm.put_parameter(
            Name=self._name(service),
            Value=entry.model_dump_json(),
            Type="String",
            Overwrite=True,
            Description="Releases of this service; every version of the parameter is one.",
        )

    def find(self, service: str, wanted: str | None) -> Release:
        """The release to go back to.

        Args:
            service: Name of the service in the settings.
            wanted: A digest or its beginning, or a number; None for the newest completed release that is
                not the one that was asked for last.

        Raises:
            LocalCloudError: There is none, or the beginning of a digest fits several.
        """
        releases = self.releases(service)
        if wanted is None:
            completed = [release for release in releases if release.ok]
            if releases and not releases[0].ok:
                candidates = completed  # ECS has gone back to it already; now the program shall as well
            else:
                candidates = [release for release in completed if release.image != completed[0].image]
        elif wanted.removeprefix("#").isdecimal() and len(wanted) < 5:
            candidates = [release for release in releases if release.number == int(wanted.removeprefix("#"))]
        else:
            digits = wanted.removeprefix("sha256:")
            fits = [r for r in releases if r.digest.removeprefix("sha256:").startswith(digits)]
            candidates = fits if digits else []
            if len({release.digest for release in candidates}) > 1:
                raise LocalCloudError(
                    f"{wanted!r} fits several releases of {service!r}", fix="give more digits"
                )
        if not candidates:
            what = "an earlier release that completed" if wanted is None else f"release {wanted!r}"
            raise LocalCloudError(
                f"service {service!r} of stack {self._target.stack!r} has no {what}",
                fix=f"see what there is: {self._target.verb('releases')}",
            )
        return candidates[0]

    def find_current(self, service: str) -> Release:
        """The newest completed release.

        Raises:
            LocalCloudError: There is none.
        """
        found = next((release for release in self.releases(service) if release.ok), None)
        if found is None:
            raise LocalCloudError(
                f"service {service!r} of stack {self._target.stack!r} has no completed release",
                fix=f"deploy it first: {self._target.verb('up')}",
            )
        return found

    def forget(self, services: list[str]) -> None:
        """Delete the history of some services."""
        for service in services:
            try:
                self._target.ssm.delete_parameter(Name=self._name(service))
            except self._target.ssm.exceptions.ParameterNotFound:
                continue

    def _name(self, service: str) -> str:
        return f"{self._folder}/{service}"


def person() -> str:
    """Who runs this: the pipeline's actor, or the user's name."""
    return os.environ.get("GITHUB_ACTOR") or getpass.getuser()


def commit_of(folder: Path) -> str:
    """Short commit of a checkout, with `+` when tracked files differ from it; empty outside of one."""

    def git(*arguments: str) -> str:
        try:
            done = subprocess.run(
                ["git", "-C", str(folder), *arguments],
                capture_output=True,
                text=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "--short", "HEAD")
    return f"{commit}+" if commit and git("status", "--porcelain", "--untracked-files=no") else commit


def as_json(release: Release) -> dict[str, Any]:
    """A release as plain values."""
    return asdict(release) | {"at": release.at.astimezone(UTC).isoformat(timespec="seconds")}
