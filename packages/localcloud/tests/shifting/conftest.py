"""A service whose deployments move traffic between two target groups, and clients that watch it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from packages.localcloud.tests.emulator.stage import Cloud, Deployed, balancer_with_group, eventually

ROLE = "arn:aws:iam::000000000000:role/shift"
BAKING = {"bakeTimeInMinutes": 1}
Gradual = Callable[..., "Shifted"]


@dataclass
class Shifted:
    """A service of one task with a production rule, a test rule and two target groups."""

    web: Deployed
    groups: tuple[str, str]
    production: str
    test: str

    def version(self, text: str) -> str:
        command = f"mkdir -p /tmp/www; echo {text} > /tmp/www/index.html; exec httpd -f -p 5000 -h /tmp/www"
        return self.web.define(command=["sh", "-c", command], stopTimeout=2)

    def balancers(self, *, advanced: bool) -> list[dict[str, Any]]:
        plain = {"targetGroupArn": self.groups[0], "containerName": "app", "containerPort": 5000}
        configuration = {
            "alternateTargetGroupArn": self.groups[1],
            "productionListenerRule": self.production,
            "testListenerRule": self.test,
            "roleArn": ROLE,
        }
        return [plain | ({"advancedConfiguration": configuration} if advanced else {})]

    def weights(self, rule: str | None = None) -> dict[str, int]:
        elb = self.web.cloud.client("elbv2")
        found = elb.describe_rules(RuleArns=[rule or self.production])["Rules"][0]
        groups = found["Actions"][0]["ForwardConfig"]["TargetGroups"]
        return {group["TargetGroupArn"]: group["Weight"] for group in groups}

    def get(self, *, test: bool = False) -> str:
        host = f"8080.{self.web.name}" if test else self.web.name
        return self.web.cloud.get(host).text.strip()

    def deployment(self) -> Any:
        return self.web.service_deployments()[0]

    def at(self, stage: str) -> Any:
        """Wait for a lifecycle stage of the newest deployment."""
        return eventually(lambda: self.deployment().get("lifecycleStage") == stage and self.deployment())

    def finished(self) -> Any:
        """Wait for the end of the newest deployment."""
        return eventually(
            lambda: "finishedAt" in self.deployment() and self.deployment(), seconds=60, pause=0.25
        )

    @contextmanager
    def traffic(self) -> Iterator[Counter[str]]:
        """Two clients that ask one request after the other; what they got, by text."""
        seen: Counter[str] = Counter()
        over = threading.Event()
        port = self.web.cloud.settings.port

        def ask() -> None:
            headers = {"Host": f"{self.web.name}.alb.localhost:{port}"}
            with httpx.Client(
                trust_env=False, base_url=f"http://127.0.0.1:{port}", headers=headers
            ) as client:
                while not over.wait(0.005):
                    try:
                        answer = client.get("/")
                        seen[
                            answer.text.strip() if answer.status_code == 200 else str(answer.status_code)
                        ] += 1
                    except httpx.HTTPError as error:
                        seen[repr(error)] += 1

        clients = [threading.Thread(target=ask) for _ in range(2)]
        for client in clients:
            client.start()
        try:
            yield seen
        finally:
            over.set()
            for client in clients:
                client.join()


@pytest.fixture
def gradual(fast_cloud: Cloud, burning_image: str, name: str) -> Iterator[Gradual]:
    """Make such a service, whose first version answers `one`."""
    cloud = Cloud(fast_cloud.settings, burning_image)

    def make(strategy: str, *, controller: str = "ECS", **configuration: Any) -> Shifted:
        cloud.client("ecs").create_cluster(clusterName=name)
        cloud.client("logs").create_log_group(logGroupName=f"/ecs/{name}")
        shifted = _with_rules(Deployed(cloud, name, balancer_with_group(cloud, name)))
        shifted.web.create(
            shifted.version("one"),
            loadBalancers=shifted.balancers(advanced=controller == "ECS"),
            deploymentController={"type": controller},
            deploymentConfiguration={
                "strategy": strategy,
                "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                **configuration,
            },
        )
        shifted.web.settled()
        return shifted

    yield make
    cloud.client("ecs").delete_service(cluster=name, service=name, force=True)


def _with_rules(web: Deployed) -> Shifted:
    elb = web.cloud.client("elbv2")
    balancer = elb.describe_load_balancers(Names=[web.name])["LoadBalancers"][0]["LoadBalancerArn"]
    spare = elb.create_target_group(
        Name=f"{web.name}-spare",
        Protocol="HTTP",
        Port=5000,
        VpcId="vpc-00000001",
        TargetType="ip",
        HealthCheckIntervalSeconds=5,
        HealthCheckTimeoutSeconds=2,
        HealthyThresholdCount=2,
        UnhealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    main = elb.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]
    nothing = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    test = elb.create_listener(
        LoadBalancerArn=balancer, Protocol="HTTP", Port=8080, DefaultActions=[nothing]
    )["Listeners"][0]["ListenerArn"]
    rules = [_rule(elb, listener, web.group, spare) for listener in (main, test)]
    return Shifted(web, (web.group, spare), *rules)


def _rule(elb: Any, listener: str, live: str, spare: str) -> str:
    groups = [{"TargetGroupArn": live, "Weight": 100}, {"TargetGroupArn": spare, "Weight": 0}]
    made = elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
        Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}],
    )
    return str(made["Rules"][0]["RuleArn"])
