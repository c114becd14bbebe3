"""Arguments of a component become settings; outputs stay outputs until they are needed."""

import asyncio
from typing import Any

import pulumi
import pytest

from component.given import Given, checked
from infra.settings.root import Settings
from infra.settings.service import Service


def test_names_numbers_and_outputs() -> None:
    asyncio.run(_names_numbers_and_outputs())  # outputs belong to a loop


async def _names_numbers_and_outputs() -> None:
    given = Given()
    url, ids = pulumi.Output.from_input("postgres://db"), pulumi.Output.from_input(["subnet-1"])
    service = {
        "desired_count": 3.0,
        "environment": {"DB": url, "N": 1.5},
        "deployment": {
            "canary": {"bake_minutes": 4.0},
            "hooks": [{"lambda_arn": "arn:x", "stages": ["PRE_SCALE_UP"]}],
        },
        "sidecars": {"agent": {"image": "a/b:1", "read_only_root_filesystem": False}},
        "cpu": None,
    }

    data = given.data(Service, service)
    network = given.data(Settings, {"network": {"existing": {"public_subnet_ids": ids}}})

    assert data == {
        "desiredCount": 3,
        "environment": {"DB": "${input:0}", "N": 1.5},
        "deployment": {
            "canary": {"bakeMinutes": 4},
            "hooks": [{"lambdaArn": "arn:x", "stages": ["PRE_SCALE_UP"]}],
        },
        "sidecars": {"agent": {"image": "a/b:1", "readOnlyRootFilesystem": False}},
    }
    assert network == {"network": {"existing": {"publicSubnetIds": ["${input:1}"]}}}
    assert given.outputs == [url, ids]


def mistakes(data: dict[str, Any]) -> str:
    with pytest.raises(pulumi.RunError) as failure:
        checked("Service", "web", data, frozenset())
    return str(failure.value)


def test_mistakes_are_told_in_the_programs_own_words() -> None:
    message = mistakes({"services": {"web": {"cpu": 300, "port": "x"}}, "network": {"create": {"zones": 9}}})

    assert message.startswith("the arguments of Service 'web' have 3 mistakes:")
    assert "\ncpu is 300: allowed: 256" in message
    assert "\nnetwork.create.zones is 9" in message
    assert "pulumi config" not in message, "there is no stack file to mend"


def test_an_output_is_refused_where_the_program_must_know_the_value() -> None:
    assert 'image is "${input:0}"' in mistakes({"services": {"web": {"image": "${input:0}"}}})
