"""When the machine fails, a command says what is so: an engine that is gone, a disk that is full."""

import errno
from pathlib import Path

import pytest

from localcloud import cli
from localcloud.errors import LocalCloudError, of_the_machine


def test_a_stop_without_the_engine_does_not_say_that_containers_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCALCLOUD_HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/docker")
    (tmp_path / "cloud.log").touch()  # it has run here
    with pytest.raises(
        LocalCloudError, match="no Docker engine answers, so containers of it may still be"
    ) as told:
        cli.stop()
    assert "start the engine" in str(told.value.fix)


def test_where_it_never_ran_no_engine_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALCLOUD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no-engine.sock")
    cli.stop()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_what_a_disk_refuses_is_one_message_with_its_file(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing() -> None:
        raise OSError(number, "says the disk", "/home/file")

    monkeypatch.setattr(cli, "app", failing)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "/home/file: says the disk" in said
    assert "Traceback" not in said
    assert "fix: " in said


def test_a_programming_error_is_not_taken_for_the_machines() -> None:
    assert of_the_machine(FileNotFoundError(errno.ENOENT, "no such file", "x")) is None
