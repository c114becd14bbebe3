"""The AWS provider that a program hands to a component is the one that is used, with the tags that it needs."""

import pytest

from tests.program.deploy import Recorded, deploy

PROGRAM = """
import pulumi
import pulumi_aws as aws
from component.components import Cluster, LoadBalancer, Network, Service

ours = aws.Provider("ours", region="eu-west-1")
{use}
"""
SERVICE = """
args = {{"image": "ghcr.io/shop/web:1", "tags": {{"Team": "shop"}}, "network": {{"create": {{}}}}}}
Service("web", args, {options})
"""
TAGS = {"Project": "shop-web", "Stack": "dev", "ManagedBy": "pulumi", "Team": "shop"}


def deployed(use: str) -> Recorded:
    return deploy("dev", {}, project="shop", program=PROGRAM.format(use=use))


def providers(recorded: Recorded) -> set[str]:
    """The providers of everything in AWS, and those that components of other packages get."""
    own = {item.provider for item in recorded.resources if item.type.startswith("aws:") and item.custom}
    handed_on = {item.providers["aws"] for item in recorded.resources if item.remote}
    return {reference.split("::")[-2] for reference in own | handed_on}


@pytest.mark.parametrize(
    "options",
    [
        "pulumi.ResourceOptions(provider=ours)",
        "pulumi.ResourceOptions(providers=[ours])",
        "pulumi.ResourceOptions(providers={'aws': ours})",
        "pulumi.ResourceOptions(parent=Shop('shop', pulumi.ResourceOptions(provider=ours)))",
    ],
)
def test_a_provider_that_is_handed_in_is_used_for_everything(options: str) -> None:
    parent = """
class Shop(pulumi.ComponentResource):
    def __init__(self, name, opts):
        super().__init__("shop:index:Shop", name, None, opts)
"""
    recorded = deployed(parent + SERVICE.format(options=options))
    assert providers(recorded) == {"ours"}
    assert [item.name for item in recorded.all("pulumi:providers:aws")] == ["ours"]


def test_what_it_makes_has_the_tags_by_which_it_is_found_again() -> None:
    recorded = deployed(SERVICE.format(options="pulumi.ResourceOptions(provider=ours)"))
    for name in ("Service", "Cluster", "TargetGroup", "ListenerRule", "TaskDefinition", "LogGroup"):
        for item in recorded.all(name):
            if item.custom:
                assert item.inputs["tags"].items() >= TAGS.items(), item.urn
    assert recorded.one("aws:ecs/service:Service").inputs["tags"]["Service"] == "web"
    assert recorded.one("awsx:ec2:Vpc").inputs["tags"].items() >= TAGS.items()


@pytest.mark.parametrize(
    "component",
    ["Network('n', {'create': {}}", "Cluster('c', {}", "LoadBalancer('l', {}"],
)
def test_the_small_components_use_it_too(component: str) -> None:
    recorded = deployed(f"{component}, pulumi.ResourceOptions(provider=ours))")
    assert providers(recorded) == {"ours"}


def test_without_one_the_components_make_their_own_from_the_configuration() -> None:
    recorded = deployed(SERVICE.format(options="None"))
    assert providers(recorded) == {"web-aws"}
    made = recorded.one("pulumi:providers:aws", "web-aws")
    assert "defaultTags" in made.inputs
    assert "Project" not in recorded.one("aws:ecs/cluster:Cluster").inputs.get("tags", {})
