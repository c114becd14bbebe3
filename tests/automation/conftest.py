"""A local cloud for the automation's tests, and small projects that run on it without a container."""

import os
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from automation.engines import EngineName
from automation.opening import open_stack
from automation.stacks import Stack
from localcloud.emulator import process
from localcloud.engine import Event
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port

PROJECT = f"""
name: shop
runtime:
  name: python
  options: {{toolchain: pip, virtualenv: {sys.prefix}}}
"""
PRELUDE = "import json\nimport pulumi\nimport pulumi_aws as aws\nstack = pulumi.get_stack()\n"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudSettings]:
    settings = CloudSettings(home=tmp_path_factory.mktemp("cloud"), port=free_port())
    process.start(settings)
    yield settings
    process.stop(settings)


@dataclass
class Workbench:
    """A project in a folder of its own."""

    folder: Path
    cloud: CloudSettings
    events: list[Any] = field(default_factory=list)

    def project(self, text: str = PROJECT) -> None:
        (self.folder / "Pulumi.yaml").write_text(text.strip() + "\n")

    def program(self, source: str) -> None:
        (self.folder / "__main__.py").write_text(PRELUDE + textwrap.dedent(source))

    def settings(self, stack: str, text: str = "config:\n  aws:region: us-east-1\n") -> Path:
        path = self.folder / f"Pulumi.{stack}.yaml"
        path.write_text(text)
        return path

    def stack(self, name: str, engine: EngineName | None = EngineName.BUILT_IN, **options: Any) -> Stack:
        self.events = []
        return open_stack(
            name, local=True, project=self.folder, engine=engine, report=self._collect, **options
        )

    def _collect(self, event: Event | Any) -> None:
        self.events.append(event)

    def client(self, service: str, account: str = "test") -> Any:
        make: Any = boto3.client  # the stubs want literal names
        return make(
            service,
            endpoint_url=self.cloud.endpoint,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="test",
        )


@pytest.fixture
def bench(tmp_path: Path, cloud: CloudSettings, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    monkeypatch.setenv("LOCALCLOUD_HOME", str(cloud.home))
    monkeypatch.setenv("LOCALCLOUD_PORT", str(cloud.port))
    for name in [name for name in os.environ if name.startswith("PULUMI_")] + ["LOCALCLOUD_ENGINE"]:
        monkeypatch.delenv(name, raising=False)
    made = Workbench(tmp_path, cloud)
    made.project()
    return made
