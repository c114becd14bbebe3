"""Services of strangers' shapes come up with at most three lines in the stack file.

Those on python run always. The others need images that take a minute each to make where no registry answers (node,
golang, nginx): they run with STRANGERS=all.
"""

import os
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.stage import Stage

pytestmark = pytest.mark.docker

FOLDERS = Path(__file__).parent / "strangers"
PYTHON = {
    "gunicorn": ("", "gunicorn on 8000"),
    "port": ("", "where PORT says"),
    "fastapi": ("", '"FastAPI on 8080"'),
    "django": ('environment: { ALLOWED_HOSTS: "*" }', "Django with ALLOWED_HOSTS"),
    "script": ("", "a script writes its settings, then begins\n"),
    "stages": ("", "the stage that is not the last"),
}
OTHERS = {
    "node": ("", "Node on 3000"),
    "go": ("", "Go on 8081"),
    "nginx": (
        "container: { writablePaths: [/var/cache/nginx, /var/lib/nginx, /run] }",
        "nginx on 80, as root",
    ),
    "shell-less": ("", "no shell, and a HEALTHCHECK"),
}
TARGETS = {"stages": ", target: run"}
ALL = os.environ.get("STRANGERS") == "all"
STRANGERS = {**PYTHON, **OTHERS} if ALL else PYTHON


def entry(name: str) -> str:
    """The lines of one service: where it is, how it is reached, and at most one that is its own."""
    lines = [
        f"build: {{ context: strangers/{name}{TARGETS.get(name, '')} }}",
        f"route: {{ paths: [/{name}] }}",
        STRANGERS[name][0],
    ]
    own = [line for line in lines if line]
    assert len(own) <= 3
    return f"{name}:\n" + textwrap.indent("\n".join(own), "  ")


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One stack with all of them."""
    stage = Stage(tmp_path_factory.mktemp("strangers"))
    shutil.copytree(FOLDERS, stage.project / "strangers")
    services = textwrap.indent("\n".join(map(entry, STRANGERS)), "    ")
    text = f"config:\n  aws:region: us-east-1\n  production: false\n  services:\n{services}\n"
    assert set(yaml.safe_load(text)["config"]["services"]) == set(STRANGERS)
    (stage.project / "Pulumi.local.yaml").write_text(text)
    try:
        stage.up()
        yield stage
    finally:
        stage.down()


@pytest.fixture(scope="module")
def address(street: Stage) -> str:
    return street.url


@pytest.mark.parametrize("name", [*PYTHON, *OTHERS])
def test_a_stranger_answers(street: Stage, address: str, name: str) -> None:
    if name not in STRANGERS:
        pytest.skip(f"{name} needs an image that takes a minute to make: STRANGERS=all runs it")
    answer = street.get(f"/{name}", address)
    assert (answer.status_code, answer.text) == (200, STRANGERS[name][1])
