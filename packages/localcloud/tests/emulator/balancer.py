"""A load balancer for tests: its resources, and requests through it."""

import socket
from typing import Any

import httpx

from packages.localcloud.tests.emulator.stage import Cloud, eventually
from packages.localcloud.tests.emulator.targets import Target


class Balancer:
    """One load balancer with a listener on port 80 and one target group."""

    def __init__(self, cloud: Cloud, name: str, **options: Any) -> None:
        self.cloud, self.name = cloud, name
        self.elb = cloud.client("elbv2")
        balancer = self.elb.create_load_balancer(Name=name, Subnets=["subnet-00000001", "subnet-00000002"])
        self.arn = balancer["LoadBalancers"][0]["LoadBalancerArn"]
        self.group = self.add_group(name, **options)
        self.listener = self.add_listener(80, self.group)

    def add_group(self, name: str, **options: Any) -> str:
        defaults = {
            "Protocol": "HTTP",
            "Port": 5000,
            "VpcId": "vpc-00000001",
            "TargetType": "ip",
            "HealthCheckPath": "/health",
            "HealthCheckIntervalSeconds": 5,
            "HealthCheckTimeoutSeconds": 2,
            "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2,
        }
        groups = self.elb.create_target_group(**{**defaults, "Name": name, **options})["TargetGroups"]
        return str(groups[0]["TargetGroupArn"])

    def add_listener(self, port: int, *groups: str, **options: Any) -> str:
        weighted = [{"TargetGroupArn": group, "Weight": 1} for group in groups]
        action = {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}}
        listeners = self.elb.create_listener(
            **{
                "LoadBalancerArn": self.arn,
                "Port": port,
                "Protocol": "HTTP",
                "DefaultActions": [action],
                **options,
            }
        )["Listeners"]
        return str(listeners[0]["ListenerArn"])

    def register(self, *targets: Target, group: str | None = None, healthy: bool = True) -> None:
        group = group or self.group
        entries = [{"Id": "127.0.0.1", "Port": entry.port} for entry in targets]
        self.elb.register_targets(TargetGroupArn=group, Targets=entries)
        if healthy:
            eventually(lambda: {self.state(entry, group) for entry in targets} == {"healthy"}, pause=0.02)

    def health(self, entry: Target, group: str | None = None) -> dict[str, Any]:
        answer = self.elb.describe_target_health(
            TargetGroupArn=group or self.group, Targets=[{"Id": "127.0.0.1", "Port": entry.port}]
        )
        return dict(answer["TargetHealthDescriptions"][0]["TargetHealth"])

    def state(self, entry: Target, group: str | None = None) -> str:
        return str(self.health(entry, group)["State"])

    def get(self, path: str = "/", **options: Any) -> httpx.Response:
        return self.cloud.get(self.name, path, **options)

    def ask(self, host: str, path: str = "/", **headers: str) -> httpx.Response:
        """A request with a Host header of its own."""
        url = f"http://127.0.0.1:{self.cloud.settings.port}{path}"
        return httpx.get(url, headers={"Host": host, **headers}, trust_env=False, verify=False)  # noqa: S501  plain HTTP

    def rule(self, priority: int, action: dict[str, Any], *conditions: dict[str, Any]) -> str:
        rules = self.elb.create_rule(
            ListenerArn=self.listener, Priority=priority, Conditions=list(conditions), Actions=[action]
        )["Rules"]
        return str(rules[0]["RuleArn"])

    def connect(self) -> socket.socket:
        """A connection to the port that all load balancers share."""
        return socket.create_connection(("127.0.0.1", self.cloud.settings.port), timeout=10)

    @property
    def host(self) -> bytes:
        """The Host header that leads here."""
        return f"Host: {self.name}.alb.localhost\r\n".encode()

    def configure(self, **attributes: str) -> None:
        """Set attributes of the load balancer; double underscores stand for dots."""
        pairs = [{"Key": key.replace("__", "."), "Value": value} for key, value in attributes.items()]
        self.elb.modify_load_balancer_attributes(LoadBalancerArn=self.arn, Attributes=pairs)


def until_closed(client: socket.socket) -> bytes:
    """Everything that arrives until the other side closes."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def fixed(text: str) -> dict[str, Any]:
    return {
        "Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": text},
    }
