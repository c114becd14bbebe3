"""What UpdateService and Elastic Load Balancing refuse of a service, with AWS's error codes; no task runs here."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from packages.localcloud.tests.emulator.balancer import Balancer, fixed
from packages.localcloud.tests.emulator.stage import Cloud, eventually

ROLE = "arn:aws:iam::000000000000:role/shift"


class Service:
    """A service without tasks, on one listener rule."""

    def __init__(self, cloud: Cloud, name: str) -> None:
        self.name = name
        self.ecs = cloud.client("ecs")
        self.balancer = Balancer(cloud, name)
        self.spare = self.balancer.add_group(f"{name}-spare")
        self.ecs.create_cluster(clusterName=name)
        self.rule = self._rule({self.balancer.group: 100})

    def _rule(self, weights: dict[str, int]) -> str:
        made = self.balancer.elb.create_rule(
            ListenerArn=self.balancer.listener,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
            Actions=[forward(weights)],
        )
        return str(made["Rules"][0]["RuleArn"])

    def define(self, port: int = 5000) -> str:
        container = {
            "name": "app",
            "image": "nothing@sha256:" + "0" * 64,
            "memory": 128,
            "portMappings": [{"containerPort": port}],
        }
        made = self.ecs.register_task_definition(
            family=self.name, networkMode="awsvpc", containerDefinitions=[container]
        )
        return str(made["taskDefinition"]["taskDefinitionArn"])

    def balancers(self, *, advanced: bool = False) -> list[dict[str, Any]]:
        plain = {"targetGroupArn": self.balancer.group, "containerName": "app", "containerPort": 5000}
        configuration = {
            "alternateTargetGroupArn": self.spare,
            "productionListenerRule": self.rule,
            "roleArn": ROLE,
        }
        return [plain | ({"advancedConfiguration": configuration} if advanced else {})]

    def create(self, controller: str) -> None:
        self.ecs.create_service(
            cluster=self.name,
            serviceName=self.name,
            taskDefinition=self.define(),
            desiredCount=0,
            loadBalancers=self.balancers(),
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-00000001"]}},
            deploymentController={"type": controller},
        )
        eventually(lambda: self.deployment()["status"] == "SUCCESSFUL")

    def update(self, **changes: Any) -> Any:
        return self.ecs.update_service(cluster=self.name, service=self.name, **changes)["service"]

    def deployment(self) -> Any:
        listed = self.ecs.list_service_deployments(cluster=self.name, service=self.name)["serviceDeployments"]
        arns = [listed[0]["serviceDeploymentArn"]]
        return self.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"][0]


def forward(weights: dict[str, int]) -> dict[str, Any]:
    pairs = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": pairs}}


@pytest.fixture
def service(cloud: Cloud, name: str) -> Service:
    return Service(cloud, name)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-00000002"]}}},
            "network parameters",
        ),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "capacity provider strategy"),
        ({"loadBalancers": []}, "load balancers"),
        ({"taskDefinition": "NEW"}, "task definition"),
        ({"forceNewDeployment": True}, "force a new deployment"),
    ],
)
def test_codedeploys_services_take_network_capacity_and_load_balancer_from_codedeploy_only(
    service: Service, change: dict[str, Any], words: str
) -> None:
    service.create("CODE_DEPLOY")
    if change.get("taskDefinition"):
        change = {"taskDefinition": service.define()}
    with pytest.raises(ClientError, match=f"{words} on services with a CODE_DEPLOY") as refused:
        service.update(**change)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterException"
    assert (
        service.update(desiredCount=0, healthCheckGracePeriodSeconds=7)["healthCheckGracePeriodSeconds"] == 7
    )


def test_the_controller_changes_in_place_and_carries_nothing_else_to_codedeploy(service: Service) -> None:
    service.create("ECS")
    to_codedeploy = {"deploymentController": {"type": "CODE_DEPLOY"}}
    with pytest.raises(ClientError, match="task definition on services with a CODE_DEPLOY"):
        service.update(**to_codedeploy, taskDefinition=service.define())
    before = service.deployment()["serviceDeploymentArn"]
    assert service.update(**to_codedeploy)["deploymentController"] == {"type": "CODE_DEPLOY"}
    assert service.deployment()["serviceDeploymentArn"] == before, "nothing was deployed"
    definition = service.define()
    back = service.update(deploymentController={"type": "ECS"}, taskDefinition=definition)
    assert back["taskDefinition"] == definition


def test_a_partial_deployment_configuration_keeps_the_rest(service: Service) -> None:
    service.create("ECS")
    service.update(deploymentConfiguration={"maximumPercent": 150})
    kept = service.update(deploymentConfiguration={"minimumHealthyPercent": 50})["deploymentConfiguration"]
    assert (kept["maximumPercent"], kept["minimumHealthyPercent"], kept["strategy"]) == (150, 50, "ROLLING")


def test_traffic_does_not_move_to_a_target_group_that_the_rule_does_not_know(service: Service) -> None:
    service.create("ECS")
    with pytest.raises(ClientError, match="alternateTargetGroupArn is required for the CANARY strategy"):
        service.update(deploymentConfiguration={"strategy": "CANARY"})
    service.update(
        deploymentConfiguration={"strategy": "CANARY"}, loadBalancers=service.balancers(advanced=True)
    )
    ended = eventually(lambda: "finishedAt" in service.deployment() and service.deployment())
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert (
        "invalid networking configuration. Both targetGroup and alternateTargetGroup" in ended["statusReason"]
    )


def test_priorities_never_meet(service: Service) -> None:
    elb = service.balancer.elb
    condition = [{"Field": "path-pattern", "Values": ["/x"]}]
    made = elb.create_rule(
        ListenerArn=service.balancer.listener, Priority=2, Conditions=condition, Actions=[fixed("x")]
    )
    other = made["Rules"][0]["RuleArn"]
    with pytest.raises(elb.exceptions.PriorityInUseException):
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": other, "Priority": 1}])
    swapped = [{"RuleArn": other, "Priority": 1}, {"RuleArn": service.rule, "Priority": 2}]
    assert len(elb.set_rule_priorities(RulePriorities=swapped)["Rules"]) == 2
    with pytest.raises(elb.exceptions.RuleNotFoundException):
        elb.set_rule_priorities(RulePriorities=[{"RuleArn": f"{other}0", "Priority": 5}])


def test_a_target_group_belongs_to_one_load_balancer_and_stays_while_a_rule_has_it(
    cloud: Cloud, service: Service
) -> None:
    elb = service.balancer.elb
    with pytest.raises(elb.exceptions.ResourceInUseException):
        elb.delete_target_group(TargetGroupArn=service.balancer.group)
    another = Balancer(cloud, f"{service.name}-b")
    with pytest.raises(ClientError, match="cannot be associated with more than one load balancer"):
        another.add_listener(8080, service.balancer.group)


def test_a_protected_load_balancer_is_not_deleted(service: Service) -> None:
    elb, arn = service.balancer.elb, service.balancer.arn
    for value, refused in (("true", True), ("false", False)):
        attribute = {"Key": "deletion_protection.enabled", "Value": value}
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[attribute])
        if refused:
            with pytest.raises(elb.exceptions.OperationNotPermittedException):
                elb.delete_load_balancer(LoadBalancerArn=arn)
        else:
            elb.delete_load_balancer(LoadBalancerArn=arn)


def test_tags_lead_to_rules_and_services(cloud: Cloud, service: Service) -> None:
    service.balancer.elb.add_tags(
        ResourceArns=[service.rule], Tags=[{"Key": "Service", "Value": service.name}]
    )
    tagging = cloud.client("resourcegroupstaggingapi")

    def found(value: str) -> list[str]:
        filters = [{"Key": "Service", "Values": [value]}]
        answer = tagging.get_resources(ResourceTypeFilters=["elasticloadbalancing"], TagFilters=filters)
        return [item["ResourceARN"] for item in answer["ResourceTagMappingList"]]

    assert found(service.name) == [service.rule]
    assert found("nothing") == []
