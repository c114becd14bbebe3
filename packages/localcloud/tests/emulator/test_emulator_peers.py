"""Who is answered at the Docker bridge: the tasks of this local cloud, on its APIs, and no other container."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import DockerException

from localcloud.emulator.ecs import engine
from localcloud.emulator.peers import Peers
from packages.localcloud.tests.emulator.stage import NETWORK, Cloud, Deployed, eventually

ASK = """
for path in "/?Action=GetCallerIdentity&Version=2011-06-15" /_ministack/health /_localcloud/world; do
  wget -q -O - "$AWS_ENDPOINT_URL$path" 2>&1 | tr -d '\\n'
  echo " <- $path"
done
wget -q -O - "$ECS_CONTAINER_METADATA_URI_V4/task" | tr -d '\\n'
"""


def test_an_address_is_looked_for_each_time_and_once_for_all_that_wait() -> None:
    both_run = {"172.17.0.2", "172.17.0.3"}
    answers: list[Any] = [{"172.17.0.2"}, both_run, both_run, set(), DockerException("gone")]
    asked: list[Any] = []

    def read() -> frozenset[str]:
        asked.append(answers[len(asked)])
        if isinstance(asked[-1], Exception):
            raise asked[-1]
        return frozenset(asked[-1])

    async def play() -> list[bool]:
        peers = Peers(read)
        first = await peers.knows("172.17.0.2")
        # The first looks at once; the others came while it did, and share the next look.
        together = await asyncio.gather(*(peers.knows("172.17.0.3") for _ in range(5)))
        # The container has ended, and its address may be anybody's; then the engine does not answer.
        return [first, *together, await peers.knows("172.17.0.2"), await peers.knows("172.17.0.2")]

    assert asyncio.run(play()) == [True] * 6 + [False, False]
    assert len(asked) == 5


@pytest.mark.docker
def test_tasks_reach_the_apis_and_their_metadata_and_nothing_that_steers(cloud: Cloud, name: str) -> None:
    job = Deployed(cloud, name, "")
    cloud.client("ecs").create_cluster(clusterName=name)
    cloud.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
    definition = job.define(command=["sh", "-c", ASK])
    cloud.client("ecs").run_task(cluster=name, taskDefinition=definition, networkConfiguration=NETWORK)
    lines = eventually(lambda: len(job.lines()) == 4 and job.lines())
    assert "GetCallerIdentityResponse" in lines[0]
    assert "403 Forbidden" in lines[1]
    assert "403 Forbidden" in lines[2]
    assert f":cluster/{name}" in lines[3]


@pytest.mark.docker
def test_other_containers_and_this_machine_are_refused_at_the_bridge(cloud: Cloud, tmp_path: Path) -> None:
    gateway, port = engine.bridge_gateway(), cloud.settings.port
    command = ["sh", "-c", f"wget -q -O - http://{gateway}:{port}/ 2>&1; true"]
    client = docker.from_env()
    repository, _, digest = cloud.image.partition("@")
    client.images.pull(repository, tag=digest)
    said = client.containers.run(cloud.image, command, remove=True)
    assert b"403 Forbidden" in said
    # As a browser of this machine would: its requests for this address carry neither Origin nor Sec-Fetch-Site.
    with socket.create_connection((str(gateway), port), timeout=10) as connection:
        connection.sendall(b"GET /?Action=ListUsers HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"answers the containers of its own tasks only" in answer
