"""The local cloud knows nothing of the program that it was made for."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import localcloud
from localcloud.errors import LocalCloudError
from localcloud.hints import VARIABLE, command
from localcloud.programs import only_stack
from localcloud.settings import CloudSettings

SOURCE = Path(localcloud.__file__).parent
FOREIGN = re.compile(
    r"ecs.microservice|\bmake (up|down|start|setup|watch|load)\b|environment\.sh|Makefile", re.IGNORECASE
)


def test_no_file_names_the_project_its_makefile_or_its_set_up() -> None:
    texts = {
        path: path.read_text("utf-8") for path in SOURCE.rglob("*") if path.suffix in {".py", ".html", ".sh"}
    }
    assert len(texts) > 100
    assert {str(path): found.group() for path, text in texts.items() if (found := FOREIGN.search(text))} == {}


def test_a_message_names_the_callers_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert command("start") == "localcloud start"
    monkeypatch.setenv(VARIABLE, "make")
    assert command("down") == "make down"


def test_its_home_is_beside_who_calls_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCALCLOUD_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert CloudSettings.from_environment().home == tmp_path / ".localcloud"
    assert CloudSettings.from_environment(home=tmp_path / "mine").home == tmp_path / "mine"
    monkeypatch.setenv("LOCALCLOUD_HOME", str(tmp_path / "chosen"))
    assert CloudSettings.from_environment(home=tmp_path / "mine").home == tmp_path / "chosen"


def test_the_only_stack_needs_no_name_and_of_several_one_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"no stack file .*\n.*touch .*Pulumi.dev.yaml"):
        only_stack(tmp_path)
    (tmp_path / "Pulumi.dev.yaml").touch()
    assert only_stack(tmp_path) == "dev"
    (tmp_path / "Pulumi.prod.yaml").touch()
    with pytest.raises(LocalCloudError, match=r"dev, prod\n.*--stack dev"):
        only_stack(tmp_path)


STRANGER = """
import pulumi, pulumi_aws as aws
cluster = aws.ecs.Cluster("shop")
pulumi.export("cluster", cluster.name)
"""


def test_a_strangers_program_comes_up_changes_nothing_the_second_time_and_goes(
    fast_cloud: object, tmp_path: Path
) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1}\n")
    (tmp_path / "__main__.py").write_text(STRANGER)
    settings: CloudSettings = fast_cloud.settings  # type: ignore[attr-defined]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "localcloud", *arguments],
            cwd=tmp_path,
            env=os.environ
            | {
                "LOCALCLOUD_HOME": str(settings.home),
                "LOCALCLOUD_PORT": str(settings.port),
                "LOCALCLOUD_CLOCK": "24",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    first = run("up")
    assert first.returncode == 0, first.stdout + first.stderr
    assert json.loads(run("outputs").stdout)["cluster"].startswith("shop")
    again = run("up", "--project", ".", "--stack", "dev")
    assert "No changes" in again.stdout, again.stdout + again.stderr
    gone = run("destroy")
    assert gone.returncode == 0, gone.stdout + gone.stderr
    assert "deleted" in gone.stdout
