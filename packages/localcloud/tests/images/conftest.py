"""An emulated ECR with one repository, and a small service to build."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud import emulator
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudSettings]:
    """A local cloud of its own."""
    settings = CloudSettings(home=tmp_path_factory.mktemp("cloud"), port=free_port())
    emulator.start(settings)
    try:
        yield settings
    finally:
        emulator.stop(settings)


@pytest.fixture
def repository(cloud: CloudSettings) -> str:
    """Address of a new repository with immutable tags."""
    name = f"t{uuid.uuid4().hex[:8]}"
    client: Any = boto3.client(
        "ecr",
        endpoint_url=cloud.endpoint,
        region_name=cloud.region,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    client.create_repository(repositoryName=name, imageTagMutability="IMMUTABLE")
    return f"{cloud.registry}/{name}"


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A build context that needs no base image."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY page /page\n")
    (folder / "page").write_text("hello")
    (folder / ".dockerignore").write_text("*\n!page\n")
    return folder
