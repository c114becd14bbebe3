"""Look-ups of load balancers."""

from collections.abc import Mapping

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws, AwsCallError
from localcloud.providers.aws.functions.lookup import Function
from localcloud.providers.values import Values

TAGS_AT_ONCE = 20
"""Resources whose tags one DescribeTags names (Elastic Load Balancing API Reference)."""


def balancers(aws: Aws, arguments: Values) -> Values:
    """`aws.lb.get_lbs`: ARNs of the load balancers that carry these tags; none is an empty list."""
    arns = sorted(aws.pages("elbv2", "DescribeLoadBalancers", {}, "LoadBalancers[].LoadBalancerArn"))
    wanted = (arguments.get("tags") or {}).items()
    kept = [arn for arn, tags in _tags(aws, arns).items() if wanted <= tags.items()]
    return {**arguments, "id": aws.region, "arns": kept, "region": aws.region}


def balancer(aws: Aws, arguments: Values) -> Values:
    """`aws.lb.get_load_balancer`: one by ARN, name or tags.

    Raises:
        LocalCloudError: there is none, or several are.
    """
    request = {
        member: [arguments[name]]
        for name, member in (("arn", "LoadBalancerArns"), ("name", "Names"))
        if arguments.get(name)
    }
    try:
        found = aws.pages("elbv2", "DescribeLoadBalancers", request, "LoadBalancers[]")
    except AwsCallError as error:
        if not error.not_found:
            raise
        found = []
    tags = _tags(aws, [str(one["LoadBalancerArn"]) for one in found])
    wanted = (arguments.get("tags") or {}).items()
    kept = [one for one in found if wanted <= tags[one["LoadBalancerArn"]].items()]
    if len(kept) != 1:
        # As the real provider says it.
        raise LocalCloudError(f"Search returned {len(kept)} results, please revise so only one is returned")
    [one] = kept
    arn = str(one["LoadBalancerArn"])
    return {
        **arguments,
        "id": arn,
        "arn": arn,
        "arnSuffix": arn.partition(":loadbalancer/")[2],
        "name": one["LoadBalancerName"],
        # As the resource has it: a name that this machine resolves.
        "dnsName": f"{one['LoadBalancerName']}.alb.localhost:{aws.settings.port}",
        "zoneId": one.get("CanonicalHostedZoneId"),
        "internal": one.get("Scheme") == "internal",
        "loadBalancerType": one.get("Type"),
        "ipAddressType": one.get("IpAddressType"),
        "vpcId": one.get("VpcId"),
        "securityGroups": sorted(one.get("SecurityGroups") or []),
        "subnets": sorted(zone["SubnetId"] for zone in one.get("AvailabilityZones") or []),
        "tags": tags[arn],
        "region": aws.region,
    }


def _tags(aws: Aws, arns: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {arn: {} for arn in arns}
    for first in range(0, len(arns), TAGS_AT_ONCE):
        request = {"ResourceArns": arns[first : first + TAGS_AT_ONCE]}
        for item in aws.call("elbv2", "DescribeTags", request).get("TagDescriptions", []):
            found[item["ResourceArn"]] = {tag["Key"]: tag["Value"] for tag in item.get("Tags", [])}
    return found


FUNCTIONS: Mapping[str, Function] = {
    "aws:lb/getLbs:getLbs": balancers,
    "aws:lb/getLoadBalancer:getLoadBalancer": balancer,
}
