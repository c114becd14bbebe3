"""Setting one configuration value at a path, as `pulumi config set --path` does."""

from collections.abc import Sequence
from typing import Any

from localcloud.engine.paths import Path, parse_path
from localcloud.engine.project_keys import split_key
from localcloud.errors import LocalCloudError


def split_override(project: str, key: str) -> tuple[str, Path]:
    """Namespace and path of the key of an override: `services.web.cpu`, `aws:region`.

    Raises:
        LocalCloudError: What follows the namespace is no property path.
    """
    namespace, path = split_key(project, key)
    try:
        return namespace, parse_path(path)
    except ValueError as error:
        raise LocalCloudError(f"configuration key {key!r}: {error}") from None


def set_at(content: dict[str, Any], path: Sequence[str | int], text: str, key: str) -> None:
    """Set a value; mappings and lists on the way are made, and an index one beyond a list's end appends to it.

    Args:
        content: Where the path begins.
        path: Keys and indices, at least one.
        text: The value as it is typed.
        key: The whole key, for the message.

    Raises:
        LocalCloudError: The path leads through something that is neither a mapping nor a list, or beyond a list's end.
    """
    at: Any = content
    for step, following in zip(path, [*path[1:], None], strict=True):
        _require(at, step, key)
        last = following is None
        fresh: Any = typed(text) if last else [] if isinstance(following, int) else {}
        if isinstance(at, list) and step == len(at):
            at.append(fresh)
        elif last or (isinstance(at, dict) and step not in at):
            at[step] = fresh
        at = at[step]


def _require(at: Any, step: str | int, key: str) -> None:
    fits = (
        isinstance(step, str)
        if isinstance(at, dict)
        else isinstance(at, list) and isinstance(step, int) and step <= len(at)
    )
    if not fits:
        raise LocalCloudError(f"configuration key {key!r}: there is no {step!r} to set in {at!r}")


def typed(text: str) -> Any:
    """The value that `pulumi config set --path` makes of a text."""
    if text in {"true", "false"}:
        return text == "true"
    try:
        number = int(text)
    except ValueError:
        return text
    return number if str(number) == text else text
