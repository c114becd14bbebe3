"""A few edits of a running stack under load, as `make changes` makes many."""

from pathlib import Path

import pytest

from changes.journeys import SELECTION, journeys
from changes.running import Runner
from changes.table import line

pytestmark = pytest.mark.docker


def test_no_edit_loses_a_request_or_ends_half_way(tmp_path: Path) -> None:
    (journey,) = (journey for journey in journeys() if journey.name == SELECTION)
    rows = list(Runner(journey, "built-in", tmp_path).run())
    assert len(rows) == len(list(journey.edits(journey.start)))
    for row in rows:
        assert not row.faults, f"{line(row)}\n{row.output}"
        assert row.total > 100
