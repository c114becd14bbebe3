"""Content hash of a build: pulumi-docker-build#222 and #358 ask that it be the same on every machine."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.pure.context_hash import TAG_LENGTH, build_hash


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    (folder / "service").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY service /service\n")
    (folder / ".dockerignore").write_text("# rules\n*\n!service\n**/__pycache__\n")
    (folder / "service" / "app.py").write_text("print('hello')\n")
    (folder / "service" / "b.py").write_text("")
    return folder


def hash_of(context: Path, **changes: object) -> str:
    args: dict[str, Any] = {"args": {"A": "1"}, "target": None, "platforms": ["linux/amd64"], **changes}
    return build_hash(context, context / "Dockerfile", **args)


def test_hash_is_fit_for_a_tag(context: Path) -> None:
    assert len(hash_of(context)) == TAG_LENGTH
    assert int(hash_of(context), 16)


def test_times_paths_and_empty_folders_change_nothing(context: Path, tmp_path: Path) -> None:
    before = hash_of(context)
    copy = tmp_path / "elsewhere" / "copy"
    shutil.copytree(context, copy)
    (copy / "service" / "empty").mkdir()
    os.utime(copy / "service" / "app.py", (1, 1))
    assert hash_of(copy) == before


def test_ignored_files_change_nothing(context: Path) -> None:
    before = hash_of(context)
    (context / "notes.txt").write_text("not in the image")
    (context / "service" / "__pycache__").mkdir()
    (context / "service" / "__pycache__" / "app.pyc").write_bytes(b"\0")
    assert hash_of(context) == before


def test_patterns_are_anchored_as_docker_anchors_them(context: Path) -> None:
    """`secret.txt` in .dockerignore means the one at the root, not one in a subfolder."""
    (context / ".dockerignore").write_text("secret.txt\n")
    before = hash_of(context)
    (context / "secret.txt").write_text("ignored")
    assert hash_of(context) == before
    (context / "service" / "secret.txt").write_text("copied")
    assert hash_of(context) != before


def test_dockerfiles_own_ignore_file_wins(context: Path) -> None:
    (context / "Dockerfile.dockerignore").write_text("service/b.py\n")
    before = hash_of(context)
    (context / "service" / "b.py").write_text("changed")
    assert hash_of(context) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda c: (c / "service" / "app.py").write_text("print('bye')\n"),
        lambda c: (c / "service" / "b.py").rename(c / "service" / "c.py"),
        lambda c: (c / "service" / "new.py").write_text(""),
        lambda c: (c / "service" / "b.py").unlink(),
        lambda c: (c / "service" / "app.py").chmod(0o755),
        lambda c: (c / "Dockerfile").write_text("FROM scratch\n"),
        lambda c: (c / "service" / "link").symlink_to("app.py"),
    ],
    ids=["content", "rename", "new", "removed", "executable", "dockerfile", "link"],
)
def test_what_the_build_sees_changes_the_hash(context: Path, change: Callable[[Path], object]) -> None:
    before = hash_of(context)
    change(context)
    assert hash_of(context) != before


@pytest.mark.parametrize(
    "changes", [{"args": {"A": "2"}}, {"target": "test"}, {"platforms": ["linux/arm64"]}], ids=str
)
def test_how_it_is_built_changes_the_hash(context: Path, changes: dict[str, Any]) -> None:
    assert hash_of(context, **changes) != hash_of(context)


def test_a_link_counts_by_its_target_not_by_what_is_behind(context: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("one")
    (context / "service" / "link").symlink_to(outside)
    before = hash_of(context)
    outside.write_text("two")
    assert hash_of(context) == before


def test_missing_context_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is not a folder"):
        build_hash(tmp_path / "nowhere", tmp_path / "Dockerfile", args={})


def test_a_named_pipe_is_not_waited_for(context: Path) -> None:
    before = hash_of(context)
    os.mkfifo(context / "service" / "pipe")
    assert hash_of(context) == before
