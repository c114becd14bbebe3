"""Every recipe of the docs is accepted, and describes a graph that keeps every invariant."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.program import invariants
from tests.program.deploy import Recorded, deploy

RECIPES = Path(__file__).resolve().parents[2] / "docs" / "recipes.md"
PARTS = [part.split("\n", 1) for part in RECIPES.read_text("utf-8").split("\n## ")[1:]]
BLOCKS = [
    (f"{title} {number}", yaml.safe_load(block))
    for title, text in PARTS
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL), start=1)
]


@pytest.mark.parametrize("data", [data for _, data in BLOCKS], ids=[title for title, _ in BLOCKS])
def test_a_recipe_deploys(data: dict[str, Any]) -> None:
    invariants.check_all(recipe(data))


def recipe(data: dict[str, Any]) -> Recorded:
    return deploy("recipe", data, secrets={"databasePassword": "s3cret"})


def named(title: str) -> dict[str, Any]:
    found: dict[str, Any] = dict(BLOCKS)[title]
    return found


def test_the_private_api_lets_in_its_callers_only() -> None:
    recorded = recipe(named("A private API behind a public one 1"))
    doors = [
        rule
        for rule in recorded.all("SecurityGroupIngressRule")
        if rule.name.startswith("api") and rule.inputs.get("fromPort") == 8080
    ]
    assert [rule.name for rule in doors] == ["api-from-services-8080"]
    groups = {group.name for group in recorded.all("TargetGroup")}
    assert groups == {"web"}


def test_redis_is_called_by_a_dns_record_at_its_own_port() -> None:
    recorded = recipe(named("A service with Redis 1"))
    definitions = {
        item.name: json.loads(item.inputs["containerDefinitions"])[0]
        for item in recorded.all("TaskDefinition")
    }
    assert definitions["redis"]["portMappings"][0]["containerPort"] == 6379
    assert "appProtocol" not in definitions["redis"]["portMappings"][0]


def test_a_worker_has_no_load_balancer() -> None:
    assert recipe(named("A worker 1")).all("LoadBalancer") == []
