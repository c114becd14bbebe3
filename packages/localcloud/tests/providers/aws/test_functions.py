"""The functions of the SDK the program calls."""

import json

import pytest

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.functions import FUNCTIONS
from localcloud.providers.aws.sdk import function_schema
from localcloud.providers.values import UNKNOWN
from packages.localcloud.tests.providers.aws.harness import Driver

DOCUMENT = "aws:iam/getPolicyDocument:getPolicyDocument"
VPC = "aws:ec2/getVpc:getVpc"


@pytest.mark.parametrize("token", sorted(FUNCTIONS))
def test_is_a_function_of_the_sdk(token: str) -> None:
    assert function_schema(token).results


def test_finds_the_default_vpc_its_subnets_and_zones(driver: Driver) -> None:
    vpc = driver.invoke(VPC, {"default": True})
    assert vpc["default"] is True
    assert vpc["arn"] == f"arn:aws:ec2:us-east-1:000000000000:vpc/{vpc['id']}"
    assert vpc["mainRouteTableId"].startswith("rtb-")
    filters = [{"name": "vpc-id", "values": [vpc["id"]]}]
    ids = driver.invoke("aws:ec2/getSubnets:getSubnets", {"filters": filters})["ids"]
    subnets = [driver.invoke("aws:ec2/getSubnet:getSubnet", {"id": subnet}) for subnet in ids]
    zones = driver.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})
    assert {subnet["vpcId"] for subnet in subnets} == {vpc["id"]}
    assert {subnet["availabilityZone"] for subnet in subnets} <= set(zones["names"])


def test_says_who_and_where(driver: Driver) -> None:
    assert driver.invoke("aws:index/getRegion:getRegion")["region"] == "us-east-1"
    assert driver.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "000000000000"
    assert driver.invoke("aws:index/getPartition:getPartition")["dnsSuffix"] == "amazonaws.com"


def test_gives_credentials_for_the_local_registry(driver: Driver) -> None:
    token = driver.invoke("aws:ecr/getAuthorizationToken:getAuthorizationToken")
    assert token["userName"] == "AWS"
    assert token["password"]
    assert token["proxyEndpoint"].startswith("http://localhost:")


def test_spells_policy_documents_as_terraform_does(offline: Driver) -> None:
    statement = {
        "sid": "Pull",
        "actions": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "resources": ["*"],
        "principals": [{"type": "Service", "identifiers": ["ecs-tasks.amazonaws.com"]}],
        "conditions": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["000000000000"]}],
    }
    found = offline.invoke(DOCUMENT, {"statements": [statement]})
    document = json.loads(found["json"])
    assert json.loads(found["minifiedJson"]) == document
    assert document == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Pull",
                "Effect": "Allow",
                "Action": ["ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"],
                "Resource": "*",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}},
            }
        ],
    }


def test_later_documents_override_statements_by_id(offline: Driver) -> None:
    base = offline.invoke(DOCUMENT, {"statements": [{"sid": "A", "actions": ["s3:*"], "resources": ["*"]}]})
    own = [{"sid": "A", "effect": "Deny", "actions": ["s3:*"], "resources": ["*"]}]
    found = offline.invoke(DOCUMENT, {"sourcePolicyDocuments": [base["json"]], "statements": own})
    assert [item["Effect"] for item in json.loads(found["json"])["Statement"]] == ["Deny"]


def test_is_unknown_as_long_as_an_argument_is(offline: Driver) -> None:
    assert offline.invoke(VPC, {"id": UNKNOWN})["cidrBlock"] is UNKNOWN


def test_says_what_did_not_match(driver: Driver) -> None:
    with pytest.raises(LocalCloudError, match="no VPC matches id='vpc-missing'"):
        driver.invoke(VPC, {"id": "vpc-missing"})
    with pytest.raises(LocalCloudError, match="3 subnets match"):
        driver.invoke("aws:ec2/getSubnet:getSubnet", {})


def test_refuses_unknown_arguments_and_functions(offline: Driver) -> None:
    with pytest.raises(AssertionError, match="did you mean 'cidrBlock'"):
        offline.invoke(VPC, {"cidrBlok": "10.0.0.0/16"})
    with pytest.raises(LocalCloudError, match="does not know the function 'aws:ec2/getMoon:getMoon'"):
        offline.invoke("aws:ec2/getMoon:getMoon")
