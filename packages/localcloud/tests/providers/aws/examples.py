"""One realistic resource of every type, and a change to it: what the program of this project would declare."""

import json
from collections.abc import Mapping

from packages.localcloud.tests.providers.aws.examples_around import AROUND
from packages.localcloud.tests.providers.aws.world import Example, Inputs

ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
CONTAINERS = [
    {
        "name": "app",
        "image": "localhost:4566/app@sha256:" + "0" * 64,
        "portMappings": [{"containerPort": 5000}],
        "environment": [{"name": "GREETING", "value": "hello"}],
    }
]


def policy(effect: str) -> str:
    statement = {"Effect": effect, "Action": ["s3:GetObject"], "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def lifecycle_policy(count: int) -> str:
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": count}
    return json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})


def fixed(status: str) -> list[Inputs]:
    response = {"contentType": "text/plain", "statusCode": status, "messageBody": "no"}
    return [{"type": "fixed-response", "fixedResponse": response}]


def forward(arn: str) -> list[Inputs]:
    return [{"type": "forward", "forward": {"targetGroups": [{"arn": arn, "weight": 1}]}}]


CLUSTER = "aws:ecs/cluster:Cluster"
ROLE = "aws:iam/role:Role"
REPOSITORY = "aws:ecr/repository:Repository"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ROUTES = "aws:ec2/routeTable:RouteTable"
EIP = "aws:ec2/eip:Eip"

