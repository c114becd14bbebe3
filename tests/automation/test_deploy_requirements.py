"""A pipeline that deploys to AWS installs requirements-deploy.txt: neither the emulator nor the checks."""

import json
import re
import subprocess
import sys

from automation.repository import REPOSITORY_ROOT

# Everything that is installed here and not there is missing.
WITHOUT_THE_REST = """
import importlib.abc, importlib.metadata, json, re, sys

def normal(name):
    return name.lower().replace("_", "-")

allowed, owners = set(json.loads(sys.argv[1])), importlib.metadata.packages_distributions()

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        found = {normal(item) for item in owners.get(name.partition(".")[0], ())}
        if found and not found & allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
import automation.cli, automation.aws_stack, automation.adoption, automation.ephemeral, automation.image_store
import automation.engines.pulumi_cli, automation.preflight, automation.promotion
import infra.components
print("\\n".join(sys.modules))
"""
STARTS_WITH_A_NAME = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)


def required() -> list[str]:
    text = (REPOSITORY_ROOT / "requirements-deploy.txt").read_text("utf-8")
    return [name.lower().replace("_", "-") for name in STARTS_WITH_A_NAME.findall(text)]


def test_operations_on_aws_need_nothing_else_and_start_nothing_of_the_local_cloud() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_THE_REST, json.dumps(required())],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    rooms = {name.split(".")[1] for name in ran.stdout.split() if name.startswith("localcloud.")}
    assert not rooms & {"emulator", "providers", "setup", "images", "startup", "programs"}


def test_neither_the_emulator_nor_the_checks_are_installed_for_a_deployment() -> None:
    names = set(required())
    assert {"pulumi", "pulumi-aws", "boto3", "typer"} <= names
    assert not names & {"ministack", "docker", "granian", "uvicorn", "pytest", "mypy", "ruff", "hypothesis"}


def test_the_workflows_install_just_those() -> None:
    action = (REPOSITORY_ROOT / ".github/actions/prepare/action.yml").read_text("utf-8")
    assert "run: sh setup/environment.sh requirements-deploy.txt\n" in action
