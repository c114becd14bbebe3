"""Outputs of resources and answers of data sources, in the shape AWS gives them."""

import hashlib
from collections.abc import Mapping
from typing import Any

ACCOUNT = "123456789012"
REGION = "us-east-1"
DIGEST = "sha256:" + "5d" * 32

Outputs = dict[str, Any]


def _hex(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def outputs_of(type_: str, name: str, inputs: Mapping[str, Any]) -> tuple[str, Outputs]:
    """Id and outputs of a created resource, on top of its inputs."""
    physical = str(inputs.get("name") or f"{name}-{_hex(name)[:7]}")
    service, kind = type_.split(":")[1].partition("/")[0], type_.rsplit(":", 1)[-1]
    common: Outputs = {"arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}/{physical}", "name": physical}
    return physical, {**common, **_special(type_, physical)}


def _special(type_: str, name: str) -> Outputs:
    match type_:
        case "aws:iam/role:Role":
            return {"arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}
        case "aws:lb/loadBalancer:LoadBalancer":
            return {
                "dnsName": f"{name}-1234567890.{REGION}.elb.amazonaws.com",
                "arnSuffix": f"app/{name}/50dc6c495c0c9188",
                "zoneId": "Z35SXDOTRQ7X7K",
            }
        case "aws:lb/targetGroup:TargetGroup":
            return {"arnSuffix": f"targetgroup/{name}/73e2d6bc24d8a067"}
        case "aws:ecr/repository:Repository":
            return {
                "repositoryUrl": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}",
                "registryId": ACCOUNT,
            }
        case "docker-build:index:Image":
            return {"digest": DIGEST, "ref": f"registry/{name}@{DIGEST}"}
        case "aws:ecs/taskDefinition:TaskDefinition":
            return {"revision": 1}
    return {}


def invoke_answer(token: str, args: Mapping[str, Any]) -> Outputs:
    """What a data source answers.

    Raises:
        AssertionError: No test has thought of this data source.
    """
    assert token in _INVOKES, f"unknown invoke {token} with {dict(args)}"
    answer = _INVOKES[token]
    return dict(answer(args) if callable(answer) else answer)


_INVOKES: dict[str, Any] = {
    "aws:index/getPartition:getPartition": {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"},
    "aws:index/getRegion:getRegion": {"region": REGION, "id": REGION, "name": REGION},
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT, "id": ACCOUNT},
    "aws:ec2/getVpc:getVpc": {"id": "vpc-0d0d0d0d", "cidrBlock": "172.31.0.0/16"},
    "aws:ec2/getSubnets:getSubnets": {"ids": ["subnet-0bbbbbbb", "subnet-0aaaaaaa"]},
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": {"userName": "AWS", "password": "pass-word"},
}
