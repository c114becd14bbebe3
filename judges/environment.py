"""The Python environment that the suites of others run in: theirs, kept beside their checkouts, never ours."""

import subprocess
import sys
import venv
from pathlib import Path

# What moto's and MiniStack's suites import besides the checkouts themselves (moto: setup.cfg and
# requirements-tests.txt; MiniStack: pyproject.toml).
PACKAGES = (
    "boto3",
    "cbor2",
    "cryptography",
    "docker",
    "freezegun",
    "jinja2",
    "ministack",
    "parameterized",
    "pytest>=8",
    "pytest-timeout",
    "pyyaml",
    "requests",
    "responses!=0.25.5",
    "werkzeug",
    "xmltodict",
)


def python_of(folder: Path) -> Path:
    """The interpreter of the suites, made on first use."""
    python = folder / "venv" / "bin" / "python"
    ready = folder / "venv" / "judges-ready"
    if not ready.exists():
        sys.stderr.write(f"making {folder / 'venv'} for the suites\n")
        venv.create(folder / "venv", with_pip=True)
        subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
            check=True,
        )
        ready.touch()
    return python
