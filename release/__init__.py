"""A release: its version is the file VERSION, its text the changelog's section of that version."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
VERSION: Final = (ROOT / "VERSION").read_text("utf-8").strip()
"""The version of everything in this repository (https://semver.org); nowhere else is one written."""

_VERSION: Final = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?")


class ReleaseError(Exception):
    """The repository is not ready for this release; the message says why, and what to do."""


def notes(tag: str, *, version: str, changelog: str) -> str:
    """The text of a release, in Markdown.

    Args:
        tag: Tag of the commit, `v` and the version.
        version: The version that the commit says it has.
        changelog: The changelog: a section `## <version> - <date>` per release.

    Raises:
        ReleaseError: Tag and version differ, or the changelog has no section, or an empty one, for the version.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"VERSION is {version!r}; allowed: a version such as 1.2.0")
    if tag != f"v{version}":
        raise ReleaseError(
            f"the tag is {tag!r}, and VERSION says {version}\n  fix: tag v{version}, or change VERSION"
        )
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)
    for section in sections[1:]:
        title, _, text = section.partition("\n")
        if re.fullmatch(rf"\[?{re.escape(version)}\]?( - \d{{4}}-\d{{2}}-\d{{2}})?", title.strip()):
            if not text.strip():
                raise ReleaseError(f"CHANGELOG.md says nothing under {title.strip()}")
            return text.strip() + "\n"
    raise ReleaseError(
        f"CHANGELOG.md has no section for {version}\n"
        f"  fix: rename Unreleased to `{version} - <date>`, and begin a new one"
    )
