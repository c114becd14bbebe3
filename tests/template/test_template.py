"""`pulumi new <repository>/template`: a small project of any name that previews, comes up and tests itself."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.stage import Stage, counted
from tests.template.links import ROOT, TEMPLATE, found, wanted

NAME = "shop"
DESCRIPTION = "Sells things: by mail"
SOURCE_LIMIT = 1024**2
"""Bytes; what a newcomer has to look through."""


def pulumi_new(destination: Path) -> Path:
    """Copy the template as `pulumi new` does (`walkFiles`, `CopyTemplateFiles` and `transform`, see links.py)."""
    for source in sorted(TEMPLATE.rglob("*")):
        if ".git" in source.parts:
            continue
        target = destination / source.relative_to(TEMPLATE)
        if source.is_dir() and not source.is_symlink():
            target.mkdir(parents=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        content = source.read_bytes()
        if b"\0" not in content:
            name, description = NAME, DESCRIPTION
            if source.suffix == ".yaml":
                name, description = yaml.safe_dump(NAME).split("\n")[0], f"'{DESCRIPTION}'"
            text = content.decode().replace("${PROJECT}", name).replace("${DESCRIPTION}", description)
            content = text.encode()
        target.write_bytes(content)
    return destination


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pulumi_new(tmp_path_factory.mktemp("new") / NAME)


@pytest.fixture(scope="module")
def stage(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("stage"), project)
    try:
        yield made
    finally:
        made.down()


def test_every_file_that_a_project_needs_is_a_link_of_its_own() -> None:
    assert found() == wanted(), "make template brings it up to date"
    assert not [path for path in TEMPLATE.rglob("*") if path.is_symlink() and path.is_dir()]


def test_a_new_project_is_small_and_has_nothing_of_the_local_cloud(project: Path) -> None:
    files = [path for path in project.rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in files) < SOURCE_LIMIT
    assert {path.relative_to(project).parts[0] for path in files} == {
        *(
            "Pulumi.yaml",
            "Pulumi.dev.yaml",
            "Pulumi.local.yaml",
            "Pulumi.prod.yaml",
            "__main__.py",
            "infra",
            "app",
        ),
        *("README.md", "Makefile", "requirements.in", "requirements.txt", "requirements-test.in"),
        *("requirements-test.txt", "pytest.ini", ".gitignore", "tests", "docs"),
    }
    code = "\n".join(path.read_text() for path in files if path.suffix == ".py")
    assert "import localcloud" not in code
    assert "from localcloud" not in code


def test_nothing_in_it_depends_on_the_name(project: Path) -> None:
    assert yaml.safe_load((project / "Pulumi.yaml").read_text())["name"] == NAME
    assert yaml.safe_load((project / "Pulumi.yaml").read_text())["description"] == DESCRIPTION
    ours = [*project.glob("Pulumi.*"), project / "README.md", project / "Makefile"]
    for folder in ("tests", "app"):
        ours += [path for path in (project / folder).rglob("*") if path.is_file()]
    for path in ours:
        assert "ecs-microservice" not in path.read_text(), path
    assert "${" not in (project / "README.md").read_text()


def test_its_own_tests_pass(project: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=project,
        env={
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHONPATH"))
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert "4 passed" in ran.stdout


def test_without_a_clone_of_the_repository_make_says_how_to_get_one(project: Path) -> None:
    ran = subprocess.run(["make", "up"], cwd=project, capture_output=True, text=True, check=False)

    assert ran.returncode == 2
    assert "fix: git clone <its address> ../cloud && make up CLOUD=../cloud" in ran.stderr


@pytest.mark.docker
def test_it_previews_comes_up_and_answers(stage: Stage) -> None:
    preview = stage.run("preview", "local")
    assert preview.code == 0, preview.output
    assert counted(preview.output, "to create") > 20

    stage.up()

    assert stage.get().text == "Hello from ECS!"
    assert stage.aws("ecs").list_clusters()["clusterArns"][0].endswith(f"/{NAME}-local")


@pytest.mark.pulumi
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the pulumi CLI is not on PATH")
@pytest.mark.parametrize("source", [TEMPLATE, ROOT])
def test_the_cli_makes_the_same_project(source: Path, project: Path, tmp_path: Path) -> None:
    if source == ROOT:  # as from a repository's address: what git has, and no .venv
        source = tmp_path / "clone"
        subprocess.run(["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(source)], check=True)
    made = tmp_path / "made"
    ran = subprocess.run(
        [
            *("pulumi", "new", str(source), "--name", NAME, "--description", DESCRIPTION, "--dir", str(made)),
            *("--generate-only", "--yes", "--force", "--non-interactive"),
        ],
        env={**os.environ, "PULUMI_HOME": str(tmp_path / "home"), "PULUMI_BACKEND_URL": f"file://{tmp_path}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr

    assert yaml.safe_load((made / "Pulumi.yaml").read_text())["name"] == NAME
    if source == TEMPLATE:
        names = {path.relative_to(project) for path in project.rglob("*") if path.is_file()}
        assert {path.relative_to(made) for path in made.rglob("*") if path.is_file()} == names
        for name in names - {Path("Pulumi.yaml")}:  # the CLI takes the template's own section out of this one
            assert (made / name).read_bytes() == (project / name).read_bytes(), name
