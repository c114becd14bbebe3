"""Build one image with `docker build` and BuildKit."""

import asyncio
import base64
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from localcloud.errors import LocalCloudError
from localcloud.hints import command
from localcloud.images.inputs import SSH, ImageInputs
from localcloud.images.progress import BuildProgress
from localcloud.setup import Machine
from localcloud.setup.shell import ending_with_this_process

# BuildKit prints a whole command as one line.
LONGEST_LINE = 2**20
STOP_SECONDS = 5
# The engine's own builder, whatever builder the user prefers, and one plain image: only that can be pushed and
# looked up by the engine itself.
BUILDKIT = {"DOCKER_BUILDKIT": "1", "BUILDX_BUILDER": "default", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
SECRET_VARIABLE = "LOCALCLOUD_BUILD_SECRET_{}"  # noqa: S105  a variable's name


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One build.

    Args:
        inputs: What to build.
        machine: The Docker engine and command to build with.
        label: `name=value` that marks the image with its content.
        dockerfile: Text in place of the Dockerfile's own, with stand-ins for its images; None leaves it.
    """

    inputs: ImageInputs
    machine: Machine
    label: str
    dockerfile: str | None = None


async def build(name: str, plan: Plan, *, tell: Callable[[str], None]) -> str:
    """Build an image into the Docker engine and return its image id.

    Args:
        name: What messages call the image.
        plan: What to build and with what.
        tell: Called with each step that runs and a summary.

    Raises:
        LocalCloudError: The build failed: the step, its last lines, and what to do.
    """
    inputs = plan.inputs
    progress = BuildProgress(lambda line: tell(f"    {name}: {line}"), inputs.secrets.values())
    with (
        tempfile.TemporaryDirectory(prefix="localcloud-build-") as folder,
        _credentials(inputs) as config,
    ):
        id_file = Path(folder) / "image-id"
        command = _command(plan, id_file, _dockerfile(plan, Path(folder)))
        environment = {
            **os.environ,
            **BUILDKIT,
            "DOCKER_HOST": plan.machine.engine.host,
            **config,
        }
        environment |= {
            SECRET_VARIABLE.format(index): text for index, text in enumerate(inputs.secrets.values())
        }
        inline = inputs.dockerfile.inline if inputs.dockerfile_path is None and not plan.dockerfile else None
        code = await _run(command, environment, inline, progress)
        if code != 0:
            raise _failure(name, progress, code)
        tell(f"    {name}: {progress.summary()}")
        return id_file.read_text().strip()


def _dockerfile(plan: Plan, folder: Path) -> str:
    """Where the Dockerfile is: its own place, standard input, or a copy beside which its ignore file lies."""
    own = plan.inputs.dockerfile_path
    if plan.dockerfile is None:
        return str(own or "-")
    written = folder / "Dockerfile"
    written.write_text(plan.dockerfile, "utf-8")
    ignored = own.with_name(f"{own.name}.dockerignore") if own else None
    if ignored and ignored.is_file():
        shutil.copyfile(ignored, folder / "Dockerfile.dockerignore")
    return str(written)


def _command(plan: Plan, id_file: Path, dockerfile: str) -> list[str]:
    inputs = plan.inputs
    arguments = dict(inputs.build_args)
    # The engine's bridge need not reach the machine's package index; its own network does.
    network = "host" if inputs.network == "default" else inputs.network
    # `--name` alone takes a proxy's address, which may hold a password, from the environment.
    proxies = [name for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY") if os.environ.get(name)]
    return [
        *ending_with_this_process(),
        str(plan.machine.client),
        "build",
        "--progress=plain",
        f"--iidfile={id_file}",
        f"--file={dockerfile}",
        f"--network={network}",
        f"--label={plan.label}",
        *(f"--tag={tag}" for tag in inputs.tags),
        *(f"--build-arg={key}={value}" for key, value in arguments.items()),
        *(f"--build-arg={name}" for name in proxies if name not in arguments),
        *(f"--label={key}={value}" for key, value in inputs.labels.items()),
        *(f"--add-host={host}" for host in inputs.add_hosts),
        *(f"--secret=id={key},env={SECRET_VARIABLE.format(i)}" for i, key in enumerate(inputs.secrets)),
        *(f"--ssh={_ssh(item)}" for item in inputs.ssh),
        *([f"--target={inputs.target}"] if inputs.target else []),
        *(["--no-cache"] if inputs.no_cache else []),
        # A stand-in is in no registry.
        *(["--pull"] if inputs.pull and not plan.dockerfile else []),
        str(inputs.folder),
    ]


def _ssh(item: SSH) -> str:
    return f"{item.id}={','.join(item.paths)}" if item.paths else item.id


async def _run(
    command: list[str], environment: dict[str, str], inline: str | None, progress: BuildProgress
) -> int:
    """Run the build; when this task is cancelled (Ctrl-C), the build is stopped too."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE if inline is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        limit=LONGEST_LINE,
    )
    try:
        if inline is not None and process.stdin is not None:
            process.stdin.write(inline.encode())
            process.stdin.close()
        if process.stdout is not None:
            async for line in process.stdout:
                progress.add(line.decode(errors="replace"))
        return await process.wait()
    finally:
        if process.returncode is None:
            await _stop(process)


