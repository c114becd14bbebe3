import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "setup/environment.sh"

# Makes environments whose python and uv write down what they are asked to do.
PYTHON = """\
#!/bin/sh
echo "$(basename "$0") $*" >>"{log}"
case "$*" in
    *"-m venv"*)
        mkdir -p .venv/bin
        cp "$0" .venv/bin/python
        cp "$0" .venv/bin/uv ;;
    *platform*) echo {version} ;;
    *version_info*) exit {too_old} ;;
    *ensurepip*) exit {no_venv} ;;
    *"pip install"*) [ ! -f "{log}.fail" ] || {{ echo "no distribution at https://u:secret@index"; exit 1; }} ;;
    *"pip config"*) exit 1 ;;
esac
"""


class Checkout:
    """A clone in a folder of its own, on a machine whose only python is the made-up one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        (folder / "bin").mkdir()
        for tool in (
            "sh",
            "cat",
            "cksum",
            "date",
            "rm",
            "cp",
            "mkdir",
            "basename",
            "tail",
            "sed",
            "id",
            "head",
        ):
            (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
        (folder / "requirements-uv.txt").write_text("uv==1\n")
        (folder / "requirements-dev.txt").write_text("flask==3\n")

    def python(self, *, version: str = "3.13.0", too_old: bool = False, no_venv: bool = False) -> None:
        program = self.folder / "bin/python3"
        program.write_text(
            PYTHON.format(log=self.log, version=version, too_old=int(too_old), no_venv=int(no_venv))
        )
        program.chmod(0o755)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.log.unlink(missing_ok=True)
        return subprocess.run(
            ["/bin/sh", str(SCRIPT), *arguments],
            cwd=self.folder,
            env={"PATH": str(self.folder / "bin")},
            capture_output=True,
            text=True,
            check=False,
        )

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def installs(checkout: Checkout) -> list[str]:
    return [line for line in checkout.asked() if "pip install" in line]


def test_the_first_run_installs_with_hashes_and_the_second_does_nothing(checkout: Checkout) -> None:
    checkout.python()

    first = checkout.run()
    assert first.returncode == 0, first.stderr
    assert first.stdout == "", "standard output belongs to `make -s url`"
    assert "ok  Python environment in .venv" in first.stderr
    assert [("--require-hashes" in line) for line in installs(checkout)] == [True, True]

    second = checkout.run()
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert checkout.asked() == []


def test_changed_requirements_are_installed_into_the_same_environment(checkout: Checkout) -> None:
    checkout.python()
    checkout.run()
    marker = checkout.folder / ".venv/kept"
    marker.touch()
    (checkout.folder / "requirements-dev.txt").write_text("flask==4\n")

    assert checkout.run().returncode == 0
    assert installs(checkout)
    assert marker.exists()


def test_a_pipeline_installs_the_file_that_it_names_and_another_file_is_installed_anew(
    checkout: Checkout,
) -> None:
    checkout.python()
    (checkout.folder / "requirements-deploy.txt").write_text("pulumi==3\n")
    assert checkout.run("requirements-deploy.txt").returncode == 0
    assert installs(checkout)[-1].endswith("-r requirements-deploy.txt")
    assert checkout.run().returncode == 0
    assert installs(checkout)[-1].endswith("-r requirements-dev.txt")


def test_an_interrupted_installation_starts_again_from_nothing(checkout: Checkout) -> None:
    checkout.python()
    checkout.run()
    (checkout.folder / ".venv/.requirements").unlink()
    half_made = checkout.folder / ".venv/half-made"
    half_made.touch()

    assert checkout.run().returncode == 0
    assert not half_made.exists()
    assert installs(checkout)


def test_a_failed_installation_is_told_without_passwords_and_repeated(checkout: Checkout) -> None:
    checkout.python()
    (checkout.folder / "log.fail").touch()

    failed = checkout.run()
    assert failed.returncode == 1
    assert "error: installing the requirements failed" in failed.stderr
    assert "no distribution" in failed.stderr
    assert "secret" not in failed.stderr

    (checkout.folder / "log.fail").unlink()
    assert checkout.run().returncode == 0


def test_a_moved_checkout_gets_a_new_environment(checkout: Checkout, tmp_path: Path) -> None:
    checkout.python()
    checkout.run()
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in (".venv", "requirements-uv.txt", "requirements-dev.txt"):
        shutil.move(checkout.folder / name, moved / name)
    result = subprocess.run(
        ["/bin/sh", str(SCRIPT)],
        cwd=moved,
        env={"PATH": str(checkout.folder / "bin")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "ok  Python environment" in result.stderr


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ({"version": "3.9.2", "too_old": True}, "python3 is Python 3.9.2; needed is 3.11 or newer"),
        ({"no_venv": True}, "python3 has no venv module"),
        (None, "there is no python3 on PATH"),
    ],
)
def test_an_unfit_python_is_one_message_that_says_what_to_install(
    checkout: Checkout, python: dict[str, Any] | None, message: str
) -> None:
    if python is not None:
        checkout.python(**python)

    result = checkout.run()

    assert result.returncode == 1
    assert f"error: {message}\n" in result.stderr
    assert "apt-get install python3-venv" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can install packages")
def test_root_on_debian_installs_the_missing_module(checkout: Checkout) -> None:
    checkout.python(no_venv=True)
    apt = checkout.folder / "bin/apt-get"
    good = PYTHON.format(log=checkout.log, version="3.13.0", too_old=0, no_venv=0)
    (checkout.folder / "good").write_text(good)
    apt.write_text(
        f"#!/bin/sh\necho apt-get $* >>{checkout.log}\n"
        f'case "$*" in *" install "*) cat {checkout.folder}/good >{checkout.folder}/bin/python3 ;; esac\n'
    )
    apt.chmod(0o755)

    result = checkout.run()

    assert result.returncode == 0, result.stderr
    assert any("install --no-install-recommends python3 python3-venv" in line for line in checkout.asked())
