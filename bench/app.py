"""Requests per second and latency of the service against the seed's server and gunicorn.

`python -m bench.app` runs all of them in one run, in turns, in containers of the seed task's size (0.25 vCPU,
512 MB), so that what else the machine does meets each alike. Figures depend on the machine; ratios hardly do.
"""

import os
import re
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import docker
import typer
from docker.models.containers import Container
from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent
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
    """What wrk saw in one round, latencies in milliseconds."""

    rate: float
    p50: float
    p99: float


SEED = Server(name="seed: app.run", command=("python", "/opt/seed/seed.py"))
GUNICORN = Server(
    name="gunicorn, 1 sync worker",
    command=("python", "-m", "gunicorn", "--chdir", "/opt/seed", "--bind", "0.0.0.0:5000", "seed:app"),
    environment=("PYTHONPATH=/opt/competitors",),
)
OURS = Server(name="this service")
SERVERS = (SEED, GUNICORN, OURS)


def main(
    base_image: Annotated[str, typer.Option(help="Python 3.13 image to build on.")] = "",
    rounds: Annotated[int, typer.Option(min=1, help="Turns that each server gets.")] = 3,
    seconds: Annotated[int, typer.Option(min=2, help="Length of one turn.")] = 8,
    connections: Annotated[int, typer.Option(min=1, help="Connections that send requests.")] = 16,
) -> None:
    """Build the images, measure every server in turns, print the ratios."""
    console = Console()
    engine = docker.from_env()
    build_images(base_image)
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


def build_images(base_image: str) -> None:
    """Build the service's image, and on top of it the one with the competitors."""
    base = ["--build-arg", f"BASE_IMAGE={base_image}"] if base_image else []
    bench = [*base, "--build-arg", f"APP_IMAGE={APP_IMAGE}"]
    _build(REPOSITORY / "app", APP_IMAGE, *base)
    _build(REPOSITORY / "bench", SERVERS_IMAGE, *bench, "--target", "servers")
    _build(REPOSITORY / "bench", LOAD_IMAGE, *bench, "--target", "load")


@contextmanager
def running(engine: docker.DockerClient, server: Server) -> Iterator[Container]:
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


def load(engine: docker.DockerClient, container: Container, *, seconds: int, connections: int) -> Measurement:
    """Send requests for some seconds and return what wrk measured.

    Raises:
        RuntimeError: Requests failed; figures of a server that fails say nothing.
    """
    output = engine.containers.run(
        LOAD_IMAGE,
        [
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--timeout",
            "10s",
            "--latency",
            "http://127.0.0.1:5000/",
        ],
        network_mode=f"container:{container.id}",
        remove=True,
    ).decode()
    if "Socket errors" in output or "Non-2xx" in output:
        raise RuntimeError(f"requests failed:\n{output}")
    return Measurement(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", output)),
        p50=_milliseconds(_found(r"^\s+50%\s+(\S+)$", output)),
        p99=_milliseconds(_found(r"^\s+99%\s+(\S+)$", output)),
    )


def median(measurements: list[Measurement]) -> Measurement:
    """Return the median of every figure."""
    return Measurement(
        rate=statistics.median(m.rate for m in measurements),
        p50=statistics.median(m.p50 for m in measurements),
        p99=statistics.median(m.p99 for m in measurements),
    )


def report(results: dict[str, Measurement], connections: int) -> Table:
    """Return the table of medians and their ratios to the seed's server."""
    table = Table(title=f"0.25 vCPU, 512 MB, {connections} connections", show_lines=False)
    for column in ("server", "requests/s", "p50 ms", "p99 ms", "requests/s ÷ seed", "p99 ÷ seed"):
        table.add_column(column, justify="left" if column == "server" else "right")
    seed = results[SEED.name]
    for name, result in results.items():
        figures = (f"{result.rate:,.0f}", f"{result.p50:.1f}", f"{result.p99:.1f}")
        table.add_row(name, *figures, f"{result.rate / seed.rate:.1f} x", f"{result.p99 / seed.p99:.2f} x")
    return table


def _build(context: Path, tag: str, *arguments: str) -> None:
    # Debian's client has BuildKit built in; another one earlier on PATH may lack the plugin for it.
    client = next((c for c in ("/usr/bin/docker",) if Path(c).exists()), "docker")
    subprocess.run(
        [client, "build", "--quiet", "--network=host", "--tag", tag, *arguments, str(context)],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
    )


def _wait_until_it_greets(container: Container, seconds: float = 30) -> None:
    probe = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:5000/').read().decode())"
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if GREETING in container.exec_run(["python", "-c", probe]).output:
            return
        time.sleep(0.2)
    raise RuntimeError(f"no greeting within {seconds:g} s:\n{container.logs(tail=20).decode()}")


def _found(pattern: str, output: str) -> str:
    match = re.search(pattern, output, re.MULTILINE)
    if not match:
        raise RuntimeError(f"wrk printed no {pattern}:\n{output}")
    return match[1]


def _milliseconds(text: str) -> float:
    for unit, factor in (("us", 0.001), ("ms", 1.0), ("s", 1000.0), ("m", 60_000.0)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(f"wrk printed an unknown duration: {text}")


if __name__ == "__main__":
    typer.run(main)
