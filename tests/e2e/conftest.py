from collections.abc import Iterator

import pytest

from tests.e2e.stage import Stage


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A deployed local stack on a local cloud of its own; gone afterwards."""
    made = Stage(tmp_path_factory.mktemp("stage"))
    try:
        made.up()
        yield made
    finally:
        made.down()
