"""Start, find and stop the background process of one local cloud."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from localcloud.emulator.identity import WORLD_PATH
from localcloud.emulator.leftovers import remove_leftovers
from localcloud.emulator.ports import bind_loopback, describe_holder
from localcloud.errors import LocalCloudError
from localcloud.hints import command
from localcloud.settings import DEFAULT_PORT, CloudSettings

START_SECONDS = 30.0
STOP_SECONDS = 15.0
LOCK_SECONDS = 60.0
ASK_SECONDS = 2.0
# The way to the Docker engine and its configuration, the language and the clock; whatever else a shell has, tokens
# among it, is nothing to a process that does what others wrote.
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "DOCKER_HOST",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "DOCKER_CONFIG",
    "LOCALCLOUD_PUBLISH_PORTS",
)


@dataclass(frozen=True, kw_only=True)
class RunningCloud:
    """A local cloud that answers.

    Args:
        pid: Process id of the background process.
        port: TCP port it serves on the loopback addresses.
        world: Id of the world it holds in memory; a restart makes a new one.
        endpoint: URL of the AWS endpoint.
        version: Identifies the emulator code the process runs (see `identity.code_version`).
    """

    pid: int
    port: int
    world: str
    endpoint: str
    version: str


def start(settings: CloudSettings) -> RunningCloud:
    """Start the local cloud, or return the one that already runs for this home.

    The process has its own session: it survives the command that started it and Ctrl-C in the terminal.

    Raises:
        LocalCloudError: The port is taken, this home's cloud runs on another port, or the process died.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    with _lock(settings):
        found = running(settings)
        if found is not None:
            if found.port != settings.port:
                raise LocalCloudError(
                    f"the local cloud of {settings.home} already runs on port {found.port}, "
                    f"not on {settings.port}",
                    fix=f"go on with that port: export LOCALCLOUD_PORT={found.port}",
                )
            if not (settings.process_file.exists() or settings.log_file.exists()):
                raise LocalCloudError(
                    f"the folder {settings.home} was removed while its local cloud runs, and with it what is "
                    "known of its stacks",
                    fix=f"stop it and begin anew: {command('down')} && {command('up')}",
                )
            return found
        _end_unresponsive(settings)
        _require_free_port(settings)
        return _await_answer(settings, _spawn(settings))


def running(settings: CloudSettings) -> RunningCloud | None:
    """Find the local cloud of this home by asking it: a stale file or a reused pid is never believed."""
    recorded = _recorded(settings).get("port")
    ports = [recorded] if isinstance(recorded, int) else []
    for port in dict.fromkeys([*ports, settings.port]):
        answer = _ask(port)
        if answer.get("home") == str(settings.home.resolve()):
            return RunningCloud(
                pid=int(answer["pid"]),
                port=port,
                world=str(answer["world"]),
                endpoint=f"http://localhost:{port}",
                version=str(answer["version"]),
            )
    return None


def stop(settings: CloudSettings) -> bool:
    """Stop the process and remove every container it made, and nothing else; True when anything was there.

    Works as well after the process was killed: its containers are found by their label.

    Raises:
        LocalCloudError: The process does not end.
    """
    if not settings.home.exists() and running(settings) is None:
        return False
    settings.home.mkdir(parents=True, exist_ok=True)  # somebody may have removed it while the process runs
    with _lock(settings):
        found = running(settings)
        process = _process(found.pid) if found else _recorded_process(settings)
        if process is not None:
            _end(process)
        settings.process_file.unlink(missing_ok=True)
        removed = remove_leftovers(settings)
    return process is not None or removed > 0


def _lock(settings: CloudSettings) -> AbstractContextManager[object]:
    try:
        return FileLock(settings.home / "cloud.lock").acquire(timeout=LOCK_SECONDS)
    except Timeout:
        raise LocalCloudError(
            f"another command has been starting or stopping the local cloud of {settings.home} "
            f"for more than {LOCK_SECONDS:.0f} s",
            fix="wait for it, or end it, and try again",
        ) from None


