"""A stand-in for the official Python image, made from Debian packages.

It is for machines that reach package registries but no image registry. mmdebstrap makes it: in half
of debootstrap's time, without needing root, and into one archive, so that nothing half-made can be tagged.
"""

import contextlib
import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from docker import DockerClient
from docker.errors import ImageNotFound

from localcloud.console import Step
from localcloud.errors import LocalCloudError
from localcloud.setup import host_sources
from localcloud.setup.shell import apt_install, ending_with_this_process, installable, is_root, tail

STAND_IN = "ecs-microservice/base:python3.13-trixie"
RECIPE_LABEL = "ecs-microservice.base-image.recipe"
SUITE = "trixie"
PACKAGES = ("python3", "python3-venv", "python3-pip", "ca-certificates")
STOP_SECONDS = 3
# As in the official slim images: what nobody reads inside a container.
UNUSED_PATHS = ("doc", "man", "info", "locale", "lintian", "bug")
# The official image has `python` and `pip` in /usr/local/bin and lets pip install outside of a venv.
HOOKS = (
    'ln -s /usr/bin/python3 "$1/usr/local/bin/python" && ln -s /usr/bin/python3 "$1/usr/local/bin/python3"',
    'ln -s /usr/bin/pip3 "$1/usr/local/bin/pip"',
    'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
    'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*',
    'mkdir -p "$1/var/cache/apt/archives/partial"',
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything the stand-in is made from; another recipe makes another image.

    Args:
        mirror: URI of the Debian archive; None lets mmdebstrap use its own default.
        apt_options: Lines of apt.conf.
        pip: Settings of pip's configuration file.
        ca_bundle: The machine's file of certificate authorities; None keeps Debian's.
    """

    mirror: str | None
    apt_options: tuple[str, ...]
    pip: tuple[tuple[str, str], ...]
    ca_bundle: Path | None

    @classmethod
    def of_this_machine(cls) -> "Recipe":
        """Read the machine's package sources."""
        return cls(
            mirror=host_sources.debian_mirror(),
            apt_options=tuple(host_sources.apt_options()),
            pip=tuple(sorted(host_sources.pip_settings().items())),
            ca_bundle=host_sources.ca_bundle(),
        )

    def digest(self) -> str:
        """Hash of the recipe; only the hash is kept, because a package index may carry a password."""
        authorities = self.ca_bundle.read_bytes() if self.ca_bundle else b""
        parts = [SUITE, PACKAGES, UNUSED_PATHS, HOOKS, self.mirror, self.apt_options, self.pip]
        return hashlib.sha256(json.dumps(parts).encode() + authorities).hexdigest()[:16]


def recipe_of(engine: DockerClient) -> str | None:
    """The recipe the stand-in on this engine was made from; None when there is no stand-in."""
    try:
        labels = engine.images.get(STAND_IN).labels
    except ImageNotFound:
        return None
    return labels.get(RECIPE_LABEL)


def make_stand_in(work: Path, engine: DockerClient, recipe: Recipe, progress: Step) -> None:
    """Make the stand-in image and tag it `STAND_IN`.

    Args:
        work: Folder for half-made images; what earlier attempts left there is removed.
        engine: The Docker engine that gets the image.
        recipe: What it is made from.
        progress: Told where the work stands.

    Raises:
        LocalCloudError: mmdebstrap is missing and cannot be installed, or it failed.
    """
    _need_mmdebstrap()
    with _fresh_folder(work) as folder:
        archive = folder / "root.tar"
        _run_mmdebstrap(_command(recipe, folder, archive), folder, progress)
        progress.update("importing into the Docker engine")
        repository, _, tag = STAND_IN.partition(":")
        engine.api.import_image_from_file(
            str(archive),
            repository=repository,
            tag=tag,
            changes=[
                "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
                "ENV LANG=C.UTF-8",
                'CMD ["python3"]',
                f"LABEL {RECIPE_LABEL}={recipe.digest()}",
            ],
        )
        if recipe_of(engine) != recipe.digest():
            raise LocalCloudError(
                f"the Docker engine did not import {STAND_IN}",
                fix="look for free disk space and repeat the command",
            )


def _need_mmdebstrap() -> None:
    if shutil.which("mmdebstrap") is None and installable():
        apt_install(["mmdebstrap", "debian-archive-keyring"])
    if shutil.which("mmdebstrap") is None:
        raise LocalCloudError(
            "the base image cannot be pulled, and making a stand-in for it needs mmdebstrap",
            fix="connect to an image registry, or on Debian and Ubuntu: sudo apt-get install mmdebstrap",
        )


def _command(recipe: Recipe, folder: Path, archive: Path) -> list[str]:
    hooks = [*HOOKS, *_configuration_hooks(recipe, folder)]
    return [
        *ending_with_this_process(),
        "mmdebstrap",
        "--variant=apt",  # as in the official image, for Dockerfiles that install packages
        f"--include={','.join(PACKAGES)}",
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in UNUSED_PATHS),
        *(f"--aptopt={option}" for option in recipe.apt_options),
        *(f"--customize-hook={hook}" for hook in hooks),
        SUITE,
        str(archive),
        *([recipe.mirror] if recipe.mirror else []),
    ]