EXAMPLES: Mapping[str, Example] = {
    CLUSTER: Example(
        {"settings": [{"name": "containerInsights", "value": "enabled"}], "tags": {"a": "b"}},
        {
            "settings": [{"name": "containerInsights", "value": "disabled"}],
            "tags": {"a": "c", "d": "e"},
        },
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": Example(
        lambda w: {
            "clusterName": w.make(CLUSTER)["name"],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1, "base": 1}],
        },
        {"capacityProviders": ["FARGATE"]},
    ),
    ROLE: Example(
        {"assumeRolePolicy": ASSUME, "description": "one", "tags": {"a": "b"}},
        {"description": "two", "tags": {"c": "d"}},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Example(
        lambda w: {
            "role": w.make(ROLE)["name"],
            "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
        }
    ),
    "aws:iam/rolePolicy:RolePolicy": Example(
        lambda w: {"role": w.make(ROLE)["name"], "policy": policy("Allow")},
        {"policy": policy("Deny")},
    ),
    "aws:iam/policy:Policy": Example(
        {"policy": policy("Allow"), "tags": {"a": "b"}}, {"policy": policy("Deny")}
    ),
    "aws:cloudwatch/logGroup:LogGroup": Example(
        {"retentionInDays": 7, "tags": {"a": "b"}},
        {"retentionInDays": 14, "tags": {"a": "c"}},
    ),
    REPOSITORY: Example(
        {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "AES256"}],
            "forceDelete": True,
            "tags": {"a": "b"},
        },
        {"imageTagMutability": "MUTABLE", "imageScanningConfiguration": {"scanOnPush": False}},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Example(
        lambda w: {"repository": w.make(REPOSITORY)["name"], "policy": lifecycle_policy(5)},
        # Nothing can be changed without replacing it.
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Example(
        lambda w: {"repository": w.make(REPOSITORY)["name"], "policy": ASSUME},
        {"policy": ASSUME.replace("Allow", "Deny")},
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Example(
        lambda w: {"vpcId": w.make(VPC).id, "tags": {"a": "b"}}, {"tags": {"a": "c"}}
    ),
    GROUP: Example(
        lambda w: {
            "vpcId": w.vpc_id,
            "description": "load balancer",
            "ingress": [
                {
                    "protocol": "tcp",
                    "fromPort": 80,
                    "toPort": 80,
                    "cidrBlocks": ["0.0.0.0/0"],
                    "description": "web",
                }
            ],
            "tags": {"Name": "alb"},
        },
        {
            "ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}],
            "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
            "tags": {"Name": "web"},
        },
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Example(
        lambda w: {
            "securityGroupId": w.make(GROUP).id,
            "ipProtocol": "tcp",
            "fromPort": 5000,
            "toPort": 5000,
            "referencedSecurityGroupId": w.make(GROUP, "balancer").id,
            "description": "from the load balancer",
            "tags": {"a": "b"},
        },
        {"fromPort": 5001, "toPort": 5001},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Example(
        lambda w: {"securityGroupId": w.make(GROUP).id, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"},
        {"description": "everywhere"},
    ),
    "aws:ec2/securityGroupRule:SecurityGroupRule": Example(
        lambda w: {
            "securityGroupId": w.make(GROUP).id,
            "type": "ingress",
            "protocol": "tcp",
            "fromPort": 8080,
            "toPort": 8081,
            "cidrBlocks": ["10.0.0.0/8"],
        }
    ),
    BALANCER: Example(
        lambda w: {
            "subnets": w.subnet_ids[:2],
            "securityGroups": [w.make(GROUP).id],
            "internal": False,
            "idleTimeout": 30,
            "dropInvalidHeaderFields": True,
            "tags": {"a": "b"},
        },
        lambda w: {
            "idleTimeout": 61,
            "securityGroups": [w.make(GROUP).id, w.make(GROUP, "second").id],
            "tags": {},
        },
    ),
    TARGETS: Example(
        lambda w: {
            "port": 5000,
            "protocol": "HTTP",
            "targetType": "ip",
            "vpcId": w.vpc_id,
            "deregistrationDelay": 5,
            "healthCheck": {"path": "/healthz", "interval": 5, "timeout": 2, "matcher": "200"},
            "tags": {"a": "b"},
        },
        {
            "deregistrationDelay": 10,
            "healthCheck": {"path": "/", "interval": 6, "timeout": 2, "matcher": "200-299"},
        },
    ),
    LISTENER: Example(
        lambda w: {
            "loadBalancerArn": w.make(BALANCER).id,
            "port": 80,
            "protocol": "HTTP",
            "defaultActions": fixed("404"),
            "tags": {"a": "b"},
        },
        lambda w: {"defaultActions": forward(w.make(TARGETS).id), "routingHttpResponseServerEnabled": False},
    ),
    "aws:lb/listenerRule:ListenerRule": Example(
        lambda w: {
            "listenerArn": w.make(LISTENER).id,
            "priority": 10,
            "actions": forward(w.make(TARGETS).id),
            "conditions": [
                {"pathPattern": {"values": ["/api/*"]}},
                {"httpHeader": {"httpHeaderName": "X-Version", "values": ["1"]}},
            ],
            "tags": {"a": "b"},
        },
        {
            "priority": 11,
            "conditions": [
                {"hostHeader": {"values": ["api.example.org"]}},
                {"queryStrings": [{"key": "a", "value": "b"}]},
            ],
        },
    ),
    TASK: Example(
        lambda w: {
            "family": "app",
            "containerDefinitions": json.dumps(CONTAINERS),
            "cpu": "256",
            "memory": "512",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "executionRoleArn": w.make(ROLE)["arn"],
            "runtimePlatform": {"cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX"},
            "volumes": [{"name": "tmp"}],
            "tags": {"a": "b"},
        },
        {"tags": {"a": "c"}},
    ),
    "aws:ecs/service:Service": Example(
        lambda w: {
            "cluster": w.make(CLUSTER)["arn"],
            "taskDefinition": w.make(TASK)["arn"],
            "desiredCount": 0,
            "launchType": "FARGATE",
            "networkConfiguration": {
                "subnets": w.subnet_ids,
                "securityGroups": [w.make(GROUP).id],
                "assignPublicIp": True,
            },
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "propagateTags": "SERVICE",
            "waitForSteadyState": True,
            "tags": {"a": "b"},
        },
        {"deploymentMaximumPercent": 150, "tags": {"a": "c"}},
    ),
    VPC: Example(
        {"cidrBlock": "10.9.0.0/16", "enableDnsHostnames": True, "tags": {"Name": "one"}},
        {"enableDnsHostnames": False, "tags": {"Name": "two"}},
    ),
    SUBNET: Example(
        lambda w: {
            "vpcId": w.make(VPC).id,
            "cidrBlock": "10.9.1.0/24",
            "availabilityZone": "us-east-1a",
            "mapPublicIpOnLaunch": True,
        },
        {"mapPublicIpOnLaunch": False},
    ),
    GATEWAY: Example(lambda w: {"vpcId": w.make(VPC).id}, {"tags": {"Name": "two"}}),
    ROUTES: Example(
        lambda w: {
            "vpcId": w.make(VPC).id,
            "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": w.make(GATEWAY).id}],
        },
        lambda w: {"routes": [{"cidrBlock": "10.0.0.0/8", "gatewayId": w.make(GATEWAY).id}]},
    ),
    "aws:ec2/route:Route": Example(
        lambda w: {
            "routeTableId": w.make(ROUTES).id,
            "destinationCidrBlock": "192.168.0.0/16",
            "gatewayId": w.make(GATEWAY).id,
        }
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Example(
        lambda w: {"routeTableId": w.make(ROUTES).id, "subnetId": w.make(SUBNET).id}
    ),
    "aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation": Example(
        lambda w: {"routeTableId": w.make(ROUTES).id, "vpcId": w.make(VPC).id}
    ),
    EIP: Example({"domain": "vpc"}, {"tags": {"Name": "two"}}),
    "aws:ec2/natGateway:NatGateway": Example(
        lambda w: {"allocationId": w.make(EIP).id, "subnetId": w.make(SUBNET).id},
        {"tags": {"Name": "two"}},
    ),
    **AROUND,
}
