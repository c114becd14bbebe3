"""Who and where: caller, region, partition."""

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws
from localcloud.providers.values import Values

# https://docs.aws.amazon.com/general/latest/gr/rande.html
REGION_NAMES = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "ca-central-1": "Canada (Central)",
    "eu-central-1": "Europe (Frankfurt)",
    "eu-central-2": "Europe (Zurich)",
    "eu-north-1": "Europe (Stockholm)",
    "eu-south-1": "Europe (Milan)",
    "eu-west-1": "Europe (Ireland)",
    "eu-west-2": "Europe (London)",
    "eu-west-3": "Europe (Paris)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "sa-east-1": "South America (Sao Paulo)",
}


def region(aws: Aws, arguments: Values) -> Values:
    """`aws.get_region`: the provider's region, or the one asked for."""
    name = str(arguments.get("region") or arguments.get("name") or aws.region)
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": REGION_NAMES.get(name, name),
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


def caller_identity(aws: Aws, arguments: Values) -> Values:  # noqa: ARG001  the signature of every function
    """`aws.get_caller_identity`: the emulated account."""
    found = aws.call("sts", "GetCallerIdentity", {})
    if not found.get("Account"):
        raise LocalCloudError("GetCallerIdentity named no account")
    return {
        "id": found["Account"],
        "accountId": found["Account"],
        "arn": found["Arn"],
        "userId": found["UserId"],
    }


def partition(aws: Aws, arguments: Values) -> Values:  # noqa: ARG001  the signature of every function
    """`aws.get_partition`: the region's partition, as ARNs and service principals spell it."""
    name, suffix, prefix = "aws", "amazonaws.com", "com.amazonaws"
    if aws.region.startswith("cn-"):
        name, suffix, prefix = "aws-cn", "amazonaws.com.cn", "cn.com.amazonaws"
    elif aws.region.startswith("us-gov-"):
        name = "aws-us-gov"
    return {"id": name, "partition": name, "dnsSuffix": suffix, "reverseDnsPrefix": prefix}


FUNCTIONS = {
    "aws:index/getRegion:getRegion": region,
    "aws:index/getCallerIdentity:getCallerIdentity": caller_identity,
    "aws:index/getPartition:getPartition": partition,
}
