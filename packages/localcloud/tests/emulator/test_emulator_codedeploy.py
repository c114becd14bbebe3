"""CodeDeploy's applications and deployment groups over the wire; deployments are tested with their containers."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import Cloud

ROLE = "arn:aws:iam::000000000000:role/deploy"


@pytest.fixture
def api(plain: Cloud) -> Any:
    return plain.client("codedeploy")


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


def group(api: Any, application: str, name: str, platform: str = "ECS") -> None:
    if application not in api.list_applications()["applications"]:
        api.create_application(applicationName=application, computePlatform=platform)
    api.create_deployment_group(applicationName=application, deploymentGroupName=name, serviceRoleArn=ROLE)


@pytest.mark.parametrize(
    ("platform", "configuration"),
    [("ECS", "ECSAllAtOnce"), ("Lambda", "LambdaAllAtOnce"), ("Server", "OneAtATime")],
)
def test_a_group_is_of_its_applications_platform(
    api: Any, name: str, platform: str, configuration: str
) -> None:
    group(api, name, "web", platform)

    found = api.get_deployment_group(applicationName=name, deploymentGroupName="web")["deploymentGroupInfo"]

    assert found["computePlatform"] == platform
    assert found["deploymentConfigName"] == f"CodeDeployDefault.{configuration}"


def test_what_is_there_is_listed_and_found_in_batches(api: Any, name: str) -> None:
    group(api, name, "one")
    group(api, name, "two")

    assert api.list_deployment_groups(applicationName=name)["deploymentGroups"] == ["one", "two"]
    many = api.batch_get_deployment_groups(applicationName=name, deploymentGroupNames=["two", "one"])
    assert [entry["deploymentGroupName"] for entry in many["deploymentGroupsInfo"]] == ["two", "one"]
    assert len(api.batch_get_applications(applicationNames=[name])["applicationsInfo"]) == 1
    missing = refused(api.batch_get_applications, applicationNames=[name, f"{name}x"])
    assert missing == "ApplicationDoesNotExistException"
    limit = refused(api.batch_get_deployments, deploymentIds=[str(number) for number in range(26)])
    assert limit == "BatchLimitExceededException"
    assert "CodeDeployDefault.ECSAllAtOnce" in api.list_deployment_configs()["deploymentConfigsList"]
    assert refused(api.list_applications, nextToken="100") == "InvalidNextTokenException"


def test_an_application_takes_its_groups_along_to_its_new_name(api: Any, name: str) -> None:
    group(api, name, "web")

    api.update_application(applicationName=name, newApplicationName=f"{name}-new")

    assert refused(api.get_application, applicationName=name) == "ApplicationDoesNotExistException"
    assert api.list_deployment_groups(applicationName=f"{name}-new")["deploymentGroups"] == ["web"]


def test_application_and_group_are_named_together(api: Any, name: str) -> None:
    group(api, name, "web", "Server")

    lone = refused(api.list_deployments, applicationName=name)
    assert lone == "DeploymentGroupNameRequiredException"
    assert refused(api.list_deployments, deploymentGroupName="web") == "ApplicationNameRequiredException"
    assert refused(api.create_deployment, applicationName=name) == "DeploymentGroupNameRequiredException"
    deployment = {"applicationName": name, "deploymentGroupName": "web", "revision": {}}
    assert refused(api.create_deployment, **deployment) == "InvalidComputePlatformException"
