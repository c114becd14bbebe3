import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup import docker_engine
from localcloud.setup.docker_engine import Engine, NoAnswer, ensure_engine, stop_engine

# Answers what the Docker library asks first, on the socket given behind --host.
ENGINE = """\
#!{python}
import http.server, json, os, socketserver, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if "containers/json" in self.path:
            body = os.environ.get("CONTAINERS", "[]").encode()
        else:
            body = json.dumps({{"Version": "99.0", "ApiVersion": "1.41", "MinAPIVersion": "1.12"}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def address_string(self):
        return "client"
path = sys.argv[sys.argv.index("--host") + 1].removeprefix("unix://")
print("engine starts", flush=True)
socketserver.ThreadingUnixStreamServer(path, Answer).serve_forever()
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CloudSettings:
    """A machine of its own: no engine answers, PATH holds nothing but the interpreter's tools, the user is root."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    socket = f"unix://{tmp_path}/docker.sock"
    monkeypatch.setattr(docker_engine, "DEFAULT_SOCKET", socket)
    monkeypatch.setattr(docker_engine, "_candidate_hosts", lambda: [os.environ.get("DOCKER_HOST", socket)])
    monkeypatch.setattr(docker_engine, "_service_manager_started_it", lambda: False)
    monkeypatch.setattr(docker_engine, "is_root", lambda: True)
    return CloudSettings(home=tmp_path / "home")


def install_dockerd(tmp_path: Path, text: str) -> None:
    program = tmp_path / "bin/dockerd"
    program.write_text(text)
    program.chmod(0o755)


def refusal(settings: CloudSettings) -> LocalCloudError:
    with pytest.raises(LocalCloudError) as failure:
        ensure_engine(settings)
    return failure.value


def test_an_installed_engine_is_started_once_and_stopped_again(
    machine: CloudSettings, tmp_path: Path
) -> None:
    install_dockerd(tmp_path, ENGINE.format(python=sys.executable))

    engine = ensure_engine(machine)
    pid = json.loads((machine.home / "dockerd.json").read_text())["pid"]

    assert engine == Engine(f"unix://{tmp_path}/docker.sock", "99.0")
    assert os.getsid(pid) == pid, "Ctrl-C on the terminal would reach it"
    assert ensure_engine(machine) == engine
    assert (machine.home / "dockerd.log").read_text().count("engine starts") == 1
    assert stop_engine(machine) == "Docker engine stopped"
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert stop_engine(machine) is None


def test_an_engine_that_runs_other_containers_goes_on(
    machine: CloudSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTAINERS", '[{"Id": "one"}]')
    install_dockerd(tmp_path, ENGINE.format(python=sys.executable))
    monkeypatch.setattr(docker_engine, "_running_containers", lambda: 1)
    ensure_engine(machine)
    process = psutil.Process(json.loads((machine.home / "dockerd.json").read_text())["pid"])

    said = stop_engine(machine)

    assert said is not None
    assert "goes on: 1 other container(s)" in said
    assert process.status() != psutil.STATUS_ZOMBIE
    monkeypatch.setattr(docker_engine, "_running_containers", lambda: 0)
    assert stop_engine(machine) == "Docker engine stopped"


def test_a_process_that_took_over_the_recorded_pid_is_left_alone(machine: CloudSettings) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        machine.home.mkdir()
        record = {"pid": other.pid, "created": time.time() - 3600}
        (machine.home / "dockerd.json").write_text(json.dumps(record))

        assert stop_engine(machine) is None
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize(
    ("log", "fix"),
    [
        ("failed to start daemon: iptables not found", "apt-get install iptables"),
        ("failed to start daemon: Devices cgroup isn't mounted", "mount the cgroup file systems"),
        ("pid file found, ensure docker is not running", "remove /var/run/docker.pid"),
        ("mkdir: no space left on device", "free space under /var/lib/docker"),
        ("something new", "repair what the log names"),
    ],
)
def test_an_engine_that_cannot_start_says_why(
    machine: CloudSettings, tmp_path: Path, log: str, fix: str
) -> None:
    machine.home.mkdir()
    (machine.home / "dockerd.log").write_text("a line of last week: cgroup iptables pid file found\n")
    install_dockerd(tmp_path, f'#!/bin/sh\necho "{log}"\nexit 1\n')

    failure = refusal(machine)

    assert "dockerd stopped while starting" in failure.message
    assert log in failure.message
    assert "last week" not in failure.message
    assert fix in str(failure.fix)


def test_without_root_nothing_is_installed_or_started(
    machine: CloudSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_engine, "is_root", lambda: False)
    monkeypatch.setattr(docker_engine, "installable", lambda: False)

    failure = refusal(machine)
    assert "no Docker engine answers" in failure.message
    assert "no such socket" in failure.message
    assert "install Docker" in str(failure.fix)

    install_dockerd(tmp_path, "#!/bin/sh\ntouch started\n")
    failure = refusal(machine)
    assert "Docker is installed but does not answer" in failure.message
    assert "systemctl start docker" in str(failure.fix)


def test_a_machine_that_can_install_an_engine_does(
    machine: CloudSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def install(packages: list[str], *, optional: list[str]) -> None:
        asked.append([*packages, *optional])
        install_dockerd(tmp_path, ENGINE.format(python=sys.executable))

    monkeypatch.setattr(docker_engine, "installable", lambda: True)
    monkeypatch.setattr(docker_engine, "apt_install", install)

    assert ensure_engine(machine).version == "99.0"
    assert asked == [["docker.io", "iptables", "docker-cli", "docker-buildx"]]
    stop_engine(machine)


def test_no_permission_on_the_socket_is_told_with_its_remedy(
    machine: CloudSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_engine, "_ask", lambda host: NoAnswer(host, "permission denied", denied=True))

    failure = refusal(machine)

    assert "no permission" in failure.message
    assert "usermod -aG docker" in str(failure.fix)


def test_an_engine_chosen_by_docker_host_is_never_replaced_by_another(
    machine: CloudSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_dockerd(tmp_path, ENGINE.format(python=sys.executable))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    failure = refusal(machine)

    assert "DOCKER_HOST=unix:///nonexistent/docker.sock" in failure.message
    assert "unset DOCKER_HOST" in str(failure.fix)
    assert not (machine.home / "dockerd.json").exists()


def test_a_docker_context_of_nobody_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONTEXT", "removed-long-ago")

    with pytest.raises(LocalCloudError, match="DOCKER_CONTEXT is 'removed-long-ago'") as failure:
        docker_engine.find_engine()
    assert "docker context ls" in str(failure.value.fix)
