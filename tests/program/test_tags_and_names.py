"""Tags on everything, names that fit."""

import json

import pulumi
import pytest

from tests.program import invariants
from tests.program.deploy import deploy, deploy_services

LONGEST = "a2345678901234567890-b34"


def test_tags_of_the_settings_join_the_stacks_own() -> None:
    recorded = deploy_services({"web": {}}, tags={"cost-center": "shop"})
    tags = json.loads(recorded.one("pulumi:providers:aws").inputs["defaultTags"])["tags"]
    assert tags == {
        "Project": "ecs-microservice",
        "Stack": "test",
        "ManagedBy": "pulumi",
        "cost-center": "shop",
    }


def test_every_part_of_a_service_carries_its_name_for_the_bill() -> None:
    recorded = deploy_services({"web": {"scaling": {"cpu": {}}}})
    kinds = {
        r.type.rsplit(":", 1)[-1]
        for r in recorded.resources
        # An image's tags are a list: they name the image, and nothing for the bill.
        if isinstance(tags := r.inputs.get("tags"), dict) and tags.get("Service") == "web"
    }
    assert {"Service", "TaskDefinition", "LogGroup", "TargetGroup", "Repository", "Target"} <= kinds


def test_longest_service_name_fits_everywhere() -> None:
    """pulumi-aws#2121: 32-character names overflow."""
    assert len(LONGEST) == 24
    service = {"deployment": {"strategy": "blueGreen"}, "scaling": {"requestsPerTarget": {"target": 1}}}
    recorded = deploy_services({LONGEST: service}, stack="a-rather-long-stack-name.for-a-branch")
    invariants.check_all(recorded)
    assert [len(g.name) + 8 <= 32 for g in recorded.all("TargetGroup")] == [True, True]


def test_names_people_look_up_are_fixed_and_say_the_stack() -> None:
    recorded = deploy_services({"web": {}}, stack="Feature_X")
    assert recorded.exports["cluster"] == "ecs-microservice-feature-x"
    assert recorded.one("TaskDefinition").inputs["family"] == "ecs-microservice-feature-x-web"
    assert recorded.one("aws:ecr/repository:Repository").inputs["name"] == "ecs-microservice-feature-x/web"
    assert recorded.one("aws:ecs/service:Service").inputs["name"] == "web"


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_a_project_of_another_name_is_that_project_everywhere(stack: str) -> None:
    """`pulumi new --name shop`: nothing but the type of a component says what the package is called."""
    recorded = deploy(stack, project="shop")
    for resource in recorded.resources:
        assert "ecs-microservice" not in json.dumps(dict(resource.inputs)), resource.urn
    assert recorded.exports["cluster"] == f"shop-{stack}"
    assert "ecs-microservice" not in json.dumps(recorded.exports)


def test_keys_of_another_project_are_told() -> None:
    config = {"ecs-microservice:services": {"web": {}}, "ecs-microservice:production": False}
    with pytest.raises(pulumi.RunError) as caught:
        deploy("dev", config, project="shop")
    assert "ecs-microservice:services: belongs to a project called ecs-microservice" in str(caught.value)
    assert "\nservices: is missing; allowed: a map of name" in str(caught.value)


def test_stack_file_with_the_projects_name_before_its_keys_goes_on_working() -> None:
    recorded = deploy("dev", {"shop:services": {"web": {}}}, project="shop")
    assert recorded.exports["services"] == {"web": "web"}
