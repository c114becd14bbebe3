"""A local cloud for the provider tests: one emulator per test process, on a free port, with a home of its own."""

from collections.abc import Iterator

import pytest

from localcloud.emulator import process
from localcloud.providers.aws.provider import AwsProvider
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.providers.aws.harness import Driver


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudSettings]:
    settings = CloudSettings(home=tmp_path_factory.mktemp("cloud"), port=free_port())
    process.start(settings)
    yield settings
    process.stop(settings)


@pytest.fixture(scope="session")
def provider(cloud: CloudSettings) -> AwsProvider:
    """One provider for all tests: its clients take longer to make than most tests to run."""
    return AwsProvider(cloud)


@pytest.fixture
def driver(provider: AwsProvider, request: pytest.FixtureRequest) -> Iterator[Driver]:
    """The `aws` provider; what a test creates through it is deleted after the test."""
    made = Driver(provider, seed=request.node.nodeid.encode())
    yield made
    made.clean()


@pytest.fixture
def offline() -> Driver:
    """The `aws` provider without a local cloud: enough to check, diff and preview."""
    return Driver(AwsProvider(CloudSettings(port=free_port())))
