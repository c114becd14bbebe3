"""A local cloud whose clock runs fast: a minute of AWS takes two and a half seconds."""

import uuid
from collections.abc import Iterator

import pytest

from localcloud.emulator import start, stop
from localcloud.settings import CloudSettings
from tests.localcloud.emulator.ports import free_port
from tests.localcloud.emulator.stage import Cloud


@pytest.fixture(scope="session")
def fast_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    settings = CloudSettings(
        home=tmp_path_factory.mktemp("fast") / "home", port=free_port(), clock=24.0, region="us-east-1"
    )
    start(settings)
    try:
        yield Cloud(settings, "")
    finally:
        stop(settings)


@pytest.fixture
def name() -> str:
    """A name nothing else uses."""
    return f"t{uuid.uuid4().hex[:8]}"
