"""Nothing that is meant for this machine goes through a proxy."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from localcloud.emulator import start, stop
from localcloud.loopback import keep_off_proxies
from localcloud.providers.aws.clients import Aws
from localcloud.settings import CloudSettings
from localcloud.watch.readings import Reader
from packages.localcloud.tests.emulator.ports import free_port


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "localhost,.localhost,127.0.0.1,::1"),
        ({"no_proxy": "a.example"}, "a.example,localhost,.localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "localhost, b.example"}, "localhost,b.example,.localhost,127.0.0.1,::1"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_this_machine_is_added_to_what_the_user_excepts(before: dict[str, str], after: str) -> None:
    environment = dict(before)
    keep_off_proxies(environment)
    keep_off_proxies(environment)
    assert environment["no_proxy"] == environment["NO_PROXY"] == after


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[object]]]:
    """A proxy that refuses, and what came to it."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                came.append(address)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", came


def test_aws_calls_need_neither_the_proxy_nor_the_users_profile(
    proxy: tuple[str, list[object]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, came = proxy
    broken = tmp_path_factory.mktemp("aws") / "config"
    broken.write_text("[not an ini file")
    settings = CloudSettings(home=tmp_path_factory.mktemp("cloud"), port=free_port())
    start(settings)
    try:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, address)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "")
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(broken))
        keep_off_proxies()

        identity = Aws(settings, "us-east-1").call("sts", "GetCallerIdentity", {})

        assert identity["Account"] == settings.account_id
        assert Reader(settings).document()["services"] == []
        code = "from localcloud.providers.aws.models import service_model; service_model('ecs')"
        subprocess.run([sys.executable, "-c", code], check=True)
        assert came == []
    finally:
        stop(settings)