def _ask(port: int) -> Mapping[str, Any]:
    """The world document, or an empty one when nothing or something else answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", WORLD_PATH)
        document = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    complete = isinstance(document, dict) and {"home", "pid", "world", "version"} <= document.keys()
    return document if complete else {}


def _recorded(settings: CloudSettings) -> Mapping[str, object]:
    try:
        document = json.loads(settings.process_file.read_text())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _process(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _recorded_process(settings: CloudSettings) -> psutil.Process | None:
    """The process of cloud.json if it is still ours: a pid is reused, a pid with its start time is not."""
    record = _recorded(settings)
    pid, started = record.get("pid"), record.get("process_started")
    if not isinstance(pid, int) or not isinstance(started, int | float):
        return None
    process = _process(pid)
    if process is None or abs(process.create_time() - started) > 1:
        return None
    return process


def _end_unresponsive(settings: CloudSettings) -> None:
    """Kill a process that no longer answers: asking it politely would only wait for the same silence."""
    process = _recorded_process(settings)
    if process is not None:
        _end(process, polite_seconds=0.0)
    settings.process_file.unlink(missing_ok=True)


def _end(process: psutil.Process, *, polite_seconds: float = STOP_SECONDS) -> None:
    polite = [(process.terminate, polite_seconds)] if polite_seconds else []
    for ask, seconds in (*polite, (process.kill, 5.0)):
        try:
            ask()
            process.wait(seconds)
        except psutil.NoSuchProcess:
            return
        except psutil.TimeoutExpired:
            continue
        else:
            return
    raise LocalCloudError(
        f"the local cloud's process {process.pid} does not end", fix=f"kill -9 {process.pid}"
    )


def _require_free_port(settings: CloudSettings) -> None:
    try:
        for probe in bind_loopback(settings.port):
            probe.close()
    except PermissionError:
        raise LocalCloudError(
            f"port {settings.port} may not be opened by this user",
            fix="set LOCALCLOUD_PORT to a free port above 1023",
        ) from None
    except OSError:
        home = _ask(settings.port).get("home")
        holder = f"the local cloud of {home}" if home else describe_holder(settings.port)
        raise LocalCloudError(
            f"port {settings.port} is in use by {holder}",
            fix=f"end it, or choose another port: export LOCALCLOUD_PORT={_another(settings.port)}",
        ) from None


def _another(port: int) -> int:
    """A port that nobody listens on now."""
    for other in range(port + 1, min(port + 100, 65536)):
        with contextlib.suppress(OSError):
            for probe in bind_loopback(other):
                probe.close()
            return other
    return DEFAULT_PORT


def environment_of(settings: CloudSettings, given: Mapping[str, str]) -> dict[str, str]:
    """The background process's environment: what it needs, and nothing of the user's keys and tokens.

    Args:
        settings: The local cloud.
        given: The environment of the command that starts it.
    """
    # An engine at another machine's SSH server is reached with the user's agent.
    by_ssh = ("SSH_AUTH_SOCK",) if given.get("DOCKER_HOST", "").startswith("ssh://") else ()
    return {name: given[name] for name in (*PASSED_ON, *by_ssh) if name in given} | {
        "LOCALCLOUD_HOME": str(settings.home.resolve()),
        "LOCALCLOUD_PORT": str(settings.port),
        "LOCALCLOUD_REGION": settings.region,
        "LOCALCLOUD_ACCOUNT_ID": settings.account_id,
        "LOCALCLOUD_CLOCK": str(settings.clock),
        **settings.gate.environment(),
        **settings.containment.environment(),
    }


def _spawn(settings: CloudSettings) -> subprocess.Popen[bytes]:
    if settings.log_file.exists():
        settings.log_file.replace(settings.log_file.with_suffix(".log.1"))
    with settings.log_file.open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "localcloud.emulator"],
            cwd=settings.home,
            env=environment_of(settings, os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _await_answer(settings: CloudSettings, child: subprocess.Popen[bytes]) -> RunningCloud:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise LocalCloudError(
                f"the local cloud ended at start with exit code {child.returncode}; its last lines:\n"
                f"{_tail(settings.log_file)}",
                fix=f"look into {settings.log_file}",
            )
        found = running(settings) if settings.process_file.exists() else None
        if found is not None and found.pid == child.pid:
            return found
        time.sleep(0.02)
    child.kill()
    child.wait()
    raise LocalCloudError(
        f"the local cloud did not answer within {START_SECONDS:.0f} s; its last lines:\n"
        f"{_tail(settings.log_file)}",
        fix=f"look into {settings.log_file}",
    )


def _tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"
