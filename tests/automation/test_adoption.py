"""A service that somebody made by hand comes into a stack, by the names that it has."""

import json
import shutil
from collections.abc import Sequence
from typing import Any

import pytest

from automation.adoption import Wanted
from automation.engines import EngineName
from automation.engines.import_file import import_file
from localcloud.engine import Op, PropertyChange, ResourceEvent
from localcloud.errors import LocalCloudError
from tests.automation.conftest import Workbench

PROGRAM = """
class Service(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("shop:index:Service", name)

service = Service("web")
child = pulumi.ResourceOptions(parent=service)
mine = pulumi.ResourceOptions(parent=service, ignore_changes=["description"])
vpc = aws.ec2.get_vpc(default=True)
cluster = aws.ecs.Cluster("cluster", name="old")
log = aws.cloudwatch.LogGroup("web", name="/old/web", retention_in_days=7, opts=child)
trust = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"}}]})
role = aws.iam.Role("web-execution", name="old-execution", assume_role_policy=trust, opts=child)
repository = aws.ecr.Repository("web", name="old/web", opts=child)
front = aws.ec2.SecurityGroup("load-balancer", name="old-front", vpc_id=vpc.id, opts=mine)
group = aws.ec2.SecurityGroup("web", name="old-tasks", vpc_id=vpc.id, opts=mine)
aws.vpc.SecurityGroupIngressRule("web-from-load-balancer-5000", security_group_id=group.id, ip_protocol="tcp",
    referenced_security_group_id=front.id, from_port=5000, to_port=5000, opts=child)
subnets = aws.ec2.get_subnets(filters=[{"name": "vpc-id", "values": [vpc.id]}]).ids[:2]
balancer = aws.lb.LoadBalancer("load-balancer", name="old", subnets=subnets, security_groups=[front.id])
target = aws.lb.TargetGroup("web", name="old", port=5000, protocol="HTTP", target_type="ip", vpc_id=vpc.id, opts=child)
listener = aws.lb.Listener("load-balancer-http", load_balancer_arn=balancer.arn, port=80, protocol="HTTP",
    default_actions=[{"type": "fixed-response",
        "fixed_response": {"content_type": "text/plain", "status_code": "404"}}])
rule = aws.lb.ListenerRule("web", listener_arn=listener.arn, priority=10,
    conditions=[{"path_pattern": {"values": ["/*"]}}],
    actions=[{"type": "forward", "forward": {"target_groups": [{"arn": target.arn, "weight": 100}]}}], opts=child)
definition = aws.ecs.TaskDefinition("web", family="old-web", cpu="256", memory="512", network_mode="awsvpc",
    requires_compatibilities=["FARGATE"], execution_role_arn=role.arn, opts=child,
    container_definitions=pulumi.Output.all(repository.repository_url, log.name).apply(lambda known: json.dumps([
        {"name": "web", "image": f"{known[0]}:1", "essential": True,
         "portMappings": [{"containerPort": 5000, "protocol": "tcp"}],
         "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": known[1],
             "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}}}])))
aws.appautoscaling.Target("web", resource_id="service/old/old-web", service_namespace="ecs",
    scalable_dimension="ecs:service:DesiredCount", min_capacity=0, max_capacity=4, opts=child)
aws.appautoscaling.Policy("web-cpu", name="old-cpu", policy_type="TargetTrackingScaling", service_namespace="ecs",
    resource_id="service/old/old-web", scalable_dimension="ecs:service:DesiredCount", opts=child,
    target_tracking_scaling_policy_configuration={"target_value": 60, "predefined_metric_specification":
        {"predefined_metric_type": "ECSServiceAverageCPUUtilization"}})
aws.ecs.Service("web", name="old-web", cluster=cluster.arn, task_definition=definition.arn, desired_count=0,
    launch_type="FARGATE",
    network_configuration={"subnets": subnets, "security_groups": [group.id]},
    load_balancers=[{"container_name": "web", "container_port": 5000, "target_group_arn": target.arn}],
    opts=pulumi.ResourceOptions(parent=service, depends_on=[rule]))
topic = aws.sns.Topic("later", opts=child)
"""
WANTED = Wanted(cluster="old", services={"web": "old-web"})


