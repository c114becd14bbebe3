import os
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.images.context import context_files, context_hash, ignore_rules
from localcloud.setup.docker_client import find_client

DOCKERFILE = "FROM scratch\nCOPY . /\n"
NAMES = st.from_regex(r"[a-z]{1,6}(\.py|\.txt)?", fullmatch=True)
TREES = st.dictionaries(
    st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=20), min_size=1, max_size=6
).filter(lambda tree: not any(other.startswith(f"{name}/") for name in tree for other in tree))


def write(folder: Path, tree: Mapping[str, bytes]) -> Path:
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def hashed(folder: Path, rules: list[str] | None = None) -> str:
    return context_hash(folder, DOCKERFILE, rules or [])


@settings(max_examples=50, deadline=None)
@given(tree=TREES)
def test_two_checkouts_of_the_same_content_have_the_same_hash(
    tree: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    one = write(tmp_path_factory.mktemp("one"), tree)
    other = write(tmp_path_factory.mktemp("other"), dict(reversed(tree.items())))
    (other / "an-empty-folder").mkdir()
    for path in other.rglob("*"):
        os.utime(path, (1, 1))
        if path.is_file():
            path.chmod(0o600)  # another umask

    assert hashed(one) == hashed(other)


@settings(max_examples=50, deadline=None)
@given(tree=TREES, data=st.data())
def test_any_change_a_build_can_see_changes_the_hash(
    tree: dict[str, bytes], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = write(tmp_path_factory.mktemp("context"), tree)
    before = hashed(folder)
    chosen = folder / data.draw(st.sampled_from(sorted(tree)))
    change = data.draw(st.sampled_from(["content", "name", "mode", "gone", "new"]))
    if change == "content":
        chosen.write_bytes(chosen.read_bytes() + b"!")
    elif change == "name":
        chosen.rename(chosen.with_name(f"{chosen.name}-renamed"))
    elif change == "mode":
        chosen.chmod(0o755)
    elif change == "gone":
        chosen.unlink()
    else:
        chosen.with_name("added-file").touch()

    assert hashed(folder) != before
    assert context_hash(folder, f"{DOCKERFILE}USER 1\n", []) != hashed(folder)


def test_where_one_file_ends_and_the_next_begins_counts(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"a": b"xy", "b": b""})
    other = write(tmp_path / "other", {"a": b"x", "b": b"y"})

    assert hashed(one) != hashed(other)


def test_a_link_counts_by_where_it_points_and_is_not_followed(tmp_path: Path) -> None:
    folder = write(tmp_path, {"file": b"1"})
    (folder / "link").symlink_to("file")
    before = hashed(folder)
    (folder / "link").unlink()
    (folder / "link").symlink_to("elsewhere")

    assert hashed(folder) != before


def test_the_dockerfiles_own_ignore_file_wins(tmp_path: Path) -> None:
    write(tmp_path, {".dockerignore": b"# note\n\n  *.log\n", "Dockerfile": b"", "other.Dockerfile": b""})
    assert ignore_rules(tmp_path, tmp_path / "Dockerfile") == ["*.log"]

    write(tmp_path, {"other.Dockerfile.dockerignore": b"*.tmp"})
    assert ignore_rules(tmp_path, tmp_path / "other.Dockerfile") == ["*.tmp"]
    assert ignore_rules(tmp_path / "nowhere", None) == []


TREE = {
    "app.py": b"",
    "notes.md": b"",
    "README.md": b"",
    "service/__init__.py": b"",
    "service/__pycache__/x.pyc": b"",
    "service/deep/er/y.pyc": b"",
    "service/secrets/key.pem": b"",
    "build/out/kept.txt": b"",
    "build/out/gone.txt": b"",
    ".env": b"",
    ".git/config": b"",
}


@pytest.mark.docker
@pytest.mark.parametrize(
    "rules",
    [
        [],
        ["*", "!service", "**/__pycache__", "**/*.pyc"],
        ["*.md", "!README.md"],
        ["**/*.pyc", ".git", ".env"],
        ["build", "!build/out/kept.txt"],
        ["/service/secrets/", "**/__pycache__/**"],
        ["servic?/*.py", "[bn]*"],
    ],
)
def test_the_rules_mean_what_buildkit_takes_them_to_mean(tmp_path: Path, rules: list[str]) -> None:
    context = write(tmp_path / "context", TREE | {"Dockerfile": DOCKERFILE.encode()})
    (context / ".dockerignore").write_text("\n".join(rules))
    archive = tmp_path / "image.tar"
    subprocess.run(
        [str(find_client()), "build", "-q", "-o", f"type=tar,dest={archive}", str(context)],
        check=True,
        capture_output=True,
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
    )
    with tarfile.open(archive) as tar:
        copied = {member.name for member in tar if not member.isdir()}

    assert {name for name, _ in context_files(context, rules)} == copied


def test_the_same_tree_elsewhere_has_the_same_hash(tmp_path: Path) -> None:
    context = write(tmp_path / "context", TREE)
    shutil.copytree(context, tmp_path / "a/long/way/off")

    assert hashed(context, ["**/*.pyc"]) == hashed(tmp_path / "a/long/way/off", ["**/*.pyc"])
