"""What people read when something goes wrong, and what is left behind."""

import pytest

from localcloud.errors import LocalCloudError, ResourceInitFailed
from localcloud.providers.aws.clients import Aws
from localcloud.providers.aws.provider import AwsProvider
from localcloud.providers.values import Values, to_plain_map
from packages.localcloud.tests.providers.aws.examples import ASSUME, CLUSTER, REPOSITORY, ROLE
from packages.localcloud.tests.providers.aws.harness import Driver


def aws_of(driver: Driver) -> Aws:
    assert isinstance(driver.provider, AwsProvider)
    return driver.provider.aws


def test_a_cloud_that_does_not_answer_says_how_to_start_it(offline: Driver) -> None:
    with pytest.raises(LocalCloudError) as caught:
        offline.create(CLUSTER, "main", {})
    assert "ecs.Cluster 'main': the local cloud does not answer at http://localhost:" in str(caught.value)
    assert "localcloud start" in str(caught.value)


def test_refused_calls_carry_the_code_and_the_message_of_aws(driver: Driver) -> None:
    driver.create(ROLE, "exec", {"assumeRolePolicy": ASSUME, "name": "taken"})
    with pytest.raises(LocalCloudError, match=r"iam.Role 'other': CreateRole: EntityAlreadyExists: .*taken"):
        driver.create(ROLE, "other", {"assumeRolePolicy": ASSUME, "name": "taken"})


def test_unknown_types_say_so(offline: Driver) -> None:
    with pytest.raises(LocalCloudError, match="does not know the resource type 'aws:moon/base:Base'"):
        offline.check("aws:moon/base:Base", "x", {})


def test_a_half_made_resource_is_reported_with_its_id(driver: Driver) -> None:
    inline = [{"name": "broken", "policy": "not a document"}]
    with pytest.raises(ResourceInitFailed) as caught:
        driver.create(ROLE, "half", {"name": "half", "assumeRolePolicy": ASSUME, "inlinePolicies": inline})
    assert caught.value.resource_id == "half"
    assert caught.value.properties["arn"] == "arn:aws:iam::000000000000:role/half"
    assert "iam.Role 'half': PutRolePolicy: MalformedPolicyDocument" in caught.value.reasons[0]
    aws_of(driver).call("iam", "DeleteRole", {"RoleName": "half"})


def test_a_refresh_shows_what_was_changed_behind_our_back(driver: Driver) -> None:
    cluster = driver.create(
        CLUSTER, "main", {"settings": [{"name": "containerInsights", "value": "enabled"}]}
    )
    aws_of(driver).call(
        "ecs",
        "UpdateClusterSettings",
        {"cluster": cluster.id, "settings": [{"name": "containerInsights", "value": "disabled"}]},
    )
    read = driver.read(cluster)
    drifted = [{"name": "containerInsights", "value": "disabled"}]
    assert to_plain_map(read.properties)["settings"] == drifted
    assert to_plain_map(read.inputs)["settings"] == drifted
    cluster.state = read.properties
    wanted = {"settings": [{"name": "containerInsights", "value": "enabled"}]}
    assert driver.diff(cluster, wanted).diffs == ["settings"]
    driver.update(cluster, wanted)
    assert driver.diff(cluster, wanted).changes is False


def test_tags_removed_behind_our_back_come_back(driver: Driver) -> None:
    repository = driver.create(REPOSITORY, "app", {"tags": {"team": "web"}, "forceDelete": True})
    aws_of(driver).call("ecr", "UntagResource", {"resourceArn": repository["arn"], "tagKeys": ["team"]})
    repository.state = driver.read(repository).properties
    assert repository["tagsAll"] == {}
    wanted = {"tags": {"team": "web"}, "forceDelete": True}
    assert driver.diff(repository, wanted).changes is True
    driver.update(repository, wanted)
    assert to_plain_map(driver.read(repository).properties)["tagsAll"] == {"team": "web"}


def test_update_sends_only_what_changed(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    from packages.localcloud.tests.providers.aws.examples import EXAMPLES
    from packages.localcloud.tests.providers.aws.world import World

    token = "aws:ecs/service:Service"
    inputs = {**EXAMPLES[token].inputs(World(driver, EXAMPLES)), "waitForSteadyState": False}
    service = driver.create(token, "web", inputs)
    sent = []
    real = Aws.call

    def record(self: Aws, service: str, operation: str, request: Values, region: str | None = None) -> Values:
        sent.append((operation, request))
        return real(self, service, operation, request, region)

    monkeypatch.setattr(Aws, "call", record)
    driver.update(service, {**inputs, "healthCheckGracePeriodSeconds": 30, "tags": inputs["tags"]})
    updates = [request for operation, request in sent if operation == "UpdateService"]
    assert [set(request) for request in updates] == [{"cluster", "service", "healthCheckGracePeriodSeconds"}]