def _configuration_hooks(recipe: Recipe, folder: Path) -> Iterator[str]:
    if recipe.ca_bundle:
        yield f"upload {shlex.quote(str(recipe.ca_bundle))} /etc/ssl/certs/ca-certificates.crt"
    lines = ["[global]", "root-user-action = ignore", *(f"{key} = {value}" for key, value in recipe.pip)]
    configuration = folder / "pip.conf"
    configuration.touch(mode=0o600)
    configuration.write_text("\n".join([*lines, ""]))
    # A password in an index's URL is for the build, which runs as root, and not for the service.
    mode = "600" if any("@" in value for _, value in recipe.pip) else "644"
    yield f"upload {shlex.quote(str(configuration))} /etc/pip.conf"
    yield f'chmod {mode} "$1/etc/pip.conf" && chown 0:0 "$1/etc/pip.conf"'


def _run_mmdebstrap(command: list[str], folder: Path, progress: Step) -> None:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=_environment(folder),
        start_new_session=True,
    )
    printed: list[str] = []
    try:
        assert process.stdout is not None  # noqa: S101  Popen was given a pipe
        for line in process.stdout:
            printed.append(line.rstrip())
            if line.startswith("I: ") and " hook" not in line and "-hook" not in line:
                progress.update(line[3:].rstrip("\n."))
        process.wait()
    finally:
        if process.poll() is None:  # Ctrl-C
            _stop(process)
    if process.returncode != 0:
        raise LocalCloudError(
            f"making a stand-in for the base image failed:\n{tail(chr(10).join(printed), 15)}",
            fix="check the machine's Debian package source and free disk space, then try again",
        )


def _stop(process: "subprocess.Popen[str]") -> None:
    """Stop mmdebstrap with everything it started: it cleans up on SIGTERM, but only between two packages."""
    for number, patience in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def _environment(folder: Path) -> dict[str, str]:
    # Without root, mmdebstrap works as another user of a user namespace, who cannot enter this one's folders.
    place = {"TMPDIR": str(folder)} if is_root() else {}
    return {**os.environ, "LC_ALL": "C.UTF-8", **place}


@contextmanager
def _fresh_folder(parent: Path) -> Iterator[Path]:
    """A new folder per attempt: what a killed attempt left behind may still be dying in its own one."""
    if parent.is_dir():
        for leftover in parent.iterdir():
            _remove(leftover)
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="attempt-", dir=parent))
    try:
        yield folder
    finally:
        _remove(folder)
        with contextlib.suppress(OSError):
            parent.rmdir()


def _remove(folder: Path) -> None:
    """Remove what an earlier run left, but never through something that is mounted inside."""
    inside = f"{folder.resolve()}/"
    mounted = [
        part.mountpoint for part in psutil.disk_partitions(all=True) if part.mountpoint.startswith(inside)
    ]
    for mountpoint in sorted(mounted, reverse=True):
        subprocess.run(["umount", "--lazy", mountpoint], check=False, capture_output=True)
    shutil.rmtree(folder, ignore_errors=True)
