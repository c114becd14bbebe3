"""What Amazon ECS refuses of services, tasks, and clusters, over the wire; nothing here starts a container."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import NETWORK, Cloud


@pytest.fixture
def ecs(plain: Cloud) -> Any:
    """A client that sends what botocore would stop."""
    return plain.unchecked_client("ecs")


@pytest.fixture
def cluster(ecs: Any, name: str) -> str:
    """A cluster, and task definitions of Fargate and of EC2 (`…-bridge`)."""
    ecs.create_cluster(clusterName=name)
    containers = [{"name": "web", "image": "x", "memory": 64}]
    ecs.register_task_definition(
        family=name,
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        containerDefinitions=containers,
    )
    ecs.register_task_definition(family=f"{name}-bridge", containerDefinitions=containers)
    return name


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def service(cluster: str, **changes: Any) -> dict[str, Any]:
    wanted = {
        "cluster": cluster,
        "serviceName": "web",
        "taskDefinition": cluster,
        "desiredCount": 0,
        "launchType": "FARGATE",
        "networkConfiguration": NETWORK,
        **changes,
    }
    return {key: value for key, value in wanted.items() if value is not None}


def network(**changes: Any) -> dict[str, Any]:
    return {"awsvpcConfiguration": {**NETWORK["awsvpcConfiguration"], **changes}}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"desiredCount": -1}, "must not be negative"),
        ({"serviceName": "a b"}, "Invalid service name"),
        ({"deploymentConfiguration": {"maximumPercent": 5}}, "maximumPercent must be from 100 to 200"),
        (
            {"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}},
            "cannot be 100 as this will block deployments.",
        ),
        ({"networkConfiguration": None}, "Network Configuration must be provided when networkMode 'awsvpc'"),
        ({"networkConfiguration": network(subnets=[])}, "subnets can not be empty."),
        (
            {"networkConfiguration": network(subnets=["subnet-none"])},
            "Error retrieving subnet information for [subnet-none]: The subnet ID 'subnet-none' does not exist "
            "(ErrorCode: InvalidSubnetID.NotFound)",
        ),
        (
            {"networkConfiguration": network(securityGroups=["sg-none"])},
            "Error retrieving security group information for [sg-none]",
        ),
        ({"schedulingStrategy": "DAEMON"}, "does not support the DAEMON scheduling strategy"),
        ({"launchType": "MAINFRAME"}, "launch type should be one of [EC2,FARGATE,EXTERNAL]"),
        ({"schedulingStrategy": "SOME"}, "1 validation error detected: Value 'SOME' at 'schedulingStrategy'"),
    ],
)
def test_a_service_that_ecs_does_not_take(
    ecs: Any, cluster: str, changes: dict[str, Any], words: str
) -> None:
    code, message = refused(ecs.create_service, **service(cluster, **changes))

    assert code == "InvalidParameterException"
    assert words in message


def test_a_task_definition_goes_with_its_launch_type_and_network(ecs: Any, cluster: str) -> None:
    bridge = service(cluster, taskDefinition=f"{cluster}-bridge")
    assert refused(ecs.create_service, **bridge)[1] == "Task definition does not support launch_type FARGATE."
    words = "Network Configuration is not valid for the given networkMode of this task definition."
    assert refused(ecs.create_service, **{**bridge, "launchType": "EC2"})[1] == words


def test_nothing_is_made_from_an_inactive_task_definition(ecs: Any, cluster: str) -> None:
    assert refused(ecs.deregister_task_definition, taskDefinition=cluster)[1] == "Revision is missing."
    words = "Invalid revision number. Number: x"
    assert refused(ecs.deregister_task_definition, taskDefinition=f"{cluster}:x")[1] == words
    unknown = ("ClientException", "Unable to describe task definition.")
    assert refused(ecs.deregister_task_definition, taskDefinition=f"{cluster}:7") == unknown
    assert refused(ecs.describe_task_definition, taskDefinition="nobody") == unknown

    ecs.deregister_task_definition(taskDefinition=f"{cluster}:1")

    inactive = ("ClientException", "TaskDefinition is inactive")
    assert refused(ecs.create_service, **service(cluster, taskDefinition=f"{cluster}:1")) == inactive
    task = {"cluster": cluster, "taskDefinition": f"{cluster}:1", "networkConfiguration": NETWORK}
    assert refused(ecs.run_task, **task) == inactive


def test_only_what_is_inactive_is_deleted(ecs: Any, cluster: str) -> None:
    ecs.deregister_task_definition(taskDefinition=f"{cluster}:1")

    answer = ecs.delete_task_definitions(
        taskDefinitions=[f"{cluster}:1", f"{cluster}-bridge:1", "nobody:1", "nobody"]
    )

    assert [entry["status"] for entry in answer["taskDefinitions"]] == ["DELETE_IN_PROGRESS"]
    reasons = [failure["reason"] for failure in answer["failures"]]
    assert ["ACTIVE" in reasons[0], "does not exist" in reasons[1], "is invalid" in reasons[2]] == [True] * 3


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"cluster": "nobody"}, "ClusterNotFoundException", "Cluster not found."),
        ({"count": 0}, "InvalidParameterException", "count must be from 1 to 10"),
        ({"count": 11}, "InvalidParameterException", "count must be from 1 to 10"),
        ({"taskDefinition": "nobody"}, "ClientException", "TaskDefinition not found."),
        ({"networkConfiguration": None}, "InvalidParameterException", "must be provided"),
        (
            {"overrides": {"containerOverrides": [{"name": "other"}]}},
            "InvalidParameterException",
            "Override for container named other is not a container in the TaskDefinition.",
        ),
    ],
)
def test_tasks_that_ecs_does_not_run(
    ecs: Any, cluster: str, changes: dict[str, Any], code: str, words: str
) -> None:
    task = {"cluster": cluster, "taskDefinition": cluster, "networkConfiguration": NETWORK, **changes}

    found = refused(ecs.run_task, **{key: value for key, value in task.items() if value is not None})

    assert found[0] == code
    assert words in found[1]


def test_a_cluster_with_a_service_is_not_deleted(ecs: Any, cluster: str) -> None:
    ecs.create_service(**service(cluster))
    assert refused(ecs.delete_cluster, cluster=cluster) == (
        "ClusterContainsServicesException",
        "The Cluster cannot be deleted while Services are active.",
    )

    ecs.delete_service(cluster=cluster, service="web")

    assert ecs.delete_cluster(cluster=cluster)["cluster"]["status"] == "INACTIVE"
    assert refused(ecs.list_services, cluster=cluster)[0] == "ClusterNotFoundException"


def test_lists_come_in_pages(ecs: Any, cluster: str) -> None:
    for number in range(12):
        ecs.create_service(**service(cluster, serviceName=f"s{number:02}"))

    first = ecs.list_services(cluster=cluster)
    rest = ecs.list_services(cluster=cluster, nextToken=first["nextToken"])

    assert len(first["serviceArns"]) == 10
    names = [arn.rpartition("/")[2] for arn in first["serviceArns"] + rest["serviceArns"]]
    assert sorted(names) == [f"s{number:02}" for number in range(12)]
    assert "nextToken" not in rest
    assert refused(ecs.list_services, cluster=cluster, nextToken="10")[1] == "Invalid token."
    assert "from 1 to 100" in refused(ecs.list_services, cluster=cluster, maxResults=101)[1]


def test_a_family_is_listed_by_its_full_name(ecs: Any, cluster: str) -> None:
    arns = ecs.list_task_definitions(familyPrefix=cluster)["taskDefinitionArns"]

    assert [arn.rpartition("/")[2] for arn in arns] == [f"{cluster}:1"]


def test_empty_questions_are_refused(ecs: Any, cluster: str) -> None:
    assert refused(ecs.describe_tasks, cluster=cluster, tasks=[])[0] == "InvalidParameterException"
    assert refused(ecs.describe_services, cluster=cluster, services=[])[0] == "InvalidParameterException"


def test_a_clusters_default_namespace_is_kept(ecs: Any, name: str) -> None:
    made = ecs.create_cluster(clusterName=name, serviceConnectDefaults={"namespace": "shop"})["cluster"]

    assert made["serviceConnectDefaults"] == {"namespace": "shop"}


def test_account_settings_are_those_that_were_set(ecs: Any) -> None:
    ecs.put_account_setting(name="taskLongArnFormat", value="disabled")
    found = ecs.list_account_settings(name="taskLongArnFormat")["settings"]
    assert [(entry["name"], entry["value"]) for entry in found] == [("taskLongArnFormat", "disabled")]
    assert ecs.list_account_settings(name="serviceLongArnFormat")["settings"] == []
    effective = ecs.list_account_settings(name="serviceLongArnFormat", effectiveSettings=True)["settings"]
    assert [entry["value"] for entry in effective] == ["enabled"]
    assert refused(ecs.list_account_settings, name="some")[0] == "InvalidParameterException"
