"""The package's schema: complete, described, and the same until somebody changes it on purpose."""

import json
from typing import Any

from pydantic import BaseModel

from component import generate
from infra.settings.cluster import Cluster
from infra.settings.load_balancer import LoadBalancer
from infra.settings.network import Network
from infra.settings.service import Service

SCHEMA: dict[str, Any] = json.loads(generate.SCHEMA_FILE.read_text())
RESOURCES: dict[str, Any] = SCHEMA["resources"]


def inputs(component: str) -> dict[str, Any]:
    found: dict[str, Any] = RESOURCES[f"ecs-microservice:index:{component}"]["inputProperties"]
    return found


def test_what_is_made_from_the_settings_is_up_to_date() -> None:
    assert generate.ARGS_FILE.read_text() == generate.formatted(generate.arguments())
    assert generate.schema() == SCHEMA, "changed on purpose? python -m component.generate"


def test_every_setting_of_a_concern_is_an_input_of_its_component() -> None:
    concerns: dict[str, type[BaseModel]] = {
        "Service": Service,
        "Network": Network,
        "Cluster": Cluster,
        "LoadBalancer": LoadBalancer,
    }
    for component, model in concerns.items():
        names = {str(field.alias) for field in model.model_fields.values()}
        assert names <= set(inputs(component)), component


def test_everything_has_a_description() -> None:
    for resource in RESOURCES.values():
        assert resource["description"]
        for kind in ("inputProperties", "properties"):
            assert [name for name, spec in resource[kind].items() if not spec.get("description")] == []
    for name, kind in SCHEMA["types"].items():
        assert kind["description"], name
        assert [key for key, spec in kind["properties"].items() if not spec.get("description")] == [], name


def test_defaults_reach_the_schema() -> None:
    assert inputs("Service")["desiredCount"]["default"] == 2
    assert inputs("LoadBalancer")["idleTimeout"]["default"] == 60
    check = SCHEMA["types"]["ecs-microservice:index:HealthCheckSettingsArgs"]["properties"]
    assert check["interval"]["default"] == 15


def test_outputs_of_other_resources_go_where_references_may_stand() -> None:
    environment = inputs("Service")["environment"]
    assert "plain" not in environment["additionalProperties"]
    existing = SCHEMA["types"]["ecs-microservice:index:ExistingNetworkSettingsArgs"]["properties"]
    assert "plain" not in existing["vpcId"]
    assert "plain" not in existing["publicSubnetIds"]
    assert inputs("Service")["cpu"]["plain"] is True


def test_nothing_is_required() -> None:
    assert {name: resource.get("requiredInputs") for name, resource in RESOURCES.items()} == {
        name: [] for name in RESOURCES
    }