async def _stop(process: asyncio.subprocess.Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


@contextmanager
def _credentials(inputs: ImageInputs) -> Iterator[dict[str, str]]:
    """Give the build the registries' credentials in a private folder that is gone afterwards.

    Only for registries the build reads from: pushing hands credentials to the engine without any file.
    """
    pushed_to = {tag.partition("/")[0] for tag in inputs.tags}
    needed = {
        item.address.removeprefix("https://").partition("/")[0]: f"{item.username}:{item.password}"
        for item in inputs.registries
        if item.username and item.password
    }
    needed = {host: login for host, login in needed.items() if host not in pushed_to}
    if not needed:
        yield {}
        return
    users = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    with tempfile.TemporaryDirectory(prefix="localcloud-docker-") as folder:  # 0700, as tempfile makes it
        config = json.loads((users / "config.json").read_text()) if (users / "config.json").is_file() else {}
        encoded = {
            host: {"auth": base64.b64encode(login.encode()).decode()} for host, login in needed.items()
        }
        config["auths"] = {**config.get("auths", {}), **encoded}
        # A helper would be asked first and does not know these.
        config.get("credHelpers", {}).update(dict.fromkeys(encoded, ""))
        (Path(folder) / "config.json").write_text(json.dumps(config))
        if (users / "cli-plugins").is_dir():  # buildx may live there
            (Path(folder) / "cli-plugins").symlink_to(users / "cli-plugins")
        yield {"DOCKER_CONFIG": folder}


def _failure(name: str, progress: BuildProgress, code: int) -> LocalCloudError:
    if progress.mentions("no space left on device"):
        free = shutil.disk_usage("/").free / 1024**3
        return LocalCloudError(
            f"building image {name} failed: the Docker engine's disk is full ({free:.1f} GiB free on /)\n"
            f"    {progress.failure()}",
            fix="free disk space, then run the command again; what takes it: docker system df",
        )
    if progress.mentions("cannot connect to the docker daemon", "error during connect"):
        return LocalCloudError(
            f"building image {name} failed: the Docker engine stopped answering: {progress.client_message()}",
            fix=command("setup"),
        )
    if progress.mentions("docker/dockerfile", "docker/dockerfile-upstream"):
        return LocalCloudError(
            f"building image {name} failed, the Dockerfile's syntax image was out of reach:\n    {progress.failure()}",
            fix="remove the `# syntax=` line: BuildKit's own syntax is enough where no registry is reachable",
        )
    if progress.mentions(
        "no such host", "i/o timeout", "failed to resolve source metadata", "tls handshake timeout"
    ):
        return LocalCloudError(
            f"building image {name} failed, a registry or server was out of reach:\n    {progress.failure()}",
            fix="connect to it, or take what it brings from a package registry that this machine reaches",
        )
    return LocalCloudError(
        f"building image {name} failed (docker build, exit code {code}):\n    {progress.failure()}",
        fix="correct the Dockerfile or what it copies, then run the command again",
    )