@pytest.fixture
def by_hand(bench: Workbench) -> None:
    """The objects that the program describes, made once in a cloud, with the SDK as somebody with the console would."""
    if bench.client("ecs").describe_clusters(clusters=["old"])["clusters"]:
        return
    ec2, elb, ecs = bench.client("ec2"), bench.client("elbv2"), bench.client("ecs")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    subnets = [item["SubnetId"] for item in found][:2]
    ecs.create_cluster(clusterName="old")
    logs = bench.client("logs")
    logs.create_log_group(logGroupName="/old/web")
    logs.put_retention_policy(logGroupName="/old/web", retentionInDays=7)
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    role = bench.client("iam").create_role(RoleName="old-execution", AssumeRolePolicyDocument=trust)["Role"][
        "Arn"
    ]
    url = bench.client("ecr").create_repository(repositoryName="old/web")["repository"]["repositoryUri"]
    front, group = (
        ec2.create_security_group(GroupName=name, Description="by hand", VpcId=vpc)["GroupId"]
        for name in ("old-front", "old-tasks")
    )
    pair = {"GroupId": front}
    permission: dict[str, Any] = {
        "IpProtocol": "tcp",
        "FromPort": 5000,
        "ToPort": 5000,
        "UserIdGroupPairs": [pair],
    }
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    balancer = elb.create_load_balancer(Name="old", Subnets=subnets, SecurityGroups=[front])["LoadBalancers"][
        0
    ]
    target = elb.create_target_group(Name="old", Port=5000, Protocol="HTTP", TargetType="ip", VpcId=vpc)
    arn = target["TargetGroups"][0]["TargetGroupArn"]
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Port=80,
        Protocol="HTTP",
        DefaultActions=[
            {
                "Type": "fixed-response",
                "FixedResponseConfig": {"ContentType": "text/plain", "StatusCode": "404"},
            }
        ],
    )["Listeners"][0]["ListenerArn"]
    elb.create_rule(
        ListenerArn=listener,
        Priority=10,
        Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}],
        Actions=[
            {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 100}]}}
        ],
    )
    options = {"awslogs-group": "/old/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}
    ecs.register_task_definition(
        family="old-web",
        cpu="256",
        memory="512",
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        executionRoleArn=role,
        containerDefinitions=[
            {
                "name": "web",
                "image": f"{url}:1",
                "essential": True,
                "portMappings": [{"containerPort": 5000, "protocol": "tcp"}],
                "logConfiguration": {"logDriver": "awslogs", "options": options},
            }
        ],
    )
    ecs.create_service(
        cluster="old",
        serviceName="old-web",
        taskDefinition="old-web",
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": [group]}},
        loadBalancers=[{"targetGroupArn": arn, "containerName": "web", "containerPort": 5000}],
    )
    scaled = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/old/old-web",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling = bench.client("application-autoscaling")
    scaling.register_scalable_target(**scaled, MinCapacity=0, MaxCapacity=6)
    for name, metric, percent in (("old-cpu", "CPU", 60.0), ("old-memory", "Memory", 70.0)):
        scaling.put_scaling_policy(
            **scaled,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": percent,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": f"ECSServiceAverage{metric}Utilization"
                },
            },
        )
    bench.client("cloudwatch").put_metric_alarm(
        AlarmName="pager",
        Namespace="AWS/ECS",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "ClusterName", "Value": "old"}, {"Name": "ServiceName", "Value": "old-web"}],
        Statistic="Average",
        ComparisonOperator="GreaterThanThreshold",
        Threshold=90,
        Period=60,
        EvaluationPeriods=1,
    )


WITH_CLI = [
    pytest.mark.pulumi,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="the pulumi CLI is not on PATH"),
]


# The provider's own settings, which AWS does not keep, and the target group that it says twice.
RECORDED = {
    ("load-balancer", "SecurityGroup"): {"revokeRulesOnDelete"},
    ("web", "SecurityGroup"): {"revokeRulesOnDelete"},
    ("web", "LogGroup"): {"skipDestroy"},
    ("web-execution", "Role"): {"forceDetachPolicies"},
    ("web", "TargetGroup"): {"lambdaMultiValueHeadersEnabled", "proxyProtocolV2"},
    ("web", "ListenerRule"): {"actions"},
    ("web", "Service"): {"waitForSteadyState"},
}


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("engine", [EngineName.BUILT_IN, pytest.param(EngineName.PULUMI, marks=WITH_CLI)])
def test_a_hand_made_service_is_taken_and_the_next_preview_says_what_was_foretold(
    bench: Workbench, engine: EngineName
) -> None:
    name = f"dev-{engine.value}"
    bench.settings(name)
    bench.program(PROGRAM)
    stack = bench.stack(name, engine)
    adoption = stack.adopt(WANTED)
    assert [item.name for item in adoption.missing] == ["later"]
    assert [line for line in adoption.outside if "sgr-" not in line] == [
        "alarm: pager",
        "scaling policy, which goes on scaling the service: old-memory",
    ]
    entries = import_file(adoption.imports)["resources"]
    entry = next(item for item in entries if item["type"] == "aws:ecs/service:Service")
    assert (entry["id"], entry["parent"]) == ("old/old-web", "web shop:index:Service")

    foretold = {
        (item.name, item.type.rpartition(":")[2]): told for item, told in stack.rehearse(adoption).items()
    }
    assert stack.resources() == [], "a rehearsal leaves the state alone"
    scaled = foretold.pop(("web", "Target"))
    assert scaled.lines == ["maxCapacity: is 6, the program says 4 (changes)"]
    assert not scaled.recorded_only
    assert {key: _roots(told.changes) for key, told in foretold.items()} == RECORDED
    assert all(told.recorded_only for told in foretold.values())

    assert stack.import_existing(adoption).ok, bench.events
    bench.events.clear()
    assert stack.preview().ok, bench.events
    changed = {
        (event.name, event.type.rpartition(":")[2]): (event.op, _roots(event.changes))
        for event in bench.events
        if isinstance(event, ResourceEvent) and event.op is not Op.SAME and event.type.startswith("aws:")
    }
    assert changed.pop(("later", "Topic"))[0] is Op.CREATE
    assert changed.pop(("web", "Target")) == (Op.UPDATE, {"maxCapacity"})
    assert changed == {key: (Op.UPDATE, value) for key, value in RECORDED.items()}


