"""Find a Docker engine that answers, or bring one up where that needs no questions (Debian as root)."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil
from docker.context import ContextAPI
from docker.errors import DockerException
from filelock import FileLock

from localcloud.console import info, step
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup.shell import apt_install, installable, is_root, tail

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
ANSWER_SECONDS = 5
START_SECONDS = 60
STOP_SECONDS = 20
INSTALL_HINT = "install Docker Engine or Docker Desktop, start it, and run the command again"


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answered.

    Args:
        host: Its address as DOCKER_HOST spells it.
        version: What it calls its version.
    """

    host: str
    version: str


@dataclass(frozen=True)
class NoAnswer:
    """Why an address did not answer; `denied` when the socket is there but not for this user."""

    host: str
    reason: str
    denied: bool = False


def ensure_engine(settings: CloudSettings) -> Engine:
    """Return the Docker engine of this machine; install and start one where that is possible.

    Raises:
        LocalCloudError: No engine answers and none can be started; the message says what to change.
    """
    with step("Docker engine") as progress:
        engine = _find_or_start(settings)
        progress.done(f"{engine.version} at {engine.host}")
    return engine


def find_engine() -> Engine | list[NoAnswer]:
    """The first engine that answers at DOCKER_HOST, the context or a usual socket; else each reason."""
    refusals: list[NoAnswer] = []
    for host in _candidate_hosts():
        answer = _ask(host)
        if isinstance(answer, Engine):
            return answer
        refusals.append(answer)
    return refusals


def stop_engine(settings: CloudSettings) -> str | None:
    """Stop the Docker engine that `ensure_engine` started for this local cloud, if there is one.

    Returns:
        What was done, as one line for the user; None when this local cloud started no engine.

    Raises:
        LocalCloudError: The engine did not stop.
    """
    record = _record_file(settings)
    process = _started_by_us(settings)
    if process is None:
        record.unlink(missing_ok=True)
        return None
    running = _running_containers()
    if running:
        return f"the Docker engine goes on: {running} other container(s) run in it (pid {process.pid})"
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        raise LocalCloudError(
            f"the Docker engine (pid {process.pid}) did not stop within {STOP_SECONDS} s",
            fix=f"look into {_log_file(settings)}, then: kill -9 {process.pid}",
        ) from None
    record.unlink(missing_ok=True)
    return "Docker engine stopped"


def _find_or_start(settings: CloudSettings) -> Engine:
    found = find_engine()
    if isinstance(found, Engine):
        return found
    _refuse_what_starting_cannot_mend(found)
    settings.home.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.home / "setup.lock"):
        found = find_engine()  # another run may have started it while this one waited
        if isinstance(found, Engine):
            return found
        if shutil.which("dockerd") is None:
            _install(found)
        return _start(settings)


