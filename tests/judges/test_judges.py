"""`make judges`: what it says without suites, and that an exclusion names tests and a reason."""

import sys
from pathlib import Path

import pytest

from judges.__main__ import main
from judges.suites import SUITES


def test_says_what_to_clone_where_there_is_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["judges", str(tmp_path)])

    assert main() == 2

    said = capsys.readouterr().err
    assert said.startswith(f"error: no suite is at hand in {tmp_path}\n")
    assert "make judges JUDGES=" in said


def test_every_exclusion_has_a_reason() -> None:
    assert [suite.name for suite in SUITES if not all(len(why) > 20 for why in suite.excluded.values())] == []
