"""Make a stand-in for a public image from Debian packages.

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
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from docker import DockerClient
from docker.errors import ImageNotFound

from localcloud.console import Step
from localcloud.errors import LocalCloudError
from localcloud.setup import host_sources
from localcloud.setup.catalogue import PYTHON_SUITES, TESTING, StandIn
from localcloud.setup.shell import apt_install, ending_with_this_process, installable, is_root, run, tail

RECIPE_LABEL = "localcloud.stand-in.recipe"
STOP_SECONDS = 3
# As in the official slim images: what nobody reads inside a container.
UNUSED_PATHS = ("doc", "man", "info", "locale", "lintian", "bug")
CLEANING = (
    'rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*.log "$1"/var/log/apt',
    'mkdir -p "$1/var/cache/apt/archives/partial"',
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything a stand-in is made from; another recipe makes another image.

    Args:
        stand_in: What the image has.
        mirror: URI of the Debian archive; None lets mmdebstrap use its own default.
        apt_options: Lines of apt.conf.
        pip: Settings of pip's configuration file.
        tools: Configuration files of other package managers, path → content.
        ca_bundle: The machine's file of certificate authorities; None keeps Debian's.
    """

    stand_in: StandIn
    mirror: str | None
    apt_options: tuple[str, ...]
    pip: tuple[tuple[str, str], ...]
    tools: tuple[tuple[str, str], ...]
    ca_bundle: Path | None

    @classmethod
    def of_this_machine(cls, stand_in: StandIn) -> "Recipe":
        """Read the machine's package sources."""
        return cls(
            stand_in=stand_in,
            mirror=host_sources.debian_mirror(),
            apt_options=tuple(host_sources.apt_options()),
            pip=tuple(sorted(host_sources.pip_settings().items())),
            tools=tuple(sorted(host_sources.tool_files().items())),
            ca_bundle=host_sources.ca_bundle(),
        )

    def digest(self) -> str:
        """Hash of the recipe; only the hash is kept, because a package index may carry a password."""
        authorities = self.ca_bundle.read_bytes() if self.ca_bundle else b""
        parts = [
            asdict(self.stand_in),
            UNUSED_PATHS,
            CLEANING,
            self.mirror,
            self.apt_options,
            self.pip,
            self.tools,
        ]
        return hashlib.sha256(json.dumps(parts).encode() + authorities).hexdigest()[:16]


def recipe_of(engine: DockerClient, stand_in: StandIn) -> str | None:
    """The recipe the stand-in on this engine was made from; None when there is no such stand-in."""
    try:
        labels = engine.images.get(stand_in.reference).labels
    except ImageNotFound:
        return None
    return labels.get(RECIPE_LABEL)


def make_stand_in(work: Path, engine: DockerClient, recipe: Recipe, progress: Step) -> None:
    """Make a stand-in image and tag it with its reference.

    Args:
        work: Folder for half-made images; what earlier attempts left there is removed.
        engine: The Docker engine that gets the image.
        recipe: What it is made from.
        progress: Told where the work stands.

    Raises:
        LocalCloudError: mmdebstrap is missing and cannot be installed, or it failed.
    """
    _need_mmdebstrap()
    stand_in = recipe.stand_in
    with _fresh_folder(work) as folder:
        python = _python_by_uv(stand_in.python, folder, progress) if stand_in.python else None
        archive = folder / "root.tar"
        _run_mmdebstrap(_command(recipe, folder, archive, python), folder, progress)
        progress.update("importing into the Docker engine")
        repository, _, tag = stand_in.reference.partition(":")
        engine.api.import_image_from_file(
            str(archive),
            repository=repository,
            tag=tag,
            changes=[*stand_in.changes, f"LABEL {RECIPE_LABEL}={recipe.digest()}"],
        )
        if recipe_of(engine, stand_in) != recipe.digest():
            raise LocalCloudError(
                f"the Docker engine did not import {stand_in.reference}",
                fix="look for free disk space and repeat the command",
            )


def _python_by_uv(version: str, folder: Path, progress: Step) -> Path:
    """A Python that no release of Debian has: uv brings a build that runs from any folder."""
    progress.update(f"Python {version} with uv")
    target = folder / "python"
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")]))
    debian = ", ".join(sorted(PYTHON_SUITES, key=lambda number: int(number[2:])))
    nearest = f"start from one of these, which Debian's packages have: python {debian}"
    if uv is None:
        raise LocalCloudError(f"a stand-in with Python {version} needs uv, which is not here", fix=nearest)
    command = [uv, "python", "install", version, "--install-dir", str(target), "--no-bin"]
    try:
        run(command, doing=f"bringing Python {version} with uv", fix=nearest)
    except LocalCloudError as error:
        raise LocalCloudError(
            f"no release of Debian has Python {version}, and uv could not bring it: {tail(error.message, 1).strip()}",
            fix=nearest,
        ) from None
    found = next((path for path in sorted(target.glob("cpython-*")) if not path.is_symlink()), None)
    if found is None:
        raise LocalCloudError(f"uv brought no Python {version} into {target}", fix=nearest)
    for marker in found.glob("lib/python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    return found


def _need_mmdebstrap() -> None:
    if shutil.which("mmdebstrap") is None and installable():
        apt_install(["mmdebstrap", "debian-archive-keyring"])
    if shutil.which("mmdebstrap") is None:
        raise LocalCloudError(
            "the base image cannot be pulled, and making a stand-in for it needs mmdebstrap",
            fix="connect to an image registry, or on Debian and Ubuntu: sudo apt-get install mmdebstrap",
        )


def _command(recipe: Recipe, folder: Path, archive: Path, python: Path | None) -> list[str]:
    stand_in = recipe.stand_in
    brought = [f"sync-in {shlex.quote(str(python))} /usr/local"] if python else []
    hooks = [*brought, *stand_in.hooks, *_file_hooks(stand_in, folder), *CLEANING]
    hooks += _configuration_hooks(recipe, folder)
    return [
        *ending_with_this_process(),
        "mmdebstrap",
        "--variant=apt",  # as in the official image, for Dockerfiles that install packages
        f"--include={','.join(stand_in.packages)}",
        *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in UNUSED_PATHS),
        *(f"--aptopt={option}" for option in recipe.apt_options),
        *(f"--customize-hook={hook}" for hook in hooks),
        # The lists of a release that is not out yet are signed for a week; a mirror that is older has no others.
        *(["--aptopt=Acquire::Check-Valid-Until false"] if stand_in.suite == TESTING else []),
        stand_in.suite,
        str(archive),
        *([recipe.mirror] if recipe.mirror else []),
    ]


def _file_hooks(stand_in: StandIn, folder: Path) -> Iterator[str]:
    for number, (path, content) in enumerate(stand_in.files.items()):
        source = folder / f"file-{number}"
        source.write_text(content)
        yield f"upload {shlex.quote(str(source))} {path}"
        yield f'chmod {"755" if path.endswith(".sh") else "644"} "$1{path}" && chown 0:0 "$1{path}"'


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
    for number, (path, content) in enumerate(recipe.tools):
        source = folder / f"tool-{number}"
        source.touch(mode=0o600)
        source.write_text(content)
        yield f'mkdir -p "$1{Path(path).parent}"'
        yield f"upload {shlex.quote(str(source))} {path}"
        yield f'chmod 600 "$1{path}" && chown 0:0 "$1{path}"'


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
