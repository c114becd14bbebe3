"""Content hash of a Docker build, the same on every machine.

It covers what the build can see (files that `.dockerignore` lets through, their executable bit, symbolic
links) and how it is built (Dockerfile, arguments, target, platforms), and nothing that differs between two
checkouts of the same content: no times, owners, absolute paths, empty folders or order of directory listings.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pathspec import PathSpec, Pattern

TAG_LENGTH = 20
"""Hex digits of an image tag: 80 bits, far from any collision within one repository."""


def build_hash(
    context: Path,
    dockerfile: Path,
    *,
    args: Mapping[str, str],
    target: str | None = None,
    platforms: Sequence[str] = (),
) -> str:
    """Hash of everything that decides what a build produces, as lower-case hex digits fit for an image tag.

    Args:
        context: Folder that the Dockerfile copies from.
        dockerfile: The Dockerfile, in or outside the context.
        args: Build arguments.
        target: Stage that is built; None for the last.
        platforms: Platforms in Docker's form, such as `linux/amd64`.

    Raises:
        FileNotFoundError: The context is not a folder or the Dockerfile is not a file.
    """
    if not context.is_dir():
        raise FileNotFoundError(f"{context} is not a folder")
    if not dockerfile.is_file():
        raise FileNotFoundError(f"{dockerfile} is not a file")
    digest = hashlib.sha256()
    recipe = {"args": dict(args), "target": target, "platforms": sorted(platforms)}
    _add(digest, "recipe", json.dumps(recipe, sort_keys=True).encode())
    _add(digest, "dockerfile", dockerfile.read_bytes())
    for name, content in _entries(context, _ignore_rules(context, dockerfile)):
        _add(digest, name, content)
    return digest.hexdigest()[:TAG_LENGTH]


def _add(digest: "hashlib._Hash", name: str, content: bytes) -> None:
    """Add one length-prefixed record, so that no two lists of records have the same bytes."""
    digest.update(f"{len(name.encode())}:{name}:{len(content)}:".encode())
    digest.update(content)


def _entries(context: Path, ignored: PathSpec[Pattern]) -> Iterator[tuple[str, bytes]]:
    """Files and symbolic links of a context in the order of their paths, each with its kind in the name."""
    found: list[tuple[str, Path]] = []
    for folder, folders, files in os.walk(context):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in [*files, *links]:
            path = Path(folder) / name
            relative = path.relative_to(context).as_posix()
            if not ignored.match_file(relative):
                found.append((relative, path))
    for relative, path in sorted(found):
        if path.is_symlink():
            yield f"link {relative}", str(path.readlink()).encode()
        elif path.is_file():  # a named pipe would be waited for, and no build can copy one
            executable = "x" if path.stat().st_mode & 0o100 else "-"
            yield f"file {executable} {relative}", path.read_bytes()


def _ignore_rules(context: Path, dockerfile: Path) -> PathSpec[Pattern]:
    """The rules of `<Dockerfile>.dockerignore`, else `.dockerignore`, as Docker reads them.

    Docker anchors every pattern at the context's root, where a gitignore pattern without a slash matches in
    any folder; with a leading slash both agree (Docker documentation, "Build context", .dockerignore files).
    """
    candidates = (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore")
    rules = next((path for path in candidates if path.is_file()), None)
    lines = rules.read_text("utf-8").splitlines() if rules else []
    return PathSpec.from_lines("gitignore", [_anchored(line.strip()) for line in lines])


def _anchored(line: str) -> str:
    """One `.dockerignore` line as the gitignore pattern with the same meaning."""
    if not line or line.startswith("#"):
        return ""
    negation, pattern = ("!", line[1:].strip()) if line.startswith("!") else ("", line)
    pattern = pattern.strip("/").removeprefix("./")
    return f"{negation}/{pattern}" if pattern not in {"", "."} else ""
