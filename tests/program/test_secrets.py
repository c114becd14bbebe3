"""Secrets and permissions."""

import json
from typing import Any

import pulumi
import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services

KEY = "arn:aws:kms:us-east-1:123456789012:key/abc"
ACCOUNT = "123456789012"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:shop/db-AbCdEf"


@pytest.fixture(scope="module")
def three() -> Recorded:
    sources = {
        "TOKEN": {"ssm": "/shop/token", "kmsKeyArn": KEY},
        "DB_PASSWORD": {"secretsManager": "shop/db", "jsonKey": "password"},
        "API_KEY": {"config": "apiKey"},
    }
    return deploy_services({"web": {"secrets": sources}}, secrets={"apiKey": "s3cret"})


def container(recorded: Recorded) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(recorded.one("TaskDefinition").inputs["containerDefinitions"])[0]
    return found


def test_container_reads_each_secret_where_it_is(three: Recorded) -> None:
    invariants.check_all(three)
    values = {secret["name"]: secret["valueFrom"] for secret in container(three)["secrets"]}
    assert values["TOKEN"] == "arn:aws:ssm:us-east-1:123456789012:parameter/shop/token"
    assert values["DB_PASSWORD"] == (
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/db-AbCdEf:password::"
    )
    assert values["API_KEY"].startswith("arn:aws:secretsmanager:us-east-1:123456789012:secret:web-API_KEY-")


def test_execution_role_reads_exactly_those(three: Recorded) -> None:
    document = json.loads(three.one("RolePolicy", "web-secrets").inputs["policy"])
    by_action = {statement["Action"][0]: statement["Resource"] for statement in document["Statement"]}
    assert by_action["ssm:GetParameters"] == ["arn:aws:ssm:us-east-1:123456789012:parameter/shop/token"]
    assert len(by_action["secretsmanager:GetSecretValue"]) == 2
    assert by_action["kms:Decrypt"] == [KEY]
    role = three.one("RolePolicy", "web-secrets").inputs["role"]
    assert role.startswith("web-execution")


def test_new_version_of_a_secret_rolls_the_tasks(three: Recorded) -> None:
    """copilot-cli#3271: a changed secret does not roll the tasks."""
    (container,) = json.loads(three.one("TaskDefinition").inputs["containerDefinitions"])
    labels = container["dockerLabels"]
    assert labels["secret-version.TOKEN"] == "3"
    assert labels["secret-version.DB_PASSWORD"] == "v-new"
    assert labels["secret-version.API_KEY"].startswith("version-of-web-API_KEY")
    assert three.one("aws:ecs/service:Service").inputs["forceNewDeployment"] is False


def test_other_version_changes_the_revision_and_nothing_else() -> None:
    def graph(version: str) -> Recorded:
        answer = {"versions": [{"versionId": version, "versionStages": ["AWSCURRENT"]}]}
        token = "aws:secretsmanager/getSecretVersions:getSecretVersions"
        return deploy_services(
            {"web": {"secrets": {"A": {"secretsManager": "a"}}}}, overrides={token: answer}
        )

    before, after = graph("v1"), graph("v2")
    new = {resource.urn: resource.inputs for resource in after.resources}
    changed = [resource.type for resource in before.resources if resource.inputs != new[resource.urn]]
    assert changed == ["aws:ecs/taskDefinition:TaskDefinition"]


def test_no_value_is_anywhere_in_the_clear(three: Recorded) -> None:
    version = three.one("aws:secretsmanager/secretVersion:SecretVersion")
    assert version.inputs["secretString"] == "s3cret"
    assert version.secret_inputs == {"secretString"}
    for resource in three.resources:
        if resource is not version:
            assert "s3cret" not in json.dumps(dict(resource.inputs)), resource.urn
    assert "s3cret" not in json.dumps(three.exports)
    assert "s3cret" not in json.dumps(three.component_outputs)


def test_parameters_are_looked_up_without_their_value(three: Recorded) -> None:
    (asked,) = [args for token, args in three.invokes if token == "aws:ssm/getParameter:getParameter"]
    assert asked == {"name": "/shop/token", "withDecryption": False}
    assert not [token for token, _ in three.invokes if "getSecretVersion:" in token]


