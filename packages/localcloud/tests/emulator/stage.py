"""What the emulator's tests share: a tiny image, clients, and one service behind one load balancer."""

import dataclasses
import functools
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import docker
import httpx
from botocore.config import Config

from localcloud.settings import CloudSettings

APPLETS = ["sh", "httpd", "sleep", "cat", "dd", "head", "tail", "wget", "mkdir", "env", "id", "tr", "touch"]
FILES = {
    "www/index.html": "hello\n",
    "www/cgi-bin/slow": "#!/bin/sh\nsleep 2\nprintf 'Content-Type: text/plain\\r\\n\\r\\nslow\\n'\n",
    "www/cgi-bin/headers": "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nenv\n",
    "www/cgi-bin/echo": "#!/bin/sh\nprintf 'Content-Type: text/plain\\r\\n\\r\\n'\nhead -c $CONTENT_LENGTH\n",
}
SERVE = ["httpd", "-f", "-p", "5000", "-h", "/www"]
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-00000001"]}}


@dataclasses.dataclass(frozen=True)
class Cloud:
    """A running local cloud and clients for it."""

    settings: CloudSettings
    image: str

    @functools.cache  # noqa: B019  lives as long as the test session
    def client(self, name: Any, account: str | None = None) -> Any:
        return boto3.client(
            name,
            endpoint_url=self.settings.endpoint,
            region_name=self.settings.region,
            aws_access_key_id=account or self.settings.account_id,
            aws_secret_access_key="test",
        )

    def unchecked_client(self, name: Any) -> Any:
        """A client that sends what botocore would stop."""
        return boto3.client(
            name,
            endpoint_url=self.settings.endpoint,
            region_name=self.settings.region,
            aws_access_key_id=self.settings.account_id,
            aws_secret_access_key="test",
            config=Config(parameter_validation=False),
        )

    def get(self, name: str, path: str = "/", **options: Any) -> httpx.Response:
        """A request through a load balancer; names below .localhost need no name server this way."""
        host = f"{name}.alb.localhost:{self.settings.port}"
        headers = {"Host": host, **options.pop("headers", {})}
        url = f"http://127.0.0.1:{self.settings.port}{path}"
        method = options.pop("method", "GET")
        # Plain HTTP: reading the certificates would take longer than the request.
        return httpx.request(method, url, headers=headers, trust_env=False, verify=False, **options)  # noqa: S501


def static_busybox(folder: Path) -> bytes:
    """The busybox of Debian's busybox-static, which is downloaded where it is not installed."""
    installed = shutil.which("busybox")
    if (
        installed
        and b"not a dynamic" in subprocess.run(["ldd", installed], capture_output=True, check=False).stderr
    ):
        return Path(installed).read_bytes()
    subprocess.run(["apt-get", "download", "busybox-static"], cwd=folder, check=True, capture_output=True)
    package = next(folder.glob("busybox-static_*.deb"))
    subprocess.run(["dpkg-deb", "-x", str(package), str(folder / "x")], check=True)
    return (folder / "x" / "bin" / "busybox").read_bytes()


