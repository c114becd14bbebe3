"""Ctrl-C and SIGTERM in a command's first second: a word and an exit code, never a traceback."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcloud import cli
from localcloud.errors import LocalCloudError


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("package", ["automation", "localcloud"])
def test_a_command_that_is_stopped_while_it_starts_says_so(package: str, number: signal.Signals) -> None:
    verb = ["status", "local"] if package == "automation" else ["load", "http://127.0.0.1:9/"]
    for pause in (0.12, 0.3, 0.5):
        process = subprocess.Popen(
            [sys.executable, "-m", package, *verb],
            env=os.environ | {"LOCALCLOUD_PORT": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until_python_is_up(process.pid)
        time.sleep(pause)
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
        assert "Traceback" not in said
        had_ended = {1, -number, -signal.SIGINT}  # by itself, or while the interpreter took its handlers down
        if package == "localcloud":
            had_ended.add(0)  # a load that is stopped prints what came back until then, and ends well
        assert process.returncode in {130, *had_ended}, (pause, said)
        if process.returncode == 130 and number == signal.SIGTERM:
            assert "stopped" in said


def test_a_failure_that_is_being_told_can_be_interrupted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def failing() -> None:
        raise LocalCloudError("too bad")

    monkeypatch.setattr(cli, "app", failing)
    monkeypatch.setattr("localcloud.console.fail", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "stopped\n"


def wait_until_python_is_up(pid: int) -> None:
    """Until the interpreter has handlers at all: before that a signal ends it as it ends any program."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        caught = next(line for line in lines if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.005)
