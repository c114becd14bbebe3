"""Make a new stack's settings file from another's."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from automation.engines.workspace import StackSource
from localcloud.engine import Project
from localcloud.errors import LocalCloudError

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")
_REGION = re.compile(r"^(\s+aws:region:\s*)\S+", re.MULTILINE)
_REGION_NAME = re.compile(r"^[a-z]{2}(-[a-z]+)+-\d$")


def new_stack(folder: Path, name: str, *, settings_of: str, region: str | None = None) -> Path:
    """Write `Pulumi.<name>.yaml` as a copy of another stack's file, comments included.

    Secrets are encrypted for their own stack and cannot be copied: a file with secrets is refused.

    Args:
        folder: Folder of Pulumi.yaml.
        name: Name of the new stack.
        settings_of: Stack whose file is copied.
        region: AWS region; None keeps the copied one.

    Returns:
        The new file.

    Raises:
        LocalCloudError: The name is not allowed or taken, the region is none, or the file has secrets or is malformed.
    """
    if not _NAME.match(name):
        raise LocalCloudError(
            f"stack name {name!r}; allowed: up to 100 letters, digits, hyphens, underscores and dots"
        )
    if region is not None and not _REGION_NAME.match(region):
        raise LocalCloudError(
            f"region {region!r}; allowed: the name of an AWS region", fix="for example --region eu-west-1"
        )
    source = StackSource(folder=folder, stack=settings_of, settings_of=settings_of, overrides={})
    path = folder / f"Pulumi.{name}.yaml"
    if path.exists():
        raise LocalCloudError(f"{path} exists already", fix="choose another name, or edit the file")
    config = source.read_stack().get("config") or {}
    text = source.stack_file.read_text(encoding="utf-8")
    secrets = list(_secrets("", config))
    if secrets:
        raise LocalCloudError(
            f"{source.stack_file} has secrets, which are encrypted for stack {settings_of!r} alone",
            fix=f"copy the file without them, and set these again for the new stack: {', '.join(secrets)}",
        )
    lines = [line for line in text.splitlines() if not line.startswith(("encryptionsalt:", "encryptedkey:"))]
    text = "\n".join(lines) + "\n"
    if region:
        text, found = _REGION.subn(rf"\g<1>{region}", text)
        if not found:
            text = text.replace("config:\n", f"config:\n  aws:region: {region}\n", 1)
    path.write_text(text, encoding="utf-8")
    try:
        Project.load(folder, name)
    except LocalCloudError:
        path.unlink()
        raise
    return path


def _secrets(path: str, value: Any) -> Iterator[str]:
    """The keys whose values are encrypted."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            yield path
            return
        for key, inner in value.items():
            yield from _secrets(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _secrets(f"{path}[{index}]", inner)