def _roots(changes: Sequence[PropertyChange]) -> set[str]:
    return {change.path.partition("[")[0].partition(".")[0] for change in changes}


@pytest.mark.usefixtures("by_hand")
def test_what_is_not_there_or_could_be_several_is_told_with_the_choices(bench: Workbench) -> None:
    bench.settings("dev")
    bench.program(PROGRAM)
    stack = bench.stack("dev")
    with pytest.raises(LocalCloudError, match="has no service 'none'"):
        stack.adopt(Wanted(cluster="old", services={"web": "none"}))
    with pytest.raises(LocalCloudError, match="would create no service 'api'"):
        stack.adopt(Wanted(cluster="old", services={"api": "old-web"}))
    with pytest.raises(LocalCloudError, match="'other'") as refused:
        stack.adopt(Wanted(cluster="old", services={"web": "old-web"}, load_balancer="other"))
    assert "one of: old" in str(refused.value)


@pytest.mark.usefixtures("by_hand")
def test_one_of_two_load_balancers_and_security_groups_is_chosen(bench: Workbench) -> None:
    """A copy of the service that is behind a second load balancer and in a second group."""
    ec2, ecs, elb = bench.client("ec2"), bench.client("ecs"), bench.client("elbv2")
    service = ecs.describe_services(cluster="old", services=["old-web"])["services"][0]
    network = service["networkConfiguration"]
    first = network["awsvpcConfiguration"]["securityGroups"]
    if not ecs.describe_services(cluster="old", services=["twice"])["services"]:
        vpc = ec2.describe_security_groups(GroupIds=first)["SecurityGroups"][0]["VpcId"]
        second = ec2.create_security_group(GroupName="second", Description="by hand", VpcId=vpc)["GroupId"]
        network["awsvpcConfiguration"]["securityGroups"] = [*first, second]
        balancer = elb.create_load_balancer(
            Name="inner", Subnets=network["awsvpcConfiguration"]["subnets"], Scheme="internal"
        )["LoadBalancers"][0]["LoadBalancerArn"]
        group = elb.create_target_group(Name="inner", Port=5000, Protocol="HTTP", TargetType="ip", VpcId=vpc)
        arn = group["TargetGroups"][0]["TargetGroupArn"]
        action = {"Type": "forward", "TargetGroupArn": arn}
        elb.create_listener(LoadBalancerArn=balancer, Port=80, Protocol="HTTP", DefaultActions=[action])
        inner = {"targetGroupArn": arn, "containerName": "web", "containerPort": 5000}
        ecs.create_service(
            cluster="old",
            serviceName="twice",
            taskDefinition="old-web",
            desiredCount=0,
            launchType="FARGATE",
            networkConfiguration=network,
            loadBalancers=[*service["loadBalancers"], inner],
        )
    bench.settings("dev")
    bench.program(PROGRAM)
    stack, services = bench.stack("dev"), {"web": "twice"}
    group, target = "aws:ec2/securityGroup:SecurityGroup::web", "aws:lb/targetGroup:TargetGroup::web"
    with pytest.raises(LocalCloudError, match="behind 2 load balancers") as refused:
        stack.adopt(Wanted(cluster="old", services=services))
    assert "fix: add --load-balancer inner" in str(refused.value)
    with pytest.raises(LocalCloudError, match="more than one object") as refused:
        stack.adopt(Wanted(cluster="old", services=services, load_balancer="old"))
    assert f"add --id {group}=" in str(refused.value)
    assert target not in str(refused.value), "the target group follows from the load balancer"
    chosen = stack.adopt(Wanted(cluster="old", services=services, load_balancer="old", ids={group: first[0]}))
    assert {item.name for item in chosen.found if item.type.endswith(":LoadBalancer")} == {"load-balancer"}
    assert first[0] in chosen.found.values()
    assert any("another load balancer" in line and "/inner/" in line for line in chosen.outside)
