"""Every committed stack file, evaluated."""

import json
import re

import pytest

from tests.program import invariants
from tests.program.deploy import ROOT, Recorded, deploy

STACKS = ["local", "dev", "staging", "prod"]


@pytest.fixture(scope="module")
def graphs() -> dict[str, Recorded]:
    return {stack: deploy(stack) for stack in STACKS}


@pytest.mark.parametrize("stack", STACKS)
def test_graph_keeps_every_invariant(graphs: dict[str, Recorded], stack: str) -> None:
    invariants.check_all(graphs[stack])


@pytest.mark.parametrize("stack", STACKS)
def test_stack_file_is_short(stack: str) -> None:
    lines = (ROOT / f"Pulumi.{stack}.yaml").read_text("utf-8").splitlines()
    assert len(lines) < 60


@pytest.mark.parametrize("stack", STACKS)
def test_exports_are_the_documented_ones(graphs: dict[str, Recorded], stack: str) -> None:
    exports = graphs[stack].exports
    assert set(exports) == {"url", "loadBalancer", "cluster", "services", "images", "logGroups"}
    assert re.match(r"https?://", exports["url"])
    assert exports["cluster"] == f"ecs-microservice-{stack}"
    assert exports["services"] == {"web": "web"}
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", exports["images"]["web"])
    assert exports["logGroups"] == {"web": f"/ecs/ecs-microservice-{stack}/web"}


@pytest.mark.parametrize("stack", STACKS)
def test_provider_tags_everything(graphs: dict[str, Recorded], stack: str) -> None:
    """pulumi-awsx#856: what is said to a component reaches all that it makes."""
    provider = graphs[stack].one("pulumi:providers:aws")
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    assert tags["Stack"] == stack
    assert tags["Project"] == "ecs-microservice"
    for resource in graphs[stack].resources:
        if resource.type.startswith("aws:") and resource.custom:
            assert "::aws::" in resource.provider


@pytest.mark.parametrize("stack", STACKS)
def test_stack_name_is_in_no_logical_name(graphs: dict[str, Recorded], stack: str) -> None:
    for resource in graphs[stack].resources:
        assert stack not in resource.name.split("-"), resource.urn
