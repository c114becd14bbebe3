"""Outputs of resources and answers of data sources, in the shape AWS gives them."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
DEFAULT_VPC = "vpc-0d0d0d0d"
CREATED_VPC = "vpc-0a0a0a0a"
DIGEST = "sha256:" + "5d" * 32

Outputs = dict[str, Any]
Inputs = Mapping[str, Any]


def _hex(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def outputs_of(type_: str, name: str, inputs: Inputs) -> tuple[str, Outputs]:
    """Id and outputs of a created resource, on top of its inputs."""
    physical = str(inputs.get("name") or f"{name}-{_hex(name)[:7]}")
    service, kind = type_.split(":")[1].partition("/")[0], type_.rsplit(":", 1)[-1]
    common: Outputs = {"arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{physical}", "name": physical}
    special = _RESOURCES.get(type_)
    return physical, {**common, **(special(physical, inputs) if special else {})}


def _validation_options(inputs: Inputs) -> list[Outputs]:
    names = [inputs["domainName"], *inputs.get("subjectAlternativeNames", [])]
    # In an order of ACM's own, as in life.
    return [
        {
            "domainName": name,
            "resourceRecordName": f"_x.{name.removeprefix('*.')}.",
            "resourceRecordType": "CNAME",
            "resourceRecordValue": "_y.acm-validations.aws.",
        }
        for name in sorted(names, key=_hex)
    ]


def _load_balancer(name: str, _: Inputs) -> Outputs:
    return {
        "dnsName": f"{name}-1234567890.{REGION}.elb.amazonaws.com",
        "arnSuffix": f"app/{name}/50dc6c495c0c9188",
        "zoneId": "Z35SXDOTRQ7X7K",
    }


_RESOURCES: Mapping[str, Callable[[str, Inputs], Outputs]] = {
    "aws:iam/role:Role": lambda name, _: {"arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"},
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:lb/targetGroup:TargetGroup": lambda name, _: {"arnSuffix": f"targetgroup/{name}/73e2d6bc24d8a067"},
    "aws:ecr/repository:Repository": lambda name, _: {
        "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}",
        "registryId": ACCOUNT,
    },
    "aws:ec2/vpcEndpoint:VpcEndpoint": lambda _, inputs: (
        {"prefixListId": "pl-s3"} if inputs["vpcEndpointType"] == "Gateway" else {}
    ),
    "docker-build:index:Image": lambda name, _: {"digest": DIGEST, "ref": f"registry/{name}@{DIGEST}"},
    "aws:ecs/taskDefinition:TaskDefinition": lambda _, __: {"revision": 1},
    "aws:s3/bucket:Bucket": lambda name, _: {"bucket": name, "arn": f"arn:aws:s3:::{name}"},
    "aws:acm/certificate:Certificate": lambda _, inputs: {
        "domainValidationOptions": _validation_options(inputs)
    },
    "aws:route53/record:Record": lambda _, inputs: {"fqdn": inputs["name"]},
    "aws:secretsmanager/secretVersion:SecretVersion": lambda name, inputs: {
        "versionId": f"version-of-{name}",
        "secretArn": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{inputs['secretId']}",
    },
    "awsx:ec2:Vpc": lambda _, __: {
        "vpcId": CREATED_VPC,
        "publicSubnetIds": ["subnet-0a1", "subnet-0a2", "subnet-0a3"],
        "privateSubnetIds": ["subnet-0b1", "subnet-0b2", "subnet-0b3"],
        "isolatedSubnetIds": [],
    },
}


def shared_balancer(vpc_id: str = DEFAULT_VPC, name: str = "shared") -> Outputs:
    """A load balancer of another stack."""
    elb = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
    return {
        "arn": f"{elb}:loadbalancer/app/{name}/50dc6c495c0c9188",
        "arnSuffix": f"app/{name}/50dc6c495c0c9188",
        "name": name,
        "dnsName": f"{name}-1234567890.{REGION}.elb.amazonaws.com",
        "loadBalancerType": "application",
        "securityGroups": ["sg-0bbbbbbb", "sg-0aaaaaaa"],
        "vpcId": vpc_id,
    }


def _listener(args: Inputs) -> Outputs:
    port = int(args.get("port", 443))
    arn = (
        args.get("arn")
        or str(args["loadBalancerArn"]).replace(":loadbalancer/", ":listener/") + f"/{port:016d}"
    )
    return {"arn": arn, "port": port, "protocol": "HTTPS" if port == 443 else "HTTP"}


def _cluster(args: Inputs) -> Outputs:
    name = str(args["clusterName"]).rpartition("/")[2]
    return {"arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{name}", "clusterName": args["clusterName"]}


def invoke_answer(token: str, args: Inputs) -> Outputs:
    """What a data source answers.

    Raises:
        AssertionError: No test has thought of this data source.
    """
    assert token in _INVOKES, f"unknown invoke {token} with {dict(args)}"
    return _INVOKES[token](args)


def _secret(args: Inputs) -> Outputs:
    name = args.get("name") or str(args.get("arn")).rsplit(":", 1)[-1]
    arn = args.get("arn") or f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}-AbCdEf"
    return {"arn": arn, "id": arn, "name": name, "kmsKeyId": ""}


def _parameter(args: Inputs) -> Outputs:
    name = str(args["name"])
    arn = name if name.startswith("arn:") else f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name.strip('/')}"
    return {"arn": arn, "name": name, "version": 3, "type": "SecureString", "value": "encrypted"}


_INVOKES: Mapping[str, Callable[[Inputs], Outputs]] = {
    "aws:index/getPartition:getPartition": lambda _: {"partition": "aws", "dnsSuffix": "amazonaws.com"},
    "aws:index/getRegion:getRegion": lambda _: {"region": REGION, "id": REGION, "name": REGION},
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _: {"accountId": ACCOUNT, "id": ACCOUNT},
    "aws:ec2/getVpc:getVpc": lambda args: {
        "id": args.get("id", DEFAULT_VPC),
        "cidrBlock": "172.31.0.0/16",
    },
    "aws:ec2/getSubnets:getSubnets": lambda _: {"ids": ["subnet-0bbbbbbb", "subnet-0aaaaaaa"]},
    "aws:ec2/getSecurityGroup:getSecurityGroup": lambda _: {"id": "sg-0f0f0f0f0f0f0f0f0"},
    "aws:cloudwatch/getLogGroup:getLogGroup": lambda args: {
        "name": args["name"],
        "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{args['name']}",
    },
    "aws:ecr/getRepository:getRepository": lambda args: {
        "name": args["name"],
        "arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{args['name']}",
        "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{args['name']}",
    },
    "aws:ec2/getRouteTables:getRouteTables": lambda _: {"ids": ["rtb-0a", "rtb-0b"]},
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": lambda _: {
        "userName": "AWS",
        "password": "pass-word",
    },
    "aws:ecr/getImage:getImage": lambda _: {"imageDigest": DIGEST},
    "docker:index/getRegistryImage:getRegistryImage": lambda args: {
        "name": args["name"],
        "sha256Digest": DIGEST,
    },
    "aws:secretsmanager/getSecret:getSecret": _secret,
    "aws:secretsmanager/getSecretVersions:getSecretVersions": lambda _: {
        "versions": [
            {"versionId": "v-old", "versionStages": ["AWSPREVIOUS"]},
            {"versionId": "v-new", "versionStages": ["AWSCURRENT"]},
        ]
    },
    "aws:ssm/getParameter:getParameter": _parameter,
    "aws:lb/getLoadBalancer:getLoadBalancer": lambda _: shared_balancer(),
    "aws:lb/getListener:getListener": _listener,
    "aws:ecs/getCluster:getCluster": _cluster,
    "aws:cloudcontrol/getResource:getResource": lambda args: {
        **args,
        "properties": '{"CapacityProviders": ["FARGATE", "FARGATE_SPOT"]}',
    },
    "aws:lb/getLbs:getLbs": lambda _: {"arns": []},
    "aws:kms/getKey:getKey": lambda _: {"arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/resolved"},
    # Nothing is live: what a test wants to be live it says itself.
    "aws:resourcegroupstaggingapi/getResources:getResources": lambda args: {
        "resourceTagMappingLists": [],
        "tagFilters": args["tagFilters"],
    },
    "aws:route53/getZone:getZone": lambda args: {"zoneId": "Z0ZONE", "name": args["name"]},
}
