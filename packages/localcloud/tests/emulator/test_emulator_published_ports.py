"""Where this machine does not route to containers (Docker Desktop), their ports are published on the loopback."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from localcloud.emulator import start, stop
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.emulator.stage import Cloud, Deployed, balancer_with_group, eventually

pytestmark = pytest.mark.docker


@pytest.fixture
def desktop(tmp_path: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    monkeypatch.setenv("LOCALCLOUD_PUBLISH_PORTS", "1")
    settings = CloudSettings(home=tmp_path / "home", port=free_port())
    start(settings)
    yield Cloud(settings, cloud.image)
    stop(settings)


def test_a_service_is_reached_through_published_ports(desktop: Cloud, name: str) -> None:
    desktop.client("ecs").create_cluster(clusterName=name)
    desktop.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
    web = Deployed(desktop, name, balancer_with_group(desktop, name))
    desktop.client("servicediscovery").create_http_namespace(Name="shop")
    offer = {"portName": "http", "clientAliases": [{"port": 5000, "dnsName": "web"}]}
    connect = {"enabled": True, "namespace": "shop", "services": [offer]}
    definition = web.define(portMappings=[{"containerPort": 5000, "name": "http"}])
    web.create(definition, serviceConnectConfiguration=connect)

    assert web.settled()["deployments"][0]["rolloutState"] == "COMPLETED"
    assert desktop.get(name).text == "hello\n"
    [container] = [entry for entry in web.containers() if entry.attrs["Ports"]]
    assert {port["IP"] for port in container.attrs["Ports"]} == {"127.0.0.1"}
    call = ["wget", "-q", "-O", "-", "http://web:5000/"]
    assert docker.from_env().containers.get(container.id).exec_run(call).output == b"hello\n"
    web.update(forceNewDeployment=True)
    web.settled()
    eventually(lambda: desktop.get(name).text == "hello\n")
