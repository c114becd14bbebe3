"""The pipelines: pinned, least privileged, and calling verbs that exist."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from automation.cli import app
from automation.repository import REPOSITORY_ROOT

FILES = sorted((REPOSITORY_ROOT / ".github").rglob("*.yml"))
WORKFLOWS = sorted((REPOSITORY_ROOT / ".github/workflows").glob("*.yml"))


def identifier(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", FILES, ids=identifier)
def test_actions_are_pinned_by_commit_with_their_version(path: Path) -> None:
    for line in path.read_text().splitlines():
        found = re.search(r"uses: (?!\./)(\S+)(.*)", line)
        if found:
            assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", found[1]), line
            assert re.match(r" # v\d+\.\d+\.\d+", found[2]), line


@pytest.mark.parametrize("path", WORKFLOWS, ids=identifier)
def test_nothing_has_more_rights_than_it_needs(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for job in workflow["jobs"].values():
        # Only a release is written to the repository.
        contents = "write" if path.name == "release.yml" else "read"
        allowed = {"contents": contents, "id-token": "write", "pull-requests": "write"}
        assert job.get("permissions", {}).items() <= allowed.items()
        for step in job["steps"]:
            if "actions/checkout@" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False
            # An expression in a script is code that somebody else may write.
            assert "${{" not in step.get("run", "")


@pytest.mark.parametrize("path", WORKFLOWS, ids=identifier)
def test_credentials_come_by_oidc_and_never_reach_forks(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)", text)
    workflow = yaml.safe_load(text)
    if "pull_request" in workflow[True]:  # YAML 1.1 reads `on` as true
        for job in workflow["jobs"].values():
            if "id-token" in job.get("permissions", {}):
                assert "head.repo.full_name == github.repository" in job["if"]


def commands(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [
            item for key, value in node.items() for item in ([value] if key == "run" else commands(value))
        ]
    return [item for value in node for item in commands(value)] if isinstance(node, list) else []


VERBS = [
    line
    for path in WORKFLOWS
    for script in commands(yaml.safe_load(path.read_text()).get("jobs"))
    for line in re.findall(r"-m automation ([^|>\n]*)", script)
]


@pytest.mark.parametrize("line", VERBS)
def test_verbs_and_options_exist(line: str) -> None:
    words = shlex.split(line.replace("2>&1", "").replace("$NUMBER", "17"))
    command: Any = typer.main.get_command(app)
    context = typer.Context(command)
    while hasattr(command, "get_command"):
        name = words.pop(0)
        command = command.get_command(context, name)
        assert command is not None, name
        context = typer.Context(command, info_name=name)
    command.make_parser(context).parse_args(args=words)


@pytest.mark.skipif(shutil.which("actionlint") is None, reason="actionlint is not on PATH")
def test_actionlint_finds_nothing() -> None:
    done = subprocess.run(["actionlint"], cwd=REPOSITORY_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
