"""CodeDeploy's deployments of an ECS service: they move the traffic, and only they do."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.stage import eventually
from packages.localcloud.tests.shifting.conftest import Gradual, Shifted

pytestmark = pytest.mark.docker
ROLE = "arn:aws:iam::000000000000:role/deploy"


@pytest.fixture
def service(gradual: Gradual) -> Shifted:
    """A service of the CODE_DEPLOY controller with its application and deployment group."""
    made = gradual("ROLLING", controller="CODE_DEPLOY")
    deploy = made.web.cloud.client("codedeploy")
    elb = made.web.cloud.client("elbv2")
    groups = elb.describe_target_groups(TargetGroupArns=list(made.groups))["TargetGroups"]
    main = elb.describe_rules(RuleArns=[made.production])["Rules"][0]["RuleArn"]
    listener = main.replace(":listener-rule/", ":listener/").rpartition("/")[0]
    deploy.create_application(applicationName=made.web.name, computePlatform="ECS")
    deploy.create_deployment_group(
        applicationName=made.web.name,
        deploymentGroupName="web",
        serviceRoleArn=ROLE,
        deploymentConfigName="CodeDeployDefault.ECSCanary10Percent5Minutes",
        deploymentStyle={"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
        ecsServices=[{"clusterName": made.web.name, "serviceName": made.web.name}],
        autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
        loadBalancerInfo={
            "targetGroupPairInfoList": [
                {
                    "targetGroups": [{"name": group["TargetGroupName"]} for group in groups],
                    "prodTrafficRoute": {"listenerArns": [listener]},
                }
            ]
        },
    )
    return made


def start(service: Shifted, definition: str, properties: Mapping[str, Any] | None = None, **more: Any) -> str:
    balancer = {"ContainerName": "app", "ContainerPort": 5000}
    target = {"TaskDefinition": definition, "LoadBalancerInfo": balancer, **(properties or {})}
    content = {
        "version": 0.0,
        "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": target}}],
    }
    made = service.web.cloud.client("codedeploy").create_deployment(
        applicationName=service.web.name,
        deploymentGroupName="web",
        revision={"revisionType": "AppSpecContent", "appSpecContent": {"content": json.dumps(content)}},
        **more,
    )
    return str(made["deploymentId"])


def ended(service: Shifted, deployment: str) -> Any:
    def check() -> Any:
        info = service.web.cloud.client("codedeploy").get_deployment(deploymentId=deployment)
        return "completeTime" in info["deploymentInfo"] and info["deploymentInfo"]

    return eventually(check, seconds=60)


def test_a_deployment_moves_the_traffic_as_its_configuration_says(service: Shifted) -> None:
    blue, green = service.groups
    deployment = start(service, service.version("two"))
    eventually(lambda: service.weights() == {blue: 90, green: 10})
    info = service.web.cloud.client("codedeploy").get_deployment(deploymentId=deployment)
    assert info["deploymentInfo"]["status"] == "InProgress"
    assert ended(service, deployment)["status"] == "Succeeded"
    assert service.weights() == {blue: 0, green: 100}
    assert service.get() == "two"
    described = service.web.describe()["loadBalancers"]
    assert described == [{"targetGroupArn": green, "containerName": "app", "containerPort": 5000}]


def test_the_appspec_brings_another_port_and_network(service: Shifted) -> None:
    command = "mkdir -p /tmp/www; echo six > /tmp/www/index.html; exec httpd -f -p 6000 -h /tmp/www"
    definition = service.web.define(
        command=["sh", "-c", command], portMappings=[{"containerPort": 6000}], stopTimeout=2
    )
    network = {"Subnets": ["subnet-00000002"], "SecurityGroups": [], "AssignPublicIp": "ENABLED"}
    properties = {
        "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": 6000},
        "NetworkConfiguration": {"AwsvpcConfiguration": network},
    }
    with pytest.raises(ClientError, match="no container 'app' with a port 5000"):
        start(service, definition)
    with service.traffic() as seen:
        assert ended(service, start(service, definition, properties))["status"] == "Succeeded"
    assert set(seen) <= {"one", "six"}
    assert service.get() == "six"
    described = service.web.describe()
    assert described["loadBalancers"][0]["containerPort"] == 6000
    assert described["networkConfiguration"]["awsvpcConfiguration"]["subnets"] == ["subnet-00000002"]


def told(service: Shifted) -> Callable[[], list[str]]:
    """What a topic's subscriber has heard so far of this service's deployments, in the words of the rule's sentence."""
    sns, sqs, bus = (service.web.cloud.client(name) for name in ("sns", "sqs", "events"))
    name = service.web.name
    topic = sns.create_topic(Name=name)["TopicArn"]
    publish = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    statement = {**publish, "Principal": {"Service": "events.amazonaws.com"}}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document)
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    detail = {"application": [name], "deploymentGroup": ["web"]}
    of_code_deploy = {"source": ["aws.codedeploy"], "detail": detail}
    of_ecs = {"source": ["aws.ecs"], "resources": [{"suffix": f"/{name}"}]}
    for key, pattern in {"codedeploy": of_code_deploy, "ecs": of_ecs}.items():
        bus.put_rule(Name=f"{name}-{key}", EventPattern=json.dumps(pattern))
        paths = {"id": "$.detail.deploymentId", "state": "$.detail.state"}
        transformed = {"InputPathsMap": paths, "InputTemplate": '"<id> <state>"'}
        target = {"Id": "1", "Arn": topic, "InputTransformer": transformed}
        bus.put_targets(Rule=f"{name}-{key}", Targets=[target])
    heard: list[str] = []

    def all_of_it() -> list[str]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        heard.extend(message["Body"].strip('"') for message in answer.get("Messages") or [])
        return sorted(heard)

    return all_of_it


def test_a_version_that_does_not_come_up_and_one_that_is_stopped_leave_the_old_one(service: Shifted) -> None:
    """Whoever listens hears of both, from CodeDeploy and not from ECS."""
    blue, green = service.groups
    heard = told(service)
    broken = start(service, service.web.define(command=["sh", "-c", "exit 3"]))
    failed = ended(service, broken)
    assert (failed["status"], failed["errorInformation"]["code"]) == ("Failed", "HEALTH_CONSTRAINTS")

    stopped = start(service, service.version("two"))
    eventually(lambda: service.weights() == {blue: 90, green: 10})
    service.web.cloud.client("codedeploy").stop_deployment(deploymentId=stopped)
    assert ended(service, stopped)["status"] == "Stopped"
    assert service.weights() == {blue: 100, green: 0}
    assert service.get() == "one"
    expected = sorted([f"{broken} START", f"{broken} FAILURE", f"{stopped} START", f"{stopped} STOP"])
    eventually(lambda: heard() == expected)


def test_nobody_else_may_deploy_and_mistakes_are_named(service: Shifted) -> None:
    with pytest.raises(ClientError, match="Use AWS CodeDeploy to trigger a new deployment"):
        service.web.update(taskDefinition=service.version("two"))
    with pytest.raises(ClientError, match="not there or not ACTIVE"):
        start(service, "nothing:7")
    with pytest.raises(ClientError, match="No Deployment Configuration found for name: Mine"):
        start(service, service.version("two"), deploymentConfigName="Mine")