@pytest.mark.parametrize(("production", "days"), [(True, 30), (False, 0)])
def test_secret_can_be_recovered_exactly_in_production(production: bool, days: int) -> None:
    recorded = deploy_services(
        {"web": {"secrets": {"A": {"config": "a"}}}}, secrets={"a": "x"}, production=production
    )
    assert recorded.one("aws:secretsmanager/secret:Secret").inputs["recoveryWindowInDays"] == days


def test_secret_that_is_not_in_the_configuration_is_named() -> None:
    with pytest.raises(pulumi.RunError, match=r"pulumi config set --secret missing"):
        deploy_services({"web": {"secrets": {"A": {"config": "missing"}}}})


def test_secret_in_a_structured_key_is_refused_without_showing_it() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        deploy_services({"web": {}}, secrets={"loadBalancer": '{"idleTimeout": 1234}'})
    assert "loadBalancer: carries an encrypted value" in str(caught.value)
    assert "1234" not in str(caught.value)


def test_app_may_do_what_its_settings_say_and_no_more() -> None:
    permissions = {
        "statements": [
            {"actions": ["s3:GetObject"], "resources": ["arn:${partition}:s3:::shop-${account}/*"]},
            {
                "actions": ["sqs:SendMessage"],
                "resources": ["arn:${partition}:sqs:${region}:${account}:orders"],
                "conditions": {"Bool": {"aws:SecureTransport": "true"}},
            },
        ],
        "managedPolicies": ["arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"],
    }
    recorded = deploy_services({"web": {"permissions": permissions}})
    invariants.check_all(recorded)
    policy = recorded.one("RolePolicy", "web-task")
    assert policy.inputs["role"].startswith("web-task")
    first, second = json.loads(policy.inputs["policy"])["Statement"]
    assert first["Resource"] == ["arn:aws:s3:::shop-123456789012/*"]
    assert second["Resource"] == ["arn:aws:sqs:us-east-1:123456789012:orders"]
    assert second["Condition"] == {"Bool": {"aws:SecureTransport": "true"}}
    attached = recorded.one("RolePolicyAttachment", "web-task-aws/policy/AWSXRayDaemonWriteAccess")
    assert attached.inputs["role"].startswith("web-task")


def test_everything_on_everything_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"permissions\.statements\[0\]\.actions is \[\"s3:\*\"\]"):
        deploy_services({"web": {"permissions": {"statements": [{"actions": ["s3:*"], "resources": ["*"]}]}}})


@pytest.mark.parametrize(
    "key",
    ["alias/shop", "0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789", f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/shop"],
)
def test_key_of_a_secret_goes_into_the_policy_by_its_own_arn(key: str) -> None:
    """Secrets Manager keeps what it was given; IAM takes neither aliases nor ids for resources of kms:Decrypt."""
    secret = {"arn": SECRET, "id": SECRET, "name": "shop/db", "kmsKeyId": key}
    recorded = deploy_services(
        {"web": {"secrets": {"A": {"secretsManager": "shop/db"}}}},
        overrides={"aws:secretsmanager/getSecret:getSecret": secret},
    )
    statements = json.loads(recorded.one("RolePolicy", "web-secrets").inputs["policy"])["Statement"]
    (decrypt,) = [statement for statement in statements if statement["Action"] == ["kms:Decrypt"]]
    assert decrypt["Resource"] == [f"arn:aws:kms:us-east-1:{ACCOUNT}:key/resolved"]
    assert ("aws:kms/getKey:getKey", {"keyId": key}) in recorded.invokes


@pytest.mark.parametrize("key", ["", "alias/aws/secretsmanager"])
def test_awss_own_key_needs_no_statement(key: str) -> None:
    secret = {"arn": SECRET, "id": SECRET, "name": "shop/db", "kmsKeyId": key}
    recorded = deploy_services(
        {"web": {"secrets": {"A": {"secretsManager": "shop/db"}}}},
        overrides={"aws:secretsmanager/getSecret:getSecret": secret},
    )
    assert "kms:Decrypt" not in recorded.one("RolePolicy", "web-secrets").inputs["policy"]
