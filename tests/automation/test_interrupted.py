"""Ctrl-C while a verb says how it failed."""

import pytest

from automation import cli
from localcloud.errors import LocalCloudError


def test_a_failure_that_is_being_told_can_be_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    def failing() -> None:
        raise LocalCloudError("too bad")

    monkeypatch.setattr(cli, "_fail", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.run_cli(failing)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "stopped\n"
