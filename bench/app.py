"""Requests per second and latency of the service against the seed's server and gunicorn.

`python -m bench.app` runs all of them in one run, in turns, in containers of the seed task's size (0.25 vCPU,
512 MB), so that what else the machine does meets each alike. Read the ratios, on a quiet machine: with every
processor busy, CPU time per request of the service doubles while that of `app.run` hardly changes.
"""

import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, cast

import typer
from docker import DockerClient
from docker.models.containers import Container
from rich.console import Console
from rich.table import Table

from automation.repository import LOCAL_HOME, REPOSITORY_ROOT
from localcloud.errors import LocalCloudError
from localcloud.settings import CloudSettings
from localcloud.setup import Machine, ensure_base_image, prepare

BASE_IMAGE = "python:3.13-slim-trixie"
APP_IMAGE = "ecs-microservice-bench/app"
SERVERS_IMAGE = "ecs-microservice-bench/servers"
LOAD_IMAGE = "ecs-microservice-bench/load"
GREETING = b"Hello from ECS!"


@dataclass(frozen=True, kw_only=True)
class Server:
    """One way to serve the greeting on port 5000 of a container."""

    name: str
    command: tuple[str, ...] | None = None
    environment: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What wrk saw in one round (latencies in milliseconds), and CPU time per request in microseconds."""

    rate: float
    p50: float
    p99: float
    cpu: float


SEED = Server(name="app.run (seed)", command=("python", "/opt/seed/seed.py"))
GUNICORN = Server(
    name="gunicorn sync",
    command=("python", "-m", "gunicorn", "--chdir", "/opt/seed", "--bind", "0.0.0.0:5000", "seed:app"),
    environment=("PYTHONPATH=/opt/competitors",),
)
OURS = Server(name="this service")
SERVERS = (SEED, GUNICORN, OURS)


def main(
    base_image: Annotated[str, typer.Option(help="Image to build on.")] = BASE_IMAGE,
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each server gets.")] = 3,
    seconds: Annotated[int, typer.Option(min=2, help="Length of one turn.")] = 8,
    connections: Annotated[int, typer.Option(min=1, help="Connections that send requests.")] = 16,
) -> None:
    """Build the images, measure every server in turns, print the ratios."""
    try:
        measure(base_image, rounds=rounds, seconds=seconds, connections=connections)
    except LocalCloudError as error:
        raise SystemExit(str(error)) from None


def measure(base_image: str, *, rounds: int, seconds: int, connections: int) -> None:
    """Do what `main` says.

    Raises:
        LocalCloudError: There is no Docker engine or base image, or a server failed.
    """
    console = Console()
    settings = CloudSettings.from_environment(home=LOCAL_HOME)
    machine = prepare(settings)
    engine = DockerClient(base_url=machine.engine.host, version="auto", timeout=120)
    build_images(machine, ensure_base_image(settings, machine.engine.host, base_image))
    results: dict[str, list[Measurement]] = {server.name: [] for server in SERVERS}
    for turn in range(rounds):
        for server in SERVERS:
            with running(engine, server) as container:
                load(engine, container, seconds=2, connections=connections)  # warm up
                measured = load(engine, container, seconds=seconds, connections=connections)
            results[server.name].append(measured)
            console.print(
                f"round {turn + 1}: {server.name}: {measured.rate:,.0f} requests/s, p99 {measured.p99:.0f} ms"
            )
    console.print(report({name: median(rounds) for name, rounds in results.items()}, connections))


def build_images(machine: Machine, base_image: str) -> None:
    """Build the service's image, and on top of it the one with the competitors."""
    base = f"BASE_IMAGE={base_image}"
    builds = (
        (APP_IMAGE, "app", [f"--build-arg={base}"]),
        (
            SERVERS_IMAGE,
            "bench",
            [f"--build-arg={base}", f"--build-arg=APP_IMAGE={APP_IMAGE}", "--target=servers"],
        ),
        (LOAD_IMAGE, "bench", [f"--build-arg={base}", f"--build-arg=APP_IMAGE={APP_IMAGE}", "--target=load"]),
    )
    for tag, context, arguments in builds:
        subprocess.run(
            [
                machine.client,
                "build",
                "--quiet",
                "--network=host",
                f"--tag={tag}",
                *arguments,
                REPOSITORY_ROOT / context,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "DOCKER_BUILDKIT": "1", "DOCKER_HOST": machine.engine.host},
        )


