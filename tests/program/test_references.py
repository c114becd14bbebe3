"""What other stacks put out goes where a stack file names it."""

import json
from typing import Any

import pulumi
import pytest

from tests.program.deploy import Recorded, deploy_services

NETWORK = {
    "vpcId": "vpc-0a1b2c3d4e5f67890",
    "public": ["subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2"],
    "private": ["subnet-0bbbbbbbbbbbbbbb1"],
    "db": {
        "host": "db.internal",
        "port": 5432,
        "secret": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-x",
    },
    "bucket": "arn:aws:s3:::uploads",
    "certificate": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
}
STACK = "acme/network/prod"


def deployed(service: dict[str, Any] | None = None, **concerns: Any) -> Recorded:
    return deploy_services(
        {"web": service or {}}, overrides={"pulumi:pulumi:StackReference": {STACK: NETWORK}}, **concerns
    )


def ref(path: str) -> str:
    return f"${{stack:{STACK}#{path}}}"


def test_the_network_of_another_stack() -> None:
    existing = {
        "vpcId": ref("vpcId"),
        "publicSubnetIds": [ref("public")],
        "privateSubnetIds": [ref("private.0")],
    }

    recorded = deployed(network={"existing": existing})

    assert recorded.one("aws:lb/loadBalancer:LoadBalancer").inputs["subnets"] == NETWORK["public"]
    assert recorded.one("aws:lb/targetGroup:TargetGroup").inputs["vpcId"] == NETWORK["vpcId"]
    configuration = recorded.one("aws:ecs/service:Service").inputs["networkConfiguration"]
    assert configuration["subnets"] == NETWORK["private"]


def test_variables_secrets_and_rights() -> None:
    recorded = deployed(
        {
            "environment": {"DB": f"postgres://{ref('db.host')}:{ref('db.port')}/shop", "PLAIN": "x"},
            "secrets": {"PASSWORD": {"secretsManager": ref("db.secret")}},
            "permissions": {
                "statements": [{"actions": ["s3:GetObject"], "resources": [f"{ref('bucket')}/*"]}]
            },
        }
    )

    task = recorded.one("aws:ecs/taskDefinition:TaskDefinition")
    (container,) = json.loads(task.inputs["containerDefinitions"])
    assert {one["name"]: one["value"] for one in container["environment"]}[
        "DB"
    ] == "postgres://db.internal:5432/shop"
    asked = [arguments for token, arguments in recorded.invokes if token.endswith("getSecret:getSecret")]
    assert [one["arn"] for one in asked] == [NETWORK["db"]["secret"]]  # type: ignore[index]
    (policy,) = [one for one in recorded.all("aws:iam/rolePolicy:RolePolicy") if one.name == "web-task"]
    assert json.loads(policy.inputs["policy"])["Statement"][0]["Resource"] == ["arn:aws:s3:::uploads/*"]


def test_a_certificate_of_another_stack() -> None:
    recorded = deployed(loadBalancer={"certificateArn": ref("certificate")})

    arns = [one.inputs.get("certificateArn") for one in recorded.all("aws:lb/listener:Listener")]
    assert NETWORK["certificate"] in arns


@pytest.mark.parametrize(
    ("path", "message"),
    [("nothing", "has no output nothing"), ("db.name", "has no output db.name"), ("public", "is a list")],
)
def test_an_output_that_is_not_there_or_no_text_is_one_message(path: str, message: str) -> None:
    with pytest.raises(pulumi.RunError, match=message):
        deployed({"environment": {"X": ref(path)}})
