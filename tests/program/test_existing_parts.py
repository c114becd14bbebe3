"""Parts of a service that exist already: log group, repository, hosted zone; and the bounds of every role."""

import json

import pytest

from infra.settings.validation import validate
from tests.program import invariants
from tests.program.deploy import Recorded, deploy_services

BOUNDARY = "arn:aws:iam::123456789012:policy/bounds"


@pytest.fixture(scope="module")
def recorded() -> Recorded:
    service = {
        "logGroup": "/shop/web",
        "build": {"repository": {"existing": "shop/web"}},
        "deployment": {"strategy": "canary"},
    }
    return deploy_services(
        {"web": service},
        permissionsBoundary=BOUNDARY,
        network={"create": {}, "flowLogs": {}},
        loadBalancer={
            "domain": {"name": "www.example.com", "zone": "example.com", "zoneId": "Z0123456789ABCDEFGHIJ"}
        },
    )


def test_the_graph_keeps_every_invariant(recorded: Recorded) -> None:
    invariants.check_all(recorded)


def test_containers_log_into_the_group_that_exists(recorded: Recorded) -> None:
    assert "/shop/web" not in [group.inputs["name"] for group in recorded.all("LogGroup")]
    (container,) = json.loads(recorded.one("TaskDefinition").inputs["containerDefinitions"])
    assert container["logConfiguration"]["options"]["awslogs-group"] == "/shop/web"
    assert "log-group:/shop/web" in recorded.one("RolePolicy", "web-execution").inputs["policy"]


def test_images_go_to_the_repository_that_exists(recorded: Recorded) -> None:
    assert not recorded.all("aws:ecr/repository:Repository")
    assert not recorded.all("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    image = recorded.one("docker-build:index:Image").inputs
    assert image["tags"][0].startswith("123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/web:")
    assert "repository/shop/web" in recorded.one("RolePolicy", "web-execution").inputs["policy"]


def test_records_go_into_the_zone_with_the_id(recorded: Recorded) -> None:
    assert {one.inputs["zoneId"] for one in recorded.all("aws:route53/record:Record")} == {
        "Z0123456789ABCDEFGHIJ"
    }
    assert not [token for token, _ in recorded.invokes if token.endswith(":getZone")]


def test_every_role_is_bounded(recorded: Recorded) -> None:
    roles = recorded.all("aws:iam/role:Role")
    assert len(roles) > 3
    assert {role.inputs.get("permissionsBoundary") for role in roles} == {BOUNDARY}


@pytest.mark.parametrize(
    ("service", "message"),
    [
        (
            {"logGroup": "/shop/web", "logRetentionDays": 7},
            "logRetentionDays: belongs to the owner of the log group",
        ),
        (
            {"build": {"repository": {"existing": "shop/web", "keepImages": 9}}},
            "keepImages: belongs to the owner of the existing repository",
        ),
    ],
)
def test_what_belongs_to_the_owner_is_refused(service: dict[str, object], message: str) -> None:
    _, problems = validate({"services": {"web": service}})
    assert message in problems[0].render()