def root_filesystem(busybox: bytes) -> bytes:
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        contents = {"bin/busybox": busybox} | {name: text.encode() for name, text in FILES.items()}
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, BytesIO(content))
        for applet in APPLETS:
            entry = tarfile.TarInfo(f"bin/{applet}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(entry)
        for name in ("tmp", "proc", "dev", "etc"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
    return stream.getvalue()


def eventually(check: Callable[[], Any], *, seconds: float = 20.0, pause: float = 0.1) -> Any:
    """Wait for a check to return something true; returns it, or fails with the last thing it returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = check()
        if result:
            return result
        assert time.monotonic() < deadline, f"not within {seconds} s: {result!r}"
        time.sleep(pause)


@dataclasses.dataclass
class Deployed:
    """One service behind one load balancer, all with the same name."""

    cloud: Cloud
    name: str
    group: str

    def define(self, **container: Any) -> str:
        """Register a revision of the task definition; options of the first container may be given."""
        options = container.pop("task", {})
        definition = {
            "name": "app",
            "image": self.cloud.image,
            "command": SERVE,
            "portMappings": [{"containerPort": 5000}],
            # As process 1 httpd would ignore SIGTERM.
            "linuxParameters": {"initProcessEnabled": True},
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": f"/ecs/{self.name}",
                    "awslogs-region": self.cloud.settings.region,
                    "awslogs-stream-prefix": "ecs",
                },
            },
            **container,
        }
        others = options.pop("others", [])
        registered = self.cloud.client("ecs").register_task_definition(
            **{
                "family": self.name,
                "cpu": "256",
                "memory": "512",
                "networkMode": "awsvpc",
                "requiresCompatibilities": ["FARGATE"],
                "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
                "containerDefinitions": [definition, *others],
                **options,
            }
        )
        return str(registered["taskDefinition"]["taskDefinitionArn"])

    def create(self, definition: str, *, count: int = 1, balanced: bool = True, **options: Any) -> None:
        balancers = [{"targetGroupArn": self.group, "containerName": "app", "containerPort": 5000}]
        deployment = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
        self.cloud.client("ecs").create_service(
            **{
                "cluster": self.name,
                "serviceName": self.name,
                "taskDefinition": definition,
                "desiredCount": count,
                "launchType": "FARGATE",
                "loadBalancers": balancers if balanced else [],
                "deploymentConfiguration": deployment,
                "networkConfiguration": NETWORK,
                **options,
            }
        )

    def update(self, **changes: Any) -> None:
        self.cloud.client("ecs").update_service(cluster=self.name, service=self.name, **changes)

    def describe(self) -> Any:
        return self.cloud.client("ecs").describe_services(cluster=self.name, services=[self.name])[
            "services"
        ][0]

    def settled(self, *, seconds: float = 30.0) -> Any:
        """Wait until the newest deployment is neither in progress nor beside another one."""

        def check() -> Any:
            service = self.describe()
            alone = len(service["deployments"]) == 1
            return alone and service["deployments"][0]["rolloutState"] != "IN_PROGRESS" and service

        return eventually(check, seconds=seconds)

    def tasks(self, status: str = "RUNNING") -> list[Any]:
        ecs = self.cloud.client("ecs")
        arns = ecs.list_tasks(cluster=self.name, serviceName=self.name, desiredStatus=status)["taskArns"]
        return list(ecs.describe_tasks(cluster=self.name, tasks=arns)["tasks"]) if arns else []

    def containers(self) -> list[Any]:
        label = f"com.amazonaws.ecs.cluster=arn:aws:ecs:us-east-1:000000000000:cluster/{self.name}"
        return list(docker.from_env().containers.list(all=True, sparse=True, filters={"label": label}))

    def health(self) -> list[Any]:
        answer = self.cloud.client("elbv2").describe_target_health(TargetGroupArn=self.group)
        return list(answer["TargetHealthDescriptions"])

    def lines(self) -> list[str]:
        answer = self.cloud.client("logs").filter_log_events(logGroupName=f"/ecs/{self.name}")
        return [str(event["message"]) for event in answer["events"]]

    def events(self) -> str:
        return "\n".join(event["message"] for event in self.describe()["events"])

    def service_deployments(self) -> list[Any]:
        ecs = self.cloud.client("ecs")
        listed = ecs.list_service_deployments(cluster=self.name, service=self.name)["serviceDeployments"]
        arns = [entry["serviceDeploymentArn"] for entry in listed]
        found = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
        return list(found)


def balancer_with_group(cloud: Cloud, name: str, **health_check: Any) -> str:
    """A load balancer with a listener on port 80 and a target group on port 5000; returns the group's ARN."""
    elb = cloud.client("elbv2")
    subnets = ["subnet-00000001", "subnet-00000002"]
    balancer = elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    group = elb.create_target_group(
        **{
            "Name": name,
            "Protocol": "HTTP",
            "Port": 5000,
            "VpcId": "vpc-00000001",
            "TargetType": "ip",
            "HealthCheckPath": "/",
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
            **health_check,
        }
    )["TargetGroups"][0]["TargetGroupArn"]
    action = {"Type": "forward", "TargetGroupArn": group}
    elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[action])
    return str(group)
