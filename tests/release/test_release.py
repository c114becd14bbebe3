"""A release has one version, and the text that the changelog has for it."""

import subprocess
import sys

import pytest
import yaml

from release import ROOT, VERSION, ReleaseError, notes

CHANGELOG = """# Changelog

## Unreleased

- Not yet.

## 1.2.0 - 2026-11-25

### Added
- Something.

## [1.1.0] - 2026-01-01
- Older.

## 1.0.0
"""


@pytest.mark.parametrize(
    ("version", "text"), [("1.2.0", "### Added\n- Something.\n"), ("1.1.0", "- Older.\n")]
)
def test_text_is_the_changelogs_section_and_nothing_else(version: str, text: str) -> None:
    assert notes(f"v{version}", version=version, changelog=CHANGELOG) == text


@pytest.mark.parametrize(
    ("tag", "version", "expected"),
    [
        ("v1.3.0", "1.2.0", "fix: tag v1.2.0, or change VERSION"),
        ("1.2.0", "1.2.0", "the tag is '1.2.0'"),
        ("v1.2", "1.2", "VERSION is '1.2'; allowed: a version such as 1.2.0"),
        ("v9.0.0", "9.0.0", "CHANGELOG.md has no section for 9.0.0"),
        ("v1.0.0", "1.0.0", "CHANGELOG.md says nothing under 1.0.0"),
        ("v2.0", "2.0", "VERSION is '2.0'"),
    ],
)
def test_what_does_not_fit_together_is_no_release(tag: str, version: str, expected: str) -> None:
    with pytest.raises(ReleaseError, match=expected):
        notes(tag, version=version, changelog=CHANGELOG)


def test_command_says_why_there_is_no_release() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "release", "v0.0.0-none"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: the tag is 'v0.0.0-none', and VERSION says {VERSION}")


def test_the_operations_cli_says_which_version_it_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "automation", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"{VERSION}\n")


def test_public_repository_has_what_people_look_for() -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    for name in ("SECURITY.md", "CODE_OF_CONDUCT.md", "CONTRIBUTING.md", ".github/PULL_REQUEST_TEMPLATE.md"):
        assert (ROOT / name).read_text("utf-8").strip(), name


@pytest.mark.parametrize("name", ["bug", "wish"])
def test_issue_forms_are_forms(name: str) -> None:
    """What GitHub requires of an issue form: name, description, and a body whose parts have ids and labels."""
    form = yaml.safe_load((ROOT / f".github/ISSUE_TEMPLATE/{name}.yml").read_text("utf-8"))
    assert set(form) <= {"name", "description", "labels", "body"}
    parts = form["body"]
    assert len({part["id"] for part in parts}) == len(parts)
    assert all(part["attributes"]["label"] for part in parts)
    assert {part["type"] for part in parts} <= {"textarea", "dropdown", "input", "checkboxes"}
