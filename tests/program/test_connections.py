"""What a service reaches: opened there, granted, and told to the app."""

import json
import re
from typing import Any

import pytest

from infra.settings.validation import validate
from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services

BUCKET = "arn:aws:s3:::shop-uploads"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/orders"
DB = {
    "securityGroup": "database",
    "port": 5432,
    "host": "db.internal",
    "secret": "shop/db",
    "secretKeys": ["username", "password"],
}


@pytest.fixture(scope="module")
def connected() -> Recorded:
    connections = {
        "orders-db": DB,
        "cache": {"securityGroup": "sg-0cccccccc", "port": 6379},
        "uploads": {"bucket": BUCKET, "access": ["read", "write"]},
        "jobs": {"queue": "${stack:acme/jobs/prod#queue}", "access": ["send"]},
        "state": {"table": TABLE, "access": ["read"]},
        "api": {"service": "api"},
    }
    outputs = {"pulumi:pulumi:StackReference": {"acme/jobs/prod": {"queue": QUEUE}}}
    return deploy_services(
        {
            "web": {
                "connections": connections,
                "discovery": {"listen": False},
                "securityGroups": ["monitored"],
            },
            "api": {"route": {"enabled": False}, "discovery": {}, "port": 8080},
        },
        cluster={"namespace": "shop.internal"},
        overrides=outputs,
    )


def container(recorded: Recorded) -> dict[str, Any]:
    (found,) = json.loads(recorded.one("TaskDefinition", "web").inputs["containerDefinitions"])
    return dict(found)


def test_the_graph_keeps_every_invariant(connected: Recorded) -> None:
    invariants.check_all(connected)


def test_the_app_finds_addresses_in_its_environment(connected: Recorded) -> None:
    variables = {one["name"]: one["value"] for one in container(connected)["environment"]}
    variables.pop("PORT", None)
    assert variables == {
        "ORDERS_DB_HOST": "db.internal",
        "ORDERS_DB_PORT": "5432",
        "CACHE_PORT": "6379",
        "UPLOADS_BUCKET": "shop-uploads",
        "JOBS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/orders",
        "STATE_TABLE": "orders",
        "API_URL": "http://api:8080",
    }


def test_secrets_are_secrets(connected: Recorded) -> None:
    secrets = {one["name"]: one["valueFrom"] for one in container(connected)["secrets"]}
    assert set(secrets) == {"ORDERS_DB_USERNAME", "ORDERS_DB_PASSWORD"}
    assert secrets["ORDERS_DB_PASSWORD"].endswith("secret:shop/db-AbCdEf:password::")
    policy = connected.one("RolePolicy", "web-secrets").inputs["policy"]
    assert "secret:shop/db-AbCdEf" in policy


def test_the_door_is_opened_at_the_database_for_the_tasks_group_alone(connected: Recorded) -> None:
    rule = connected.one("SecurityGroupIngressRule", "web-to-orders-db-5432").inputs
    asked = [arguments for token, arguments in connected.invokes if token.endswith(":getSecurityGroup")]
    assert {one["name"] for one in asked} == {"database", "monitored"}
    assert {one["vpcId"] for one in asked} == {"vpc-0d0d0d0d"}
    group = connected.one("aws:ec2/securityGroup:SecurityGroup", "web")
    assert rule["securityGroupId"] == "sg-0f0f0f0f0f0f0f0f0"
    assert group.urn in connected.one("SecurityGroupIngressRule", "web-to-orders-db-5432").depends_on
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (5432, 5432, "tcp")
    assert (
        connected.one("SecurityGroupIngressRule", "web-to-cache-6379").inputs["securityGroupId"]
        == "sg-0cccccccc"
    )
    groups = connected.one("aws:ecs/service:Service", "web").inputs["networkConfiguration"]["securityGroups"]
    assert "sg-0f0f0f0f0f0f0f0f0" in groups


def test_rights_are_exactly_those_that_are_asked_for(connected: Recorded) -> None:
    document = json.loads(connected.one("RolePolicy", "web-connections").inputs["policy"])
    granted = {
        (action, resource)
        for statement in document["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    assert ("s3:GetObject", f"{BUCKET}/*") in granted
    assert ("s3:PutObject", f"{BUCKET}/*") in granted
    assert ("s3:ListBucket", BUCKET) in granted
    assert ("sqs:SendMessage", QUEUE) in granted
    assert ("dynamodb:Query", f"{TABLE}/index/*") in granted
    actions = {action for action, _ in granted}
    assert not actions & {"sqs:ReceiveMessage", "dynamodb:PutItem", "sqs:DeleteMessage"}
    assert not any(action.endswith("*") for action in actions)


@pytest.mark.parametrize(
    ("connection", "message"),
    [
        ({}, r"orders: has none; allowed: exactly one"),
        ({"bucket": BUCKET, "queue": QUEUE}, r"has bucket and queue; allowed: exactly one"),
        (
            {"securityGroup": "db"},
            r"orders\.port: is missing.*\n  fix: pulumi config set --path \S+\.port 5432",
        ),
        ({"bucket": BUCKET}, r"access: is what the app does with the bucket; allowed: read and write"),
        ({"queue": QUEUE, "access": ["read"]}, r"access.*allowed: send and consume"),
        ({"bucket": BUCKET, "access": ["read"], "port": 1}, r"orders\.port: belongs to a securityGroup"),
        ({"service": "nobody"}, r"service is \"nobody\": allowed: another service of the stack: api"),
        ({"service": "api"}, r"services\.api\.discovery: does not let web find it by name"),
        (
            {"secret": "x", "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1", "access": ["read"]},
            r"access: belongs",
        ),
    ],
)
def test_mistakes_of_connections(connection: dict[str, Any], message: str) -> None:
    services = {"web": {"connections": {"orders": connection}}, "api": {"route": {"paths": ["/api/*"]}}}
    _, problems = validate({"services": services})
    text = "\n".join(problem.render() for problem in problems)
    assert re.search(message, text), text


def test_a_variable_comes_from_one_place() -> None:
    service = {
        "environment": {"UPLOADS_BUCKET": "x"},
        "connections": {"uploads": {"bucket": BUCKET, "access": ["read"]}},
    }
    _, problems = validate({"services": {"web": service}})
    assert (
        "gives the app UPLOADS_BUCKET, which environment.UPLOADS_BUCKET gives as well" in problems[0].render()
    )
