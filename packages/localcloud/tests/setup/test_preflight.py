import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup import preflight

Usage = namedtuple("Usage", "total used free")


def test_a_machine_with_room_passes_and_keeps_nothing_but_the_folder(tmp_path: Path) -> None:
    preflight.check_machine(CloudSettings(home=tmp_path / "home"))

    assert list((tmp_path / "home").iterdir()) == []


def test_a_full_disk_is_told_with_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 10, 3 * 1024**3 // 10))

    with pytest.raises(LocalCloudError, match=r"nearly full: 0\.3 GiB free, 2\.0 GiB needed") as failure:
        preflight.check_machine(CloudSettings(home=tmp_path))
    assert "docker system df" in str(failure.value.fix)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"

    with pytest.raises(LocalCloudError) as failure:
        preflight.check_machine(CloudSettings(home=home))
    assert str(home) in failure.value.message
    assert "LOCALCLOUD_HOME" in str(failure.value.fix)


def test_many_checks_at_the_same_time_do_not_disturb_each_other(tmp_path: Path) -> None:
    settings = CloudSettings(home=tmp_path / "home")

    with ThreadPoolExecutor(32) as threads:
        list(threads.map(lambda _: preflight.check_machine(settings), range(1500)))
