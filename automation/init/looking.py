"""Look at a folder or file for services that something else describes already."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from automation.init import compose, copilot, dockerfile
from automation.init.entry import Entry, service_name
from localcloud.errors import LocalCloudError


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a folder describes.

    Args:
        entries: Its services.
        stack: Settings of the whole stack that they need.
        left: What is no service of the stack, with the reason.
    """

    entries: list[Entry]
    stack: dict[str, Any] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def look(path: Path, project: Path, *, name: str | None = None, environment: str | None = None) -> Finding:
    """Find the services of a folder: Copilot manifests first, then a Compose file, then a Dockerfile.

    Args:
        path: Folder, Compose file, Copilot manifest or Dockerfile.
        project: Folder of Pulumi.yaml, which build contexts are relative to.
        name: Name of the service; only where there is one. The folder's name when it is not given.
        environment: Copilot environment whose overrides count.

    Raises:
        LocalCloudError: Nothing there describes a service, or what does is malformed.
    """
    project = project.resolve()
    if not path.exists():
        raise LocalCloudError(
            f"{path} does not exist", fix="name a folder with a Dockerfile, or one of those files"
        )
    finding = _finding(path, project, environment)
    if name is not None:
        if len(finding.entries) != 1:
            found = ", ".join(entry.name for entry in finding.entries)
            raise LocalCloudError(f"{path} describes several services ({found}); --name is for one")
        finding.entries[0].name = service_name(name)
    return finding


def _finding(path: Path, project: Path, environment: str | None) -> Finding:
    manifests = [path] if copilot.is_manifest(path) else sorted(_manifests(path))
    if manifests:
        found = [copilot.read(manifest, project, environment) for manifest in manifests]
        cluster = {key: value for _, stack in found for key, value in stack.get("cluster", {}).items()}
        return Finding(entries=[entry for entry, _ in found], stack={"cluster": cluster} if cluster else {})
    file = path if path.is_file() and path.suffix in {".yaml", ".yml"} else None
    files = [file] if file else [path / known for known in compose.NAMES if (path / known).is_file()]
    if files:
        entries, stack, left = compose.read(files[0], project)
        return Finding(entries=entries, stack=stack, left=left)
    dockerfiles = [path] if path.is_file() else [path / "Dockerfile"]
    if not dockerfiles[0].is_file():
        raise LocalCloudError(
            f"{path} has no Dockerfile, no {compose.NAMES[0]} and no copilot/*/manifest.yml",
            fix="write a Dockerfile there first: https://docs.docker.com/build/concepts/dockerfile/",
        )
    return Finding(entries=[_from_dockerfile(dockerfiles[0], project)])


def _manifests(path: Path) -> Iterator[Path]:
    if path.is_dir():
        for folder in (path, path / "copilot"):
            yield from (found for found in folder.glob("*/manifest.y*ml") if folder.name == "copilot")


def _from_dockerfile(path: Path, project: Path) -> Entry:
    context = path.resolve().parent
    entry = Entry(name=service_name(context.name), origin=os.path.relpath(path, project))
    build: dict[str, Any] = {"context": os.path.relpath(context, project)}
    if path.name != "Dockerfile":
        build["dockerfile"] = path.name
    entry.set("build", build)
    dockerfile.describe(entry, path)
    return entry
