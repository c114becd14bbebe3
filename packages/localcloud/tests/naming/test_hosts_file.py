"""The hosts file of a task: what it says, and that a container that has it mounted sees every change."""

import os
from pathlib import Path

from localcloud.emulator.naming.discovery import entries
from localcloud.emulator.naming.hosts_file import HostsFile, folder, remove_all, usable


def test_it_has_the_local_names_the_fixed_ones_and_what_is_shown(tmp_path: Path) -> None:
    file = HostsFile(tmp_path / "hosts" / "task", [("172.17.0.1", "host.docker.internal")])

    file.set_own("172.17.0.5", "abc")
    file.show([("172.17.0.6", "api"), ("172.17.0.7", "api")])

    said = [line.split() for line in file.path.read_text().splitlines() if line[:1] != "#"]
    assert ["127.0.0.1", "localhost"] in said
    assert ["172.17.0.1", "host.docker.internal"] in said
    assert said[-3:] == [["172.17.0.5", "abc"], ["172.17.0.6", "api"], ["172.17.0.7", "api"]]


def test_a_change_stays_in_the_mounted_file_and_leaves_nothing_of_a_longer_text(tmp_path: Path) -> None:
    file = HostsFile(tmp_path / "task", [])
    mounted = file.path.open()

    file.show(
        [(f"172.17.0.{number}", f"a-rather-long-name-{number}.shop.internal") for number in range(1, 200)]
    )
    file.show([("172.17.0.6", "api")])

    text = mounted.read()
    assert "172.17.0.6\tapi\n" in text
    assert "a-rather-long-name" not in text
    assert not text.endswith("\n\n")


def test_every_user_in_the_container_reads_it(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        file = HostsFile(tmp_path / "task", [])
    finally:
        os.umask(before)

    assert file.path.stat().st_mode & 0o777 == 0o644


def test_what_a_container_adds_stays(tmp_path: Path) -> None:
    file = HostsFile(tmp_path / "task", [])
    file.show([("172.17.0.6", "api")])

    with file.path.open("a") as inside:
        inside.write("192.0.2.1 added\n")
    file.show([])

    text = file.path.read_text()
    assert "192.0.2.1 added\n" in text
    assert "api" not in text


def test_the_files_of_a_killed_process_are_removed(tmp_path: Path) -> None:
    HostsFile(folder(tmp_path) / "task", [])

    remove_all(tmp_path)
    remove_all(tmp_path)

    assert not folder(tmp_path).exists()


def test_showing_names_after_the_task_is_gone_brings_nothing_back(tmp_path: Path) -> None:
    file = HostsFile(tmp_path / "task", [])
    file.remove()

    file.show([("172.17.0.6", "api")])

    assert not file.path.exists()


def test_what_would_break_the_file_is_left_out() -> None:
    assert usable(("10.0.0.1", "api.shop.internal"))
    assert not usable(("10.0.0.1", "api\n10.0.0.2 bank"))
    assert not usable(("10.0.0.1", ""))
    assert not usable(("localhost", "api"))


def test_callers_do_not_all_begin_with_the_same_task() -> None:
    names = {"api": [f"172.17.0.{number}" for number in range(2, 6)]}

    lists = [entries(names, f"task-{number}") for number in range(50)]

    assert len({each[0] for each in lists}) == 4
    assert all(sorted(each) == sorted(lists[0]) for each in lists)
    assert entries(names, "task-1") == lists[1]
