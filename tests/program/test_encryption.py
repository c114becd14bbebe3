"""What a stack keeps, and the key that encrypts it."""

import json
from typing import Any

import pytest

from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services

KEY = "arn:aws:kms:us-east-1:123456789012:key/0a1b2c3d-4e5f-6789-0a1b-2c3d4e5f6789"
EVERYTHING: dict[str, Any] = {"network": {"flowLogs": {}}, "loadBalancer": {"firewall": {}}}


def keys(recorded: Recorded) -> set[str | None]:
    """Keys of every log group and of the topic."""
    groups = {group.inputs.get("kmsKeyId") for group in recorded.all("LogGroup")}
    assert len(recorded.all("LogGroup")) == 3
    return groups | {recorded.one("aws:sns/topic:Topic").inputs.get("kmsMasterKeyId")}


def test_one_key_encrypts_logs_and_notifications() -> None:
    recorded = deploy_services({"web": {}}, encryption={}, **EVERYTHING)
    invariants.check_all(recorded)
    (key,) = recorded.all("aws:kms/key:Key")
    (used,) = keys(recorded)
    assert used is not None
    assert used.endswith(f"Key/{key.name}" + used[-8:])
    assert key.inputs["enableKeyRotation"] is True
    allowed = {
        name
        for statement in json.loads(key.inputs["policy"])["Statement"]
        for name in ([statement["Principal"].get("Service")] if "Service" in statement["Principal"] else [])
        for name in (name if isinstance(name, list) else [name])
    }
    assert allowed == {
        "logs.us-east-1.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
    }


def test_key_of_somebody_else_is_used_and_not_touched() -> None:
    recorded = deploy_services({"web": {}}, encryption={"kmsKeyArn": KEY}, **EVERYTHING)
    assert keys(recorded) == {KEY}
    assert not recorded.all("aws:kms/key:Key")


def test_without_a_word_aws_encrypts_with_its_own() -> None:
    assert keys(deploy_services({"web": {}}, **EVERYTHING)) == {None}


@pytest.mark.parametrize(("production", "days"), [(True, 30), (False, 7)])
def test_deletion_of_the_key_can_be_taken_back(production: bool, days: int) -> None:
    recorded = deploy_services({"web": {}}, encryption={}, production=production)
    assert recorded.one("aws:kms/key:Key").inputs["deletionWindowInDays"] == days
