"""A stage for end-to-end tests: a copy of the project and a local cloud of its own, driven as a person drives them."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import httpx

from packages.localcloud.tests.emulator.ports import free_port

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAM = ("Pulumi.yaml", "Pulumi.local.yaml", "Pulumi.dev.yaml", "__main__.py", "infra", "app")
COMMAND_SECONDS = 420


@dataclass(frozen=True)
class Ran:
    """A command that ended."""

    code: int
    output: str


@dataclass
class Traffic:
    """What constant requests saw."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def failed(self) -> int:
        return sum(count for answer, count in self.answers.items() if answer != "200")

    @property
    def total(self) -> int:
        return self.answers.total()


class Stage:
    """One copy of the program, or another project, and one local cloud, both in a folder of the test's own."""

    def __init__(self, folder: Path, project: Path | None = None) -> None:
        self.project = project or folder / "project"
        self.home = folder / "home"
        self.port = free_port()
        if project is None:
            self.project.mkdir(parents=True)
            for name in PROGRAM:
                source = REPOSITORY / name
                copy = shutil.copytree if source.is_dir() else shutil.copy2
                copy(source, self.project / name)
        self.environment = os.environ | {
            "LOCALCLOUD_HOME": str(self.home),
            "LOCALCLOUD_PORT": str(self.port),
            "PYTHONPATH": str(REPOSITORY),
            "COLUMNS": "200",
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "automation", *arguments, "--project", str(self.project)]

    def run(self, *arguments: str) -> Ran:
        """Run a verb of the operations CLI to its end."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.project,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Ran(done.returncode, done.stdout)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a verb in a session of its own, to be killed."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.project,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def up(self) -> Ran:
        """Deploy and expect it to work."""
        ran = self.run("up", "local")
        assert ran.code == 0, ran.output
        return ran

    def down(self) -> Ran:
        """Take the stack and the local cloud away."""
        done = subprocess.run(
            [sys.executable, "-m", "localcloud", "stop"],
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return Ran(done.returncode, done.stdout)

    @property
    def url(self) -> str:
        ran = self.run("url", "local")
        assert ran.code == 0, ran.output
        return ran.output.strip()

    def get(self, path: str = "/", url: str | None = None) -> httpx.Response:
        """Ask through the load balancer; the host name is sent, the loopback is addressed."""
        address = httpx.URL(url or self.url)
        return httpx.get(
            f"http://127.0.0.1:{self.port}{path}",
            headers={"Host": address.netloc.decode()},
            timeout=10,
            trust_env=False,
        )

    @contextmanager
    def traffic(
        self, clients: int = 2, *, host: str = "", paths: Sequence[str] = ("/",), pause: float = 0
    ) -> Iterator[Traffic]:
        """Send requests one after the other from some clients for as long as the block lasts.

        A redirect is followed once: to HTTPS it leads to where the local cloud answers for port 443, unencrypted.
        """
        host = host or httpx.URL(self.url).netloc.decode()
        seen, stop, lock = Traffic(), threading.Event(), threading.Lock()

        def ask() -> None:
            with httpx.Client(timeout=10, trust_env=False) as client:
                for path in itertools.cycle(paths):
                    if stop.wait(pause):
                        return
                    answer = self._answer(client, host, path)
                    with lock:
                        seen.answers[answer] += 1
                        if answer != "200":
                            seen.failures.append((time.time(), path, answer))

        threads = [threading.Thread(target=ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def _answer(self, client: httpx.Client, host: str, path: str) -> str:
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            answer = client.get(url, headers={"Host": host})
            if answer.is_redirect:
                there = httpx.URL(answer.headers["location"]).netloc.decode()
                answer = client.get(url, headers={"Host": there})
        except httpx.HTTPError as error:
            return type(error).__name__
        return str(answer.status_code)

    def aws(self, service: str) -> Any:
        """A boto3 client of the local cloud; boto3 makes its classes at run time."""
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def containers(self) -> list[str]:
        """Ids of the containers that run for this stage's cluster."""
        from localcloud.emulator.identity import INSTANCE_LABEL, instance_of
        from localcloud.settings import CloudSettings

        label = f"label={INSTANCE_LABEL}={instance_of(CloudSettings(home=self.home, port=self.port))}"
        return subprocess.check_output(["docker", "ps", "-q", "--filter", label], text=True).split()

    def edit(self, path: str, old: str, new: str) -> None:
        """Change a line of the copy as a person would."""
        file = self.project / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new))


def eventually(check: Callable[[], object], seconds: float, what: str) -> float:
    """Poll until the check is true; returns the seconds it took."""
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        if check():
            return time.monotonic() - started
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


def counted(output: str, what: str) -> int:
    """The number before a word in the summary: `12 unchanged`, `+ 3 to create`."""
    found = re.search(rf"(\d+) {what}", output)
    return int(found.group(1)) if found else 0
