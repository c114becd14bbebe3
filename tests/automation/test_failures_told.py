"""A verb that fails says so in one message, and Ctrl-C ends it even then."""

import errno

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


def test_what_a_disk_refuses_is_one_message_with_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    def failing() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/home/file")

    with pytest.raises(SystemExit) as ended:
        cli.run_cli(failing)
    assert ended.value.code == 1
    assert "/home/file: No space left on device\n  fix: free disk space" in capsys.readouterr().err
