"""What the tests of several parts of the local cloud share."""

import contextlib
import uuid
from collections.abc import Iterator

import docker
import pytest
from docker.errors import APIError

from localcloud.emulator import start, stop
from localcloud.settings import CloudSettings
from packages.localcloud.tests.emulator.ports import free_port
from packages.localcloud.tests.emulator.stage import (
    Cloud,
    Deployed,
    balancer_with_group,
    eventually,
    root_filesystem,
    static_busybox,
)

# Pages that keep a CPU busy for a while, and 300 MiB of memory for some seconds, served by busybox.
BURN = r"""
mkdir -p /tmp/www/cgi-bin
cat > /tmp/www/cgi-bin/burn <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
i=0
while [ $i -lt 20000 ]; do i=$((i+1)); done
echo done
END
cat > /tmp/www/cgi-bin/hold <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\nholding\n'
# The pipe takes a part of the block; dd keeps all of it until the reader has gone.
{ dd if=/dev/zero bs=300M count=1 | sleep 12; } >/dev/null 2>&1 &
END
busybox chmod 755 /tmp/www/cgi-bin/burn /tmp/www/cgi-bin/hold
echo hello > /tmp/www/index.html
exec httpd -f -p 5000 -h /tmp/www
"""


@pytest.fixture(scope="session")
def fast_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud whose clock runs fast: a minute of AWS takes two and a half seconds."""
    settings = CloudSettings(home=tmp_path_factory.mktemp("fast") / "home", port=free_port(), clock=24.0)
    start(settings)
    try:
        yield Cloud(settings, "")
    finally:
        stop(settings)


@pytest.fixture(scope="session")
def burning_image(fast_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image of busybox in the fast cloud."""
    engine = docker.from_env()
    repository = f"{fast_cloud.settings.registry}/burn"
    fast_cloud.client("ecr").create_repository(repositoryName="burn")
    files = root_filesystem(static_busybox(tmp_path_factory.mktemp("burn")))
    engine.api.import_image_from_data(files, repository=repository, tag="1")
    pushed = list(engine.images.push(repository, tag="1", stream=True, decode=True))
    yield f"{repository}@{next(line['aux']['Digest'] for line in pushed if 'aux' in line)}"

    def removed() -> bool:
        # The last tasks are still leaving.
        with contextlib.suppress(APIError):
            for found in engine.images.list(name=repository):
                engine.images.remove(str(found.id), force=True)
        return not engine.images.list(name=repository)

    eventually(removed)


@pytest.fixture
def busy_web(fast_cloud: Cloud, burning_image: str, name: str) -> Iterator[Deployed]:
    """A service of one task behind a load balancer; its /cgi-bin/burn takes CPU, /cgi-bin/hold memory."""
    cloud = Cloud(fast_cloud.settings, burning_image)
    cloud.client("ecs").create_cluster(clusterName=name)
    cloud.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
    deployed = Deployed(cloud, name, balancer_with_group(cloud, name))
    cloud.client("elbv2").modify_target_group_attributes(
        TargetGroupArn=deployed.group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "2"}],
    )
    deployed.create(deployed.define(command=["sh", "-c", BURN], stopTimeout=2))
    deployed.settled()
    yield deployed
    cloud.client("ecs").delete_service(cluster=name, service=name, force=True)


@pytest.fixture
def name() -> str:
    """A name nothing else uses."""
    return f"t{uuid.uuid4().hex[:8]}"
