"""Changes that mean nothing are no changes; changes that mean something are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packages.localcloud.tests.providers.aws.examples import ASSUME, CONTAINERS
from packages.localcloud.tests.providers.aws.harness import Driver

SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"


def network(subnets: list[str]) -> dict[str, object]:
    return {"cluster": "main", "taskDefinition": "app:1", "networkConfiguration": {"subnets": subnets}}


SUBNETS = st.lists(st.from_regex(r"subnet-[0-9a-f]{4}", fullmatch=True), min_size=1, max_size=5, unique=True)


@given(SUBNETS.flatmap(lambda subnets: st.tuples(st.just(subnets), st.permutations(subnets))))
def test_the_order_of_subnets_means_nothing(lists: tuple[list[str], list[str]]) -> None:
    from localcloud.providers.aws.compare import same
    from localcloud.providers.aws.provider import resource_type

    subnets, shuffled = lists
    kind = resource_type(SERVICE)
    assert same(kind, network(subnets), network(shuffled), "")
    assert not same(kind, network(subnets), network([*shuffled[1:], "subnet-other"]), "")


def test_spelling_of_json_documents_means_nothing(offline: Driver) -> None:
    role = offline.create("aws:iam/role:Role", "exec", {"assumeRolePolicy": ASSUME}, preview=True)
    document = json.loads(ASSUME)
    document["Statement"][0]["Action"] = ["sts:AssumeRole"]
    assert offline.diff(role, {"assumeRolePolicy": json.dumps(document, indent=4)}).changes is False
    assert offline.diff(role, {"assumeRolePolicy": ASSUME.replace("Allow", "Deny")}).diffs == [
        "assumeRolePolicy"
    ]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"essential": True}, True),
        ({"cpu": 0}, True),
        ({"mountPoints": []}, True),
        ({"portMappings": [{"containerPort": 5000, "hostPort": 5000, "protocol": "tcp"}]}, True),
        ({"essential": False}, False),
        ({"command": ["serve"]}, False),
        ({"portMappings": [{"containerPort": 5001}]}, False),
    ],
)
def test_what_ecs_fills_in_by_itself_means_nothing(
    offline: Driver, change: dict[str, object], *, same: bool
) -> None:
    base = {"family": "app", "containerDefinitions": json.dumps(CONTAINERS)}
    task = offline.create(TASK, "app", base, preview=True)
    wanted = {**base, "containerDefinitions": json.dumps([{**CONTAINERS[0], **change}])}
    diff = offline.diff(task, wanted)
    assert diff.changes is not same
    assert diff.replaces == ([] if same else ["containerDefinitions"])


def test_a_given_name_that_stays_forces_deletion_before_replacement(offline: Driver) -> None:
    group = {"port": 5000, "protocol": "HTTP", "targetType": "ip", "vpcId": "vpc-1"}
    made_up = offline.create("aws:lb/targetGroup:TargetGroup", "web", group, preview=True)
    assert offline.diff(made_up, {**group, "port": 5001}).delete_before_replace is False
    given_name = offline.create(
        "aws:lb/targetGroup:TargetGroup", "web", {**group, "name": "web"}, preview=True
    )
    diff = offline.diff(given_name, {**group, "name": "web", "port": 5001})
    assert diff.replaces == ["port"]
    assert diff.delete_before_replace is True


def test_ignored_changes_are_no_changes(offline: Driver) -> None:
    service = offline.create(SERVICE, "web", {**network(["subnet-1"]), "desiredCount": 1}, preview=True)
    wanted = {**network(["subnet-1"]), "desiredCount": 3}
    assert offline.diff(service, wanted).diffs == ["desiredCount"]
    assert offline.diff(service, wanted, ignore=["desiredCount"]).changes is False


def test_removing_a_property_is_a_change_unless_aws_chooses_it(offline: Driver) -> None:
    service = offline.create(
        SERVICE,
        "web",
        {**network(["subnet-1"]), "healthCheckGracePeriodSeconds": 30, "platformVersion": "1.4.0"},
        preview=True,
    )
    assert offline.diff(service, network(["subnet-1"])).diffs == ["healthCheckGracePeriodSeconds"]


def test_a_new_default_tag_is_a_change_of_every_resource(offline: Driver) -> None:
    from localcloud.providers.aws.clients import Aws
    from localcloud.providers.aws.provider import AwsProvider

    provider = offline.provider
    assert isinstance(provider, AwsProvider)
    cluster = offline.create("aws:ecs/cluster:Cluster", "main", {"tags": {"a": "b"}}, preview=True)
    assert offline.diff(cluster, {"tags": {"a": "b"}}).changes is False
    provider.aws = Aws(provider.settings, "us-east-1", {"team": "web"})
    assert offline.diff(cluster, {"tags": {"a": "b"}}).diffs == ["tagsAll"]
