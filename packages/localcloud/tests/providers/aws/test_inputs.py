"""What check refuses, and how it says so."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from localcloud.providers.aws.requests import create_request
from localcloud.providers.aws.table.listeners import LISTENER
from localcloud.providers.values import UNKNOWN
from packages.localcloud.tests.providers.aws.examples import CONTAINERS
from packages.localcloud.tests.providers.aws.harness import Driver

SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TARGETS = "aws:lb/targetGroup:TargetGroup"
GROUP: dict[str, Any] = {"port": 5000, "protocol": "HTTP", "targetType": "ip", "vpcId": "vpc-1"}
WEB: dict[str, Any] = {"cluster": "main", "taskDefinition": "app:1"}


@pytest.mark.parametrize(
    ("token", "inputs", "path", "says"),
    [
        (SERVICE, {**WEB, "desiredCuont": 1}, "desiredCuont", "did you mean 'desiredCount'?"),
        (SERVICE, {**WEB, "desiredCount": "many"}, "desiredCount", "a whole number"),
        (SERVICE, {**WEB, "desiredCount": 1.5}, "desiredCount", "a whole number"),
        (SERVICE, {**WEB, "launchType": "FARGAT"}, "launchType", "allowed: EC2, FARGATE, EXTERNAL"),
        (
            SERVICE,
            {**WEB, "loadBalancers": [{"containerName": "app"}]},
            "loadBalancers[0].containerPort",
            "missing required property",
        ),
        (
            SERVICE,
            {**WEB, "networkConfiguration": {"subnets": "subnet-1"}},
            "networkConfiguration.subnets",
            "a list",
        ),
        (SERVICE, {**WEB, "triggers": {"a": "b"}}, "triggers", "forceNewDeployment"),
        (TASK, {"containerDefinitions": json.dumps(CONTAINERS)}, "family", "missing required property"),
        (
            TASK,
            {"family": "app", "containerDefinitions": "[{"},
            "containerDefinitions",
            "not a JSON document",
        ),
        (
            TASK,
            {"family": "app", "containerDefinitions": json.dumps([{**CONTAINERS[0], "enviroment": []}])},
            "containerDefinitions",
            "enviroment",
        ),
        (TARGETS, {**GROUP, "port": 70000}, "port", "1 to 65535"),
        (TARGETS, {**GROUP, "protocol": "FTP"}, "protocol", "HTTP"),
        (TARGETS, {**GROUP, "name": "n" * 33}, "name", "at most 32"),
        (
            TARGETS,
            {**GROUP, "healthCheck": {"interval": 5, "timeout": 5}},
            "healthCheck.timeout",
            "less than healthCheck.interval",
        ),
        (TARGETS, {**GROUP, "healthCheck": {"pth": "/"}}, "healthCheck.pth", "did you mean 'path'?"),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 8}, "retentionInDays", "allowed: 0, 1, 3"),
        ("aws:cloudwatch/logGroup:LogGroup", {"name": "a b"}, "name", "does not match"),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            {"subnets": ["subnet-1"]},
            "subnets",
            "at least two subnets",
        ),
        (
            "aws:lb/listenerRule:ListenerRule",
            {"listenerArn": "arn", "actions": [{"type": "forward"}], "conditions": [{}]},
            "conditions[0]",
            "exactly one of",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"securityGroupId": "sg-1", "ipProtocol": "tcp", "fromPort": 80, "toPort": 80},
            "cidrIpv4",
            "give exactly one of",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"securityGroupId": "sg-1", "ipProtocol": "-1", "cidrIpv4": "300.0.0.0/8"},
            "cidrIpv4",
            "is no address range",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"securityGroupId": "sg-1", "ipProtocol": "-1", "cidrIpv4": "10.0.0.1/8"},
            "cidrIpv4",
            "has host bits set",
        ),
        (
            "aws:iam/role:Role",
            {"assumeRolePolicy": "{}", "maxSessionDuration": 60},
            "maxSessionDuration",
            "3600",
        ),
        (
            "aws:ecr/repository:Repository",
            {"imageTagMutability": "SOMETIMES"},
            "imageTagMutability",
            "allowed: MUTABLE, IMMUTABLE",
        ),
    ],
)
def test_names_the_resource_the_property_and_what_is_allowed(
    offline: Driver, token: str, inputs: dict[str, Any], path: str, says: str
) -> None:
    failures = offline.failures(token, "web", inputs)
    assert path in failures
    assert says in failures[path]
    assert "'web'" in failures[path]
    assert path in failures[path]


def test_reports_every_failure_at_once(offline: Driver) -> None:
    failures = offline.failures(SERVICE, "web", {**WEB, "desiredCount": "x", "lunchType": "EC2", "tags": 1})
    assert set(failures) == {"desiredCount", "lunchType", "tags"}


def test_accepts_values_that_are_not_known_yet(offline: Driver) -> None:
    inputs = {
        "cluster": UNKNOWN,
        "taskDefinition": UNKNOWN,
        "networkConfiguration": {"subnets": UNKNOWN, "securityGroups": [UNKNOWN]},
    }
    assert offline.failures(SERVICE, "web", inputs) == {}


def test_converts_scalars_as_terraform_does(offline: Driver) -> None:
    inputs = {
        "family": "app",
        "containerDefinitions": json.dumps(CONTAINERS),
        "cpu": 256,
        "skipDestroy": "true",
    }
    checked = {name: item.value for name, item in offline.checked(TASK, "app", inputs).items()}
    assert checked["cpu"] == "256"
    assert checked["skipDestroy"] is True


def test_never_prints_a_secret(offline: Driver) -> None:
    from pulumi.provider.experimental import provider as protocol
    from pulumi.provider.experimental.property_value import PropertyValue

    from packages.localcloud.tests.providers.aws.harness import urn

    inputs = {
        "launchType": PropertyValue("hunter2", is_secret=True),
        "desiredCount": PropertyValue("hunter3", is_secret=True),
    }
    for name, value in inputs.items():
        request = protocol.CheckRequest(urn(SERVICE, "web"), {}, {name: value}, b"")
        failures = asyncio.run(offline.provider.check(request)).failures or []
        assert [item.property for item in failures] == [name]
        assert "hunter" not in failures[0].reason


def test_reading_a_type_first_leaves_the_sdk_whole_for_the_program() -> None:
    script = (
        "from localcloud.providers.aws.sdk import resource_schema\n"
        "resource_schema('aws:ecs/service:Service')\n"
        "import pulumi_aws\n"
        "pulumi_aws.ecs.Service\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize(("kind", "protocol"), [("app", "HTTP"), ("net", None)])
def test_a_listener_without_a_protocol_is_http_on_an_application_load_balancer(
    kind: str, protocol: str | None
) -> None:
    arn = f"arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/{kind}/web/0123456789abcdef"
    request = create_request(LISTENER, {"loadBalancerArn": arn, "port": 80, "defaultActions": []}, {})
    assert request.get("Protocol") == protocol
