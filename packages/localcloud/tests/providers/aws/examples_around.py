"""Examples of the types around the service: scaling, alarms, secrets, discovery, storage, capacity."""

import base64
import json
from collections.abc import Mapping

from packages.localcloud.tests.providers.aws.world import Example, Inputs, World

CLUSTER = "aws:ecs/cluster:Cluster"
SERVICE = "aws:ecs/service:Service"
ROLE = "aws:iam/role:Role"
VPC = "aws:ec2/vpc:Vpc"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
TARGET = "aws:appautoscaling/target:Target"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
RULE = "aws:cloudwatch/eventRule:EventRule"
TOPIC = "aws:sns/topic:Topic"
NAMESPACE = "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace"
SECRET = "aws:secretsmanager/secret:Secret"
KEY = "aws:kms/key:Key"
BUCKET = "aws:s3/bucket:Bucket"
ACL = "aws:wafv2/webAcl:WebAcl"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SCALING_GROUP = "aws:autoscaling/group:Group"
APPLICATION = "aws:codedeploy/application:Application"
CERTIFICATE = "aws:acm/certificate:Certificate"


def scaled(world: World) -> Inputs:
    cluster, service = world.make(CLUSTER)["name"], world.make(SERVICE)["name"]
    return {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": f"service/{cluster}/{service}",
    }


def registered(world: World) -> Inputs:
    world.make(TARGET)
    return scaled(world)


def tracking(value: float) -> Inputs:
    metric = {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}
    return {"targetValue": value, "predefinedMetricSpecification": metric, "scaleInCooldown": 60}


