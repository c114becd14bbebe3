"""Run the system's own tools and report their failures in one line."""

import functools
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from localcloud.errors import LocalCloudError

# Another apt may be running, for example unattended upgrades: wait for it instead of failing.
APT = ("apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=120")
WITHOUT_QUESTIONS = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}


def is_root() -> bool:
    """Whether this process may install packages and start daemons."""
    return os.geteuid() == 0


def tail(text: str, lines: int = 10) -> str:
    """The last non-empty lines of a tool's output, indented for an error message."""
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line}" for line in kept)


def run(
    command: Sequence[str],
    *,
    doing: str,
    fix: str,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Run a command to its end and return what it printed.

    Args:
        command: Program and arguments.
        doing: What the command is for, as it reads in "… failed".
        fix: What the user can do when it fails.
        environment: Variables in addition to this process's own.
        timeout: Seconds after which the command is killed; None waits forever.

    Raises:
        LocalCloudError: The program is missing, takes too long or exits with another code than 0.
    """
    try:
        result = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
    except FileNotFoundError:
        raise LocalCloudError(f"{doing} failed: {command[0]} is not installed", fix=fix) from None
    except subprocess.TimeoutExpired:
        raise LocalCloudError(f"{doing} did not finish within {timeout:.0f} s", fix=fix) from None
    if result.returncode != 0:
        printed = tail(result.stdout + "\n" + result.stderr)
        raise LocalCloudError(f"{doing} failed (exit code {result.returncode}):\n{printed}", fix=fix)
    return result.stdout


def ending_with_this_process() -> list[str]:
    """Words before a command that end it when this process is killed; none where the system has no such thing."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


def installable() -> bool:
    """Whether missing packages can be installed here without asking: root on Debian or Ubuntu."""
    return is_root() and shutil.which("apt-get") is not None


def apt_install(packages: Sequence[str], *, optional: Sequence[str] = ()) -> None:
    """Install Debian packages without questions.

    Args:
        packages: Names that must exist.
        optional: Names that are installed only where this release of the distribution has them.

    Raises:
        LocalCloudError: The package lists cannot be read or a package cannot be installed.
    """
    names = " ".join(packages)
    _read_package_lists()
    known = [name for name in optional if _has_candidate(name)]
    run(
        [*APT, "install", "--no-install-recommends", *packages, *known],
        doing=f"installing {names}",
        fix=f"check the machine's package sources, then run: apt-get update && apt-get install {names}",
        environment=WITHOUT_QUESTIONS,
    )


@functools.cache
def _read_package_lists() -> None:
    """Read them once per process: it is the slower half of installing something small."""
    run(
        [*APT, "update"],
        doing="reading the package lists (apt-get update)",
        fix="check the machine's package sources and network, then run the command again",
        environment=WITHOUT_QUESTIONS,
    )


def _has_candidate(package: str) -> bool:
    policy = subprocess.run(
        ["apt-cache", "policy", package],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout
    return "Candidate:" in policy and "Candidate: (none)" not in policy