@contextmanager
def running(engine: DockerClient, server: Server) -> Iterator[Container]:
    """Run the server with the seed's task size until it answers; remove its container at the end."""
    container = engine.containers.run(
        SERVERS_IMAGE,
        list(server.command) if server.command else None,
        detach=True,
        environment=list(server.environment),
        nano_cpus=250_000_000,
        mem_limit="512m",
        read_only=True,
        tmpfs={"/tmp": ""},  # noqa: S108 - gunicorn keeps its heartbeat file there
    )
    try:
        _wait_until_it_greets(container)
        yield container
    finally:
        container.remove(force=True)


def load(engine: DockerClient, container: Container, *, seconds: int, connections: int) -> Measurement:
    """Send requests for some seconds and return what was measured.

    Raises:
        LocalCloudError: Requests failed; figures of a server that fails say nothing.
    """
    before = _cpu_seconds(container)
    output = engine.containers.run(
        LOAD_IMAGE,
        f"-t1 -c{connections} -d{seconds}s --timeout 10s --latency http://127.0.0.1:5000/",
        network_mode=f"container:{container.id}",
        remove=True,
    ).decode()
    used = _cpu_seconds(container) - before
    if "Socket errors" in output or "Non-2xx" in output:
        raise LocalCloudError(f"requests failed:\n{output}", fix="read the output above")
    return Measurement(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", output)),
        p50=_milliseconds(_found(r"^\s+50%\s+(\S+)$", output)),
        p99=_milliseconds(_found(r"^\s+99%\s+(\S+)$", output)),
        cpu=used * 1e6 / int(_found(r"(\d+) requests in", output)),
    )


def median(measurements: list[Measurement]) -> Measurement:
    """Return the median of every figure."""
    return Measurement(
        rate=statistics.median(m.rate for m in measurements),
        p50=statistics.median(m.p50 for m in measurements),
        p99=statistics.median(m.p99 for m in measurements),
        cpu=statistics.median(m.cpu for m in measurements),
    )


def report(results: dict[str, Measurement], connections: int) -> Table:
    """Return the table of medians and their ratios to the seed's server."""
    table = Table(title=f"0.25 vCPU, 512 MB, {connections} connections; x: in relation to the seed's")
    table.add_column("server")
    for column in ("requests/s", "x", "p50 ms", "p99 ms", "x", "CPU µs/request", "x"):
        table.add_column(column, justify="right")
    seed = results[SEED.name]
    for name, result in results.items():
        table.add_row(
            name,
            f"{result.rate:,.0f}",
            f"{result.rate / seed.rate:.1f}",
            f"{result.p50:.1f}",
            f"{result.p99:.1f}",
            f"{result.p99 / seed.p99:.2f}",
            f"{result.cpu:.0f}",
            f"{result.cpu / seed.cpu:.2f}",
        )
    return table


def _cpu_seconds(container: Container) -> float:
    now = cast("dict[str, Any]", container.stats(stream=False, one_shot=True))
    return int(now["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


def _wait_until_it_greets(container: Container, seconds: float = 30) -> None:
    probe = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:5000/').read().decode())"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        container.reload()
        if container.status != "running":
            break
        if GREETING in container.exec_run(["python", "-c", probe]).output:
            return
        time.sleep(0.2)
    raise LocalCloudError(
        f"a server gave no greeting within {seconds:g} s; its log:\n{container.logs(tail=20).decode()}",
        fix="read its log above",
    )


def _found(pattern: str, output: str) -> str:
    match = re.search(pattern, output, re.MULTILINE)
    if not match:
        raise ValueError(f"wrk printed no {pattern}:\n{output}")
    return match[1]


def _milliseconds(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(f"wrk printed an unknown duration: {text}")


if __name__ == "__main__":
    typer.run(main)