def _candidate_hosts() -> list[str]:
    explicit = os.environ.get("DOCKER_HOST")
    if explicit:
        return [explicit]
    hosts: list[str] = []
    # A broken context must not hide an engine at the usual address.
    with contextlib.suppress(DockerException, OSError, ValueError, KeyError):
        # The library answers None for a context that has been removed.
        # The library itself does not read DOCKER_CONTEXT, as the docker command does.
        host = getattr(ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT") or None), "Host", None)
        _refuse_unknown_context(host)
        if host:
            hosts.append(str(host).replace("http+docker://localhost", DEFAULT_SOCKET))
    hosts.append(DEFAULT_SOCKET)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    rootless = [Path(runtime) / "docker.sock"] if runtime else []
    desktop = [Path.home() / ".docker" / folder / "docker.sock" for folder in ("run", "desktop")]
    hosts.extend(f"unix://{path}" for path in (*rootless, *desktop) if path.exists())
    return list(dict.fromkeys(hosts))


def _refuse_unknown_context(host: str | None) -> None:
    """A context that the user names and nobody has: every docker command would fail for it, builds too."""
    name = os.environ.get("DOCKER_CONTEXT")
    if name and host is None:
        raise LocalCloudError(
            f"DOCKER_CONTEXT is {name!r}, and there is no Docker context of that name",
            fix="set it to one of those of `docker context ls`, or leave it out: unset DOCKER_CONTEXT",
        )


def _ask(host: str) -> Engine | NoAnswer:
    try:
        client = docker.DockerClient(base_url=host, timeout=ANSWER_SECONDS, version="auto")
    except (DockerException, OSError, ValueError) as error:
        return NoAnswer(host, _reason(error), denied="Permission denied" in str(error))
    with contextlib.closing(client):
        return Engine(host, str(client.version()["Version"]))


def _reason(error: Exception) -> str:
    text = str(error)
    for sign, meaning in (
        ("Permission denied", "permission denied"),
        ("No such file", "no such socket"),
        ("FileNotFoundError", "no such socket"),
        ("Connection refused", "nothing listens there"),
        ("timed out", f"no answer within {ANSWER_SECONDS} s"),
    ):
        if sign in text:
            return meaning
    return text


def _refuse_what_starting_cannot_mend(refusals: list[NoAnswer]) -> None:
    denied = next((refusal for refusal in refusals if refusal.denied), None)
    if denied:
        raise LocalCloudError(
            f"no permission to use the Docker engine at {denied.host}",
            fix="run it as root, or be of the group, log in again and run it again: sudo usermod -aG docker $USER",
        )
    if os.environ.get("DOCKER_HOST"):
        refusal = refusals[0]
        raise LocalCloudError(
            f"no Docker engine answers at DOCKER_HOST={refusal.host}: {refusal.reason}",
            fix="start that engine, or unset DOCKER_HOST to use this machine's own",
        )
    if shutil.which("dockerd") is None and not installable():
        raise LocalCloudError(f"no Docker engine answers ({_all(refusals)})", fix=_how_to_install())
    if not is_root():
        raise LocalCloudError(
            f"Docker is installed but does not answer ({_all(refusals)})",
            fix="run this command as root, or start the engine and run it again: sudo systemctl start docker",
        )


def _all(refusals: list[NoAnswer]) -> str:
    return ", ".join(f"{refusal.host}: {refusal.reason}" for refusal in refusals)


def _how_to_install() -> str:
    if shutil.which("apt-get"):
        return "sudo apt-get install docker.io iptables && sudo usermod -aG docker $USER, then log in again"
    return INSTALL_HINT


def _install(refusals: list[NoAnswer]) -> None:
    info(f"... no Docker engine answers ({_all(refusals)}): installing docker.io and iptables")
    # Newer releases of the distribution put the client and BuildKit's part of it into packages of their own.
    apt_install(["docker.io", "iptables"], optional=["docker-cli", "docker-buildx"])
    if shutil.which("dockerd") is None:
        raise LocalCloudError("docker.io is installed but there is no dockerd on PATH", fix=INSTALL_HINT)


def _start(settings: CloudSettings) -> Engine:
    started = _answer_within(3) if _service_manager_started_it() else None
    if started:
        return started
    log = _log_file(settings)
    info(f"... starting dockerd in the background, log in {log}")
    earlier = log.stat().st_size if log.exists() else 0
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["dockerd", "--host", DEFAULT_SOCKET],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C on the command must not stop the engine
            cwd="/",
        )
    created = psutil.Process(process.pid).create_time()
    _record_file(settings).write_text(json.dumps({"pid": process.pid, "created": created}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        answer = _answer_within(0.5)
        if answer:
            return answer
    problem = (
        f"did not answer within {START_SECONDS} s" if process.poll() is None else "stopped while starting"
    )
    said = log.read_bytes()[earlier:].decode(errors="replace")
    raise LocalCloudError(
        f"dockerd {problem}; the end of its log {log}:\n{tail(said, 5)}", fix=_fix_for(tail(said, 40))
    )


def _service_manager_started_it() -> bool:
    """Ask systemd where it is the init process; in containers and small machines there is none to ask."""
    if not Path("/run/systemd/system").is_dir() or shutil.which("systemctl") is None:
        return False
    return subprocess.run(["systemctl", "start", "docker"], check=False, capture_output=True).returncode == 0


def _answer_within(seconds: float) -> Engine | None:
    deadline = time.monotonic() + seconds
    while True:
        answer = _ask(DEFAULT_SOCKET)
        if isinstance(answer, Engine):
            return answer
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.1)


def _fix_for(log: str) -> str:
    """What usually helps, by the words dockerd uses."""
    for sign, fix in (
        (
            "iptables",
            "apt-get install iptables; in a container, run it with --privileged or --cap-add NET_ADMIN",
        ),
        (
            "pid file found",
            "another dockerd runs or left its pid file: stop it or remove /var/run/docker.pid",
        ),
        (
            "cgroup",
            "mount the cgroup file systems (a container needs --privileged), then run the command again",
        ),
        ("no space left", "free space under /var/lib/docker, then run the command again"),
        (
            "operation not permitted",
            "dockerd needs the rights of a real root: in a container, run it with --privileged",
        ),
    ):
        if sign in log.lower():
            return fix
    return "repair what the log names, or start a Docker engine yourself, then run the command again"


def _log_file(settings: CloudSettings) -> Path:
    return settings.home / "dockerd.log"


def _record_file(settings: CloudSettings) -> Path:
    return settings.home / "dockerd.json"


def _started_by_us(settings: CloudSettings) -> psutil.Process | None:
    """The recorded process if it still is that process: pids are used again, creation times are not."""
    try:
        record = json.loads(_record_file(settings).read_text())
        process = psutil.Process(int(record["pid"]))
        return process if abs(process.create_time() - float(record["created"])) < 1 else None
    except (OSError, ValueError, KeyError, psutil.NoSuchProcess):
        return None


def _running_containers() -> int:
    with contextlib.suppress(DockerException, OSError, socket.timeout):
        client = docker.DockerClient(base_url=DEFAULT_SOCKET, timeout=ANSWER_SECONDS, version="auto")
        with contextlib.closing(client):
            return len(client.containers.list())
    return 0
