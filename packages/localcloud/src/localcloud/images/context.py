"""What a Docker build can see, as a hash that is the same on every machine."""

import hashlib
import stat
from collections.abc import Iterator
from pathlib import Path

from docker.utils.build import PatternMatcher


def context_hash(context: Path, dockerfile: str, ignore_rules: list[str]) -> str:
    """Hash the files of a build context and the Dockerfile.

    Times, owners, absolute paths, empty folders and the order of listings do not count: two checkouts of the
    same content have the same hash. The executable bit counts, as it does in git.

    Args:
        context: Folder that the Dockerfile copies from.
        dockerfile: Text of the Dockerfile.
        ignore_rules: Lines of the `.dockerignore` file.

    Returns:
        Lower-case hexadecimal SHA-256.
    """
    digest = hashlib.sha256()
    _add(digest, "dockerfile", dockerfile.encode())
    for name, path in context_files(context, ignore_rules):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            _add(digest, f"link {name}", str(path.readlink()).encode())
        elif stat.S_ISREG(mode):
            _add(digest, f"file {'x' if mode & stat.S_IXUSR else '-'} {name}", path.read_bytes())
    return digest.hexdigest()


def context_files(context: Path, ignore_rules: list[str]) -> Iterator[tuple[str, Path]]:
    """Files and symbolic links the rules let through, in the order of their names."""
    matcher = PatternMatcher(ignore_rules)
    matcher.patterns.pop()  # the library always sends .dockerignore, BuildKit only where no rule excludes it
    for name in sorted(Path(found).as_posix() for found in matcher.walk(str(context))):
        path = context / name
        if path.is_symlink() or path.is_file():
            yield name, path


def ignore_rules(context: Path, dockerfile: Path | None) -> list[str]:
    """Lines of `<Dockerfile>.dockerignore`, else of the context's `.dockerignore`, as in BuildKit."""
    beside = [dockerfile.with_name(f"{dockerfile.name}.dockerignore")] if dockerfile else []
    for path in (*beside, context / ".dockerignore"):
        if path.is_file():
            lines = (line.strip() for line in path.read_text("utf-8").splitlines())
            return [line for line in lines if line and not line.startswith("#")]
    return []


def _add(digest: "hashlib._Hash", name: str, content: bytes) -> None:
    """Add one length-prefixed record, so that no two lists of records have the same bytes."""
    digest.update(f"{len(name.encode())}:{name}:{len(content)}:".encode())
    digest.update(content)