def allow(action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": resource}]})


def dashboard(title: str) -> str:
    metrics = [["AWS/ECS", "CPUUtilization", "ClusterName", "main"]]
    properties = {"metrics": metrics, "title": title, "region": "us-east-1", "period": 60, "stat": "Average"}
    return json.dumps({"widgets": [{"type": "metric", "width": 12, "height": 6, "properties": properties}]})


def visibility(name: str) -> Inputs:
    return {"cloudwatchMetricsEnabled": True, "metricName": name, "sampledRequestsEnabled": True}


def rate_limit(limit: int) -> Inputs:
    return {
        "name": "rate",
        "priority": 2,
        "action": {"block": {}},
        "statement": {"rateBasedStatement": {"limit": limit, "aggregateKeyType": "IP"}},
        "visibilityConfig": visibility("rate"),
    }


COMMON_RULES: Inputs = {
    "name": "common",
    "priority": 1,
    "overrideAction": {"none": {}},
    "statement": {"managedRuleGroupStatement": {"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet"}},
    "visibilityConfig": visibility("common"),
}


def record_zone(world: World) -> str:
    """A hosted zone, which the program only ever looks up."""
    from localcloud.providers.aws.provider import AwsProvider

    provider = world.driver.provider
    assert isinstance(provider, AwsProvider)
    listed = provider.aws.call("route53", "ListHostedZones", {})["HostedZones"]
    found = [zone for zone in listed if zone["Name"] == "example.org."]
    if not found:
        request = {"Name": "example.org", "CallerReference": "tests"}
        found = [provider.aws.call("route53", "CreateHostedZone", request)["HostedZone"]]
    return str(found[0]["Id"]).rpartition("/")[2]


AROUND: Mapping[str, Example] = {
    TARGET: Example(
        lambda w: {**scaled(w), "minCapacity": 1, "maxCapacity": 4, "tags": {"a": "b"}},
        {"maxCapacity": 6},
    ),
    "aws:appautoscaling/policy:Policy": Example(
        lambda w: {
            **registered(w),
            "policyType": "TargetTrackingScaling",
            "targetTrackingScalingPolicyConfiguration": tracking(60.0),
        },
        {"targetTrackingScalingPolicyConfiguration": tracking(70.0)},
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Example(
        lambda w: {
            **registered(w),
            "schedule": "cron(0 8 * * ? *)",
            "timezone": "Europe/Berlin",
            "scalableTargetAction": {"minCapacity": 2, "maxCapacity": 4},
        },
        {"schedule": "cron(0 9 * * ? *)"},
    ),
    ALARM: Example(
        lambda w: {
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 3,
            "metricName": "CPUUtilization",
            "namespace": "AWS/ECS",
            "period": 60,
            "statistic": "Average",
            "threshold": 80,
            "dimensions": {"ClusterName": "main", "ServiceName": "web"},
            "alarmActions": [w.make(TOPIC)["arn"]],
            "tags": {"a": "b"},
        },
        {"threshold": 90.5, "tags": {"a": "c"}},
    ),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": Example(
        lambda w: {
            "alarmName": "either",
            "alarmRule": f'ALARM("{w.make(ALARM)["name"]}") OR ALARM("{w.make(ALARM, "second")["name"]}")',
            "alarmDescription": "one",
        },
        {"alarmDescription": "two"},
    ),
    "aws:cloudwatch/dashboard:Dashboard": Example(
        {"dashboardName": "on-call", "dashboardBody": dashboard("CPU")}, {"dashboardBody": dashboard("Load")}
    ),
    RULE: Example(
        {
            "description": "failed deployments",
            "eventPattern": json.dumps(
                {"source": ["aws.ecs"], "detail-type": ["ECS Deployment State Change"]}
            ),
            "tags": {"a": "b"},
        },
        {"description": "deployments that failed"},
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Example(
        lambda w: {
            "rule": w.make(RULE)["name"],
            "arn": w.make(TOPIC)["arn"],
            "inputTransformer": {"inputPaths": {"reason": "$.detail.reason"}, "inputTemplate": '"<reason>"'},
        },
        {"inputTransformer": {"inputPaths": {"why": "$.detail.reason"}, "inputTemplate": '"<why>"'}},
    ),
    TOPIC: Example({"displayName": "alarms", "tags": {"a": "b"}}, {"displayName": "on call"}),
    "aws:sns/topicPolicy:TopicPolicy": Example(
        lambda w: {"arn": w.make(TOPIC)["arn"], "policy": allow("sns:Publish", w.make(TOPIC)["arn"])},
        lambda w: {"policy": allow("sns:*", w.make(TOPIC)["arn"])},
    ),
    "aws:sns/topicSubscription:TopicSubscription": Example(
        lambda w: {
            "topic": w.make(TOPIC)["arn"],
            "protocol": "https",
            "endpoint": "https://events.example.com/sns",
        },
        {"rawMessageDelivery": True},
    ),
    NAMESPACE: Example(
        lambda w: {"name": "main.internal", "vpc": w.vpc_id, "description": "one", "tags": {"a": "b"}},
        {"tags": {"a": "c"}},
    ),
    "aws:servicediscovery/httpNamespace:HttpNamespace": Example(
        {"name": "connect", "description": "one"}, {"tags": {"a": "c"}}
    ),
    "aws:servicediscovery/service:Service": Example(
        lambda w: {
            "name": "web",
            "dnsConfig": {
                "namespaceId": w.make(NAMESPACE).id,
                "dnsRecords": [{"ttl": 10, "type": "A"}],
                "routingPolicy": "MULTIVALUE",
            },
            "healthCheckCustomConfig": {"failureThreshold": 1},
            "description": "one",
        },
        {"description": "two"},
    ),
    SECRET: Example(
        {"description": "one", "recoveryWindowInDays": 0, "tags": {"a": "b"}},
        {"description": "two", "tags": {"a": "c"}},
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Example(
        lambda w: {"secretId": w.make(SECRET).id, "secretString": '{"password": "made up"}'}
    ),
    "aws:ssm/parameter:Parameter": Example(
        {"type": "SecureString", "value": "made up", "description": "one", "tags": {"a": "b"}},
        {"value": "made up too", "description": "two", "tags": {"a": "c"}},
    ),
    KEY: Example(
        {"description": "one", "enableKeyRotation": True, "deletionWindowInDays": 7, "tags": {"a": "b"}},
        {"description": "two", "tags": {"a": "c"}},
    ),
    "aws:kms/alias:Alias": Example(
        lambda w: {"targetKeyId": w.make(KEY).id}, lambda w: {"targetKeyId": w.make(KEY, "second").id}
    ),
    CERTIFICATE: Example(
        {"domainName": "www.example.org", "validationMethod": "DNS", "tags": {"a": "b"}}, {"tags": {"a": "c"}}
    ),
    "aws:acm/certificateValidation:CertificateValidation": Example(
        lambda w: {"certificateArn": w.make(CERTIFICATE)["arn"]}
    ),
    "aws:route53/record:Record": Example(
        lambda w: {"zoneId": record_zone(w), "name": "www", "type": "A", "ttl": 60, "records": ["192.0.2.1"]},
        {"records": ["192.0.2.2", "192.0.2.3"]},
    ),
    BUCKET: Example({"forceDestroy": True, "tags": {"a": "b"}}, {"tags": {"a": "c"}}),
    "aws:s3/bucketPolicy:BucketPolicy": Example(
        lambda w: {
            "bucket": w.make(BUCKET).id,
            "policy": allow("s3:PutObject", f"{w.make(BUCKET)['arn']}/*"),
        },
        lambda w: {"policy": allow("s3:GetObject", f"{w.make(BUCKET)['arn']}/*")},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Example(
        lambda w: {"bucket": w.make(BUCKET).id, "blockPublicAcls": True, "blockPublicPolicy": True},
        {"ignorePublicAcls": True, "restrictPublicBuckets": True},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Example(
        lambda w: {"bucket": w.make(BUCKET).id, "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Example(
        lambda w: {
            "bucket": w.make(BUCKET).id,
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
        },
        {
            "rules": [
                {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}, "bucketKeyEnabled": True}
            ]
        },
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Example(
        lambda w: {"bucket": w.make(BUCKET).id, "versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Example(
        lambda w: {
            "bucket": w.make(BUCKET).id,
            "rules": [
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": "logs/"},
                    "expiration": {"days": 30},
                }
            ],
        },
        {
            "rules": [
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": "logs/"},
                    "expiration": {"days": 60},
                }
            ]
        },
    ),
    ACL: Example(
        {
            "scope": "REGIONAL",
            "defaultAction": {"allow": {}},
            "rules": [COMMON_RULES, rate_limit(2000)],
            "visibilityConfig": visibility("web"),
            "tags": {"a": "b"},
        },
        {"rules": [COMMON_RULES, rate_limit(1000)]},
    ),
    "aws:wafv2/webAclAssociation:WebAclAssociation": Example(
        lambda w: {"resourceArn": w.make(BALANCER).id, "webAclArn": w.make(ACL)["arn"]}
    ),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": Example(
        lambda w: {"resourceArn": w.make(ACL)["arn"], "logDestinationConfigs": [w.make(LOGS)["arn"]]},
        lambda w: {"logDestinationConfigs": [w.make(LOGS, "second")["arn"]]},
    ),
    TEMPLATE: Example(
        {
            "imageId": "ami-0123456789abcdef0",
            "instanceType": "t3.medium",
            "metadataOptions": {"httpTokens": "required", "httpPutResponseHopLimit": 1},
            "blockDeviceMappings": [
                {
                    "deviceName": "/dev/xvda",
                    "ebs": {"volumeSize": 30, "volumeType": "gp3", "encrypted": "true"},
                }
            ],
            "userData": base64.b64encode(
                b"#!/bin/sh\necho ECS_CLUSTER=main >> /etc/ecs/ecs.config\n"
            ).decode(),
            "updateDefaultVersion": True,
            "tags": {"a": "b"},
        },
        {"instanceType": "t3.large"},
    ),
    SCALING_GROUP: Example(
        lambda w: {
            "minSize": 0,
            "maxSize": 2,
            "vpcZoneIdentifiers": w.subnet_ids,
            "launchTemplate": {"id": w.make(TEMPLATE).id, "version": "$Latest"},
            "tags": [{"key": "AmazonECSManaged", "value": "", "propagateAtLaunch": True}],
        },
        {"maxSize": 3, "tags": [{"key": "Name", "value": "ecs", "propagateAtLaunch": True}]},
    ),
    "aws:ecs/capacityProvider:CapacityProvider": Example(
        lambda w: {
            "autoScalingGroupProvider": {
                "autoScalingGroupArn": w.make(SCALING_GROUP)["arn"],
                "managedDraining": "ENABLED",
                "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
            },
            "tags": {"a": "b"},
        },
        lambda w: {
            "autoScalingGroupProvider": {
                "autoScalingGroupArn": w.make(SCALING_GROUP)["arn"],
                "managedDraining": "ENABLED",
                "managedScaling": {"status": "ENABLED", "targetCapacity": 90},
            }
        },
    ),
    "aws:iam/instanceProfile:InstanceProfile": Example(
        lambda w: {"role": w.make(ROLE)["name"], "tags": {"a": "b"}},
        lambda w: {"role": w.make(ROLE, "second")["name"], "tags": {"a": "c"}},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Example(
        lambda w: {
            "vpcId": w.vpc_id,
            "serviceName": "com.amazonaws.us-east-1.ecr.api",
            "vpcEndpointType": "Interface",
            "subnetIds": w.subnet_ids[:1],
            "securityGroupIds": [w.make(GROUP).id],
            "privateDnsEnabled": True,
            "tags": {"a": "b"},
        },
        lambda w: {"subnetIds": w.subnet_ids[:2], "tags": {"a": "c"}},
    ),
    "aws:ec2/flowLog:FlowLog": Example(
        lambda w: {
            "vpcId": w.vpc_id,
            "trafficType": "ALL",
            "logDestination": w.make(LOGS)["arn"],
            "iamRoleArn": w.make(ROLE)["arn"],
        },
        {"tags": {"a": "c"}},
    ),
    APPLICATION: Example({"computePlatform": "ECS", "tags": {"a": "b"}}, {"tags": {"a": "c"}}),
    "aws:codedeploy/deploymentGroup:DeploymentGroup": Example(
        lambda w: {
            "appName": w.make(APPLICATION)["name"],
            "deploymentGroupName": "web",
            "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
            "serviceRoleArn": w.make(ROLE)["arn"],
            "deploymentStyle": {"deploymentOption": "WITH_TRAFFIC_CONTROL", "deploymentType": "BLUE_GREEN"},
            "ecsService": {"clusterName": w.make(CLUSTER)["name"], "serviceName": w.make(SERVICE)["name"]},
            "autoRollbackConfiguration": {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
            "alarmConfiguration": {"enabled": True, "alarms": ["web-5xx"]},
            "blueGreenDeploymentConfig": {
                "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"},
                "terminateBlueInstancesOnDeploymentSuccess": {
                    "action": "TERMINATE",
                    "terminationWaitTimeInMinutes": 5,
                },
            },
            "loadBalancerInfo": {
                "targetGroupPairInfo": {
                    "prodTrafficRoute": {"listenerArns": ["arn:listener"]},
                    "targetGroups": [{"name": "blue"}, {"name": "green"}],
                }
            },
        },
        {"autoRollbackConfiguration": {"enabled": False}},
    ),
}
