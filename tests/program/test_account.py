"""The provider of every AWS resource."""

import json
from typing import Any

import pulumi
import pytest

from tests.program.deploy import deploy

SERVICES: dict[str, Any] = {"services": {"web": {}}}


def test_configuration_of_the_provider_is_handed_on() -> None:
    config = {
        **SERVICES,
        "aws:region": "eu-central-1",
        "aws:profile": "shop",
        "aws:allowedAccountIds": ["123456789012"],
        "aws:assumeRoles": [{"roleArn": "arn:aws:iam::123456789012:role/deploy"}],
    }
    provider = deploy("test", config).one("pulumi:providers:aws").inputs
    assert provider["region"] == "eu-central-1"
    assert provider["profile"] == "shop"
    assert json.loads(provider["allowedAccountIds"]) == ["123456789012"]
    assert json.loads(provider["assumeRoles"])[0]["roleArn"] == "arn:aws:iam::123456789012:role/deploy"


def test_misspelt_and_malformed_keys_are_told_with_their_fix() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        deploy("test", {**SERVICES, "aws:region": "useast", "aws:profil": "shop"})
    text = str(caught.value)
    assert 'aws:region is "useast": allowed: the code of a region, such as us-east-1\n  fix: ' in text
    assert 'aws:profil is "shop": unknown key; did you mean profile?\n  fix: ' in text


def test_a_key_that_would_be_ignored_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match=r"aws:endpoints is .*: unknown key; allowed: region, profile"):
        deploy("test", {**SERVICES, "aws:endpoints": [{"ecs": "http://localhost"}]})
