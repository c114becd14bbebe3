"""The one port from outside, by raw requests: who is answered, what browsers are told, what the process knows."""

import asyncio
import io
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from botocore.exceptions import ClientError

from localcloud.emulator import start, stop
from localcloud.emulator.guard import guarded
from localcloud.emulator.machine import scratch
from localcloud.gate import Gate
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.emulator.stage import Cloud

SECRETS = {
    "AWS_SECRET_ACCESS_KEY": "planted-aws",
    "AWS_PROFILE": "planted-profile",
    "GITHUB_TOKEN": "planted-github",
    "PULUMI_CONFIG_PASSPHRASE": "planted-passphrase",
    "LAMBDA_DOCKER_FLAGS": "-v /:/planted-host",
}
EVIL = "https://evil.example"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudSettings]:
    """A local cloud without a Docker engine, started by a shell that knows secrets."""
    settings = CloudSettings(home=tmp_path_factory.mktemp("guard") / "home", port=free_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///no/such/engine.sock")
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        start(settings)
    yield settings
    stop(settings)


@pytest.fixture(scope="module")
def cloud(settings: CloudSettings) -> Cloud:
    return Cloud(settings, "")


def ask(settings: CloudSettings, *lines: str, body: str = "") -> str:
    """Send a request as it is written; returns everything that is answered until the end of the connection."""
    head = [*lines, f"Content-Length: {len(body)}", "Connection: close", "", body]
    with socket.create_connection(("127.0.0.1", settings.port), timeout=10) as connection:
        connection.sendall("\r\n".join(head).encode())
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received.decode()


def status_of(answer: str) -> int:
    return int(answer.split(" ", 2)[1])


@pytest.mark.parametrize(
    "lines",
    [
        ("GET / HTTP/1.1", "Host: rebind.evil.example"),
        ("GET /_localcloud/world HTTP/1.1", "Host: rebind.evil.example:4566"),
        ("POST /_ministack/reset HTTP/1.1", "Host: rebind.evil.example"),
        ("GET / HTTP/1.1", "Host: localhost", "Host: rebind.evil.example"),
        ("GET / HTTP/1.1", "Host: rebind.evil.example", "Host: localhost"),
        ("GET http://localhost/ HTTP/1.1", "Host: rebind.evil.example"),
        ("GET / HTTP/1.0",),
        ("GET / HTTP/1.1", "Host: 0.0.0.0"),
        ("GET / HTTP/1.1", "Host: localhost", f"Origin: {EVIL}"),
        ("GET / HTTP/1.1", "Host: localhost", "Origin: null"),
        ("GET / HTTP/1.1", "Host: localhost", "Origin: http://localhost", f"Origin: {EVIL}"),
        ("GET / HTTP/1.1", "Host: localhost", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"),
        ("GET / HTTP/1.1", "Host: localhost", "Sec-Fetch-Site: same-site"),
        ("OPTIONS / HTTP/1.1", "Host: localhost", f"Origin: {EVIL}", "Access-Control-Request-Method: POST"),
        ("POST /_ministack/reset HTTP/1.1", "Host: localhost", f"Origin: {EVIL}"),
        ("POST /_ministack/config HTTP/1.1", "Host: localhost", "Sec-Fetch-Site: cross-site"),
        (
            "GET /_aws/execute-api/a/b HTTP/1.1",
            "Host: localhost",
            f"Origin: {EVIL}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ),
    ],
)
def test_what_no_program_of_the_user_sends_is_refused(
    settings: CloudSettings, lines: tuple[str, ...]
) -> None:
    answer = ask(settings, *lines)
    assert status_of(answer) == 403
    assert "access-control-" not in answer.lower()


def test_the_refusal_says_who_and_what_to_do(settings: CloudSettings) -> None:
    answer = ask(settings, "GET / HTTP/1.1", "Host: rebind.evil.example:4566")
    assert "does not answer for the host 'rebind.evil.example:4566'" in answer
    assert "LOCALCLOUD_ALLOWED_HOSTS=rebind.evil.example" in answer
    answer = ask(settings, "GET / HTTP/1.1", "Host: localhost", f"Origin: {EVIL}")
    assert f"LOCALCLOUD_ALLOWED_ORIGINS={EVIL}" in answer


def test_a_form_that_a_page_sends_without_asking_changes_nothing(
    settings: CloudSettings, cloud: Cloud
) -> None:
    for number, extra in enumerate(
        ([f"Origin: {EVIL}"], ["Sec-Fetch-Site: cross-site"], ["Host: evil.example"])
    ):
        host = [] if extra[0].startswith("Host") else ["Host: localhost"]
        body = f"Action=CreateUser&UserName=attacker{number}&Version=2010-05-08"
        lines = ["POST /?Action=CreateUser HTTP/1.1", *host, "Content-Type: text/plain", *extra]
        assert status_of(ask(settings, *lines, body=body)) == 403
        query = f"GET /?{body} HTTP/1.1"
        assert status_of(ask(settings, query, *host, *extra)) == 403
    assert cloud.client("iam").list_users()["Users"] == []


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "bucket.s3.localhost", "host.docker.internal"]
)
def test_the_hosts_of_this_machine_are_answered_without_cors(settings: CloudSettings, host: str) -> None:
    for lines in (
        ("GET /_localcloud/world HTTP/1.1", f"Host: {host}:{settings.port}"),
        ("OPTIONS / HTTP/1.1", f"Host: {host}"),
    ):
        answer = ask(settings, *lines)
        assert status_of(answer) == 200
        assert "access-control-" not in answer.lower()


def test_requests_to_load_balancers_are_the_apps_business(settings: CloudSettings, cloud: Cloud) -> None:
    elb = cloud.client("elbv2")
    balancer = elb.create_load_balancer(Name="free", Subnets=["subnet-00000001", "subnet-00000002"])
    fixed = {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "hello", "ContentType": "text/plain"},
    }
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[fixed],
    )
    headers = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    answer = cloud.get("free", headers=headers)
    assert (answer.status_code, answer.text) == (200, "hello")


def test_a_task_definition_that_would_have_this_machine_is_not_registered(cloud: Cloud) -> None:
    container = {"name": "web", "image": "busybox", "memory": 64}
    definitions: tuple[dict[str, Any], ...] = (
        {"networkMode": "host"},
        {"containerDefinitions": [{**container, "privileged": True}]},
        {"volumes": [{"name": "etc", "host": {"sourcePath": "/etc"}}]},
        {"volumes": [{"name": "engine", "host": {"sourcePath": "/var/run/docker.sock"}}]},
    )
    for definition in definitions:
        with pytest.raises(ClientError, match=r"The local cloud does not run this task definition: .*fix: "):
            cloud.client("ecs").register_task_definition(
                **{"family": "wants", "containerDefinitions": [container], **definition}
            )
    assert cloud.client("ecs").list_task_definitions()["taskDefinitionArns"] == []


def test_the_process_knows_nothing_of_the_shell_that_started_it(settings: CloudSettings) -> None:
    process = psutil.Process(start(settings).pid)
    environment = process.environ()
    assert not SECRETS.keys() & environment.keys()
    assert "planted" not in repr(environment) + repr(process.cmdline())


def test_a_function_is_no_process_of_this_machine(
    settings: CloudSettings, cloud: Cloud, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr(
            "f.py", f"def answer(event, context):\n    open({str(marker)!r}, 'w').close()\n    return 1\n"
        )
    functions = cloud.client("lambda")
    for runtime in ("python3.12", "nodejs20.x", "provided.al2023"):
        name = runtime.partition(".")[0]
        functions.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role="arn:aws:iam::000000000000:role/r",
            Handler="f.answer",
            Code={"ZipFile": archive.getvalue()},
        )
        answer = functions.invoke(FunctionName=name)
        assert answer["FunctionError"]
        assert b"Runtime.DockerError" in answer["Payload"].read()
    assert not marker.exists()
    assert not psutil.Process(start(settings).pid).children(recursive=True)


def test_what_functions_need_on_disk_is_below_the_home(settings: CloudSettings) -> None:
    assert scratch(settings.home).stat().st_mode & 0o777 == 0o700


BOUND = """
import asyncio, os, subprocess, sys, tempfile
from pathlib import Path
from localcloud.emulator.machine import bound
from localcloud.settings import CloudSettings
bound(CloudSettings(home=Path(tempfile.mkdtemp())), "localcloud-test")
import uvloop
def spawn(): return subprocess.run(["true"])
def shell(): return os.system("true")
def fork(): return os.posix_spawn("/bin/true", ["true"], {})
def later(): return uvloop.run(asyncio.create_subprocess_exec("true"))
for start in (spawn, shell, fork, later):
    try:
        start()
    except PermissionError as error:
        print(error)
"""


def test_the_emulator_can_start_no_process() -> None:
    ended = subprocess.run([sys.executable, "-c", BOUND], check=True, capture_output=True, text=True)
    refusals = ended.stdout.splitlines()
    assert len(refusals) == 4
    assert all(line.startswith("the local cloud starts no process on this machine") for line in refusals)


async def _wild_application(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"Access-Control-Allow-Credentials", b"true"),
        (b"x", b"1"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def test_only_an_allowed_origin_is_told_that_it_may_read() -> None:
    asyncio.run(_asked_from_an_allowed_origin())


async def _asked_from_an_allowed_origin() -> None:
    gate = Gate(origins=("http://localhost:3000",))
    transport = httpx.ASGITransport(app=guarded(_wild_application, gate))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:4566") as client:
        plain = await client.get("/")
        assert {name for name in plain.headers if name.startswith("access-control")} == set()
        allowed = await client.get("/", headers={"Origin": "http://localhost:3000"})
        assert allowed.headers.get_list("access-control-allow-origin") == ["http://localhost:3000"]
        assert allowed.headers["vary"] == "Origin"
        preflight = {
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,x-amz-target",
        }
        answer = await client.options("/", headers=preflight)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-headers"] == "authorization,x-amz-target"
        assert (await client.get("/", headers={"Origin": EVIL})).status_code == 403
