"""Amazon VPC: networks, subnets, internet gateways."""

from collections.abc import Callable, Mapping

import jmespath

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.services import ec2_tags
from localcloud.providers.aws.tagging import CREATED_AS
from localcloud.providers.values import Values


def ec2_arn(kind: str) -> Callable[[Context, Values, Values], str]:
    """Output rule: the ARN of an EC2 object, which EC2 itself rarely returns."""

    def rule(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  the signature of every output rule
        return f"arn:aws:ec2:{context.region}:{context.aws.account_id}:{kind}/{state['id']}"

    return rule


def by_fingerprint(operation: str, result: str) -> Callable[[Context, Values], str | None]:
    """Find rule: the object that carries the tag of exactly this resource."""

    def find(context: Context, inputs: Values) -> str | None:  # noqa: ARG001  the signature of every find rule
        filters = [{"Name": f"tag:{CREATED_AS}", "Values": [context.fingerprint]}]
        name = "Filter" if operation in ("DescribeNatGateways", "DescribeFlowLogs") else "Filters"
        found = jmespath.search(result, context.call(operation, {name: filters}))
        return str(found) if found else None

    return find


def attribute_calls(operation: str, member: str, names: Mapping[str, str]) -> Step:
    """Update step for EC2's `Modify…Attribute` calls, which take one attribute each.

    Args:
        operation: botocore operation.
        member: Its request member with the object's id.
        names: Property → request member, whose value EC2 wraps in a structure when it is a boolean.
    """

    def run(context: Context, wanted: Values, previous: Values) -> None:
        for name, target in names.items():
            value = wanted.get(name)
            if value is None or (previous and previous.get(name) == value):
                continue
            wire = {"Value": value} if isinstance(value, bool) else value
            context.call(operation, {member: wanted["id"], target: wire})

    return Step(run=run, properties=frozenset(names))


def _vpc(context: Context, state: Values) -> Values | None:
    found = context.find_call("DescribeVpcs", {"VpcIds": [state["id"]]}).get("Vpcs")
    if not found:
        return None
    attributes: Values = {}
    for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
        member = name[0].upper() + name[1:]
        answer = context.find_call("DescribeVpcAttribute", {"VpcId": state["id"], "Attribute": name})
        attributes[member] = (answer.get(member) or {}).get("Value")
    return {**found[0], **attributes, **_vpc_parts(context, state["id"])}


def _vpc_parts(context: Context, vpc_id: str) -> Values:
    """What EC2 makes with every VPC: main route table, default security group, default network ACL."""
    in_vpc = [{"Name": "vpc-id", "Values": [vpc_id]}]
    tables = context.call("DescribeRouteTables", {"Filters": in_vpc}).get("RouteTables", [])
    main = [table for table in tables if any(item.get("Main") for item in table.get("Associations", []))]
    groups = context.call("DescribeSecurityGroups", {"Filters": in_vpc}).get("SecurityGroups", [])
    default = [group for group in groups if group["GroupName"] == "default"]
    acls = context.call("DescribeNetworkAcls", {"Filters": in_vpc}).get("NetworkAcls", [])
    main_id = main[0]["RouteTableId"] if main else None
    return {
        "MainRouteTableId": main_id,
        "DefaultRouteTableId": main_id,
        "DefaultSecurityGroupId": default[0]["GroupId"] if default else None,
        "DefaultNetworkAclId": next((acl["NetworkAclId"] for acl in acls if acl.get("IsDefault")), None),
    }


VPC = ResourceType(
    type="aws:ec2/vpc:Vpc",
    service="ec2",
    create=Operation(name="CreateVpc"),
    read=_vpc,
    update=(
        attribute_calls(
            "ModifyVpcAttribute",
            "VpcId",
            {
                "enableDnsSupport": "EnableDnsSupport",
                "enableDnsHostnames": "EnableDnsHostnames",
                "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
            },
        ),
    ),
    delete=(Operation(name="DeleteVpc", keys=lambda state: {"VpcId": state["id"]}),),
    id="Vpc.VpcId",
    members={"assignGeneratedIpv6CidrBlock": "AmazonProvidedIpv6CidrBlock"},
    defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    computed=frozenset(
        {
            "cidrBlock",
            "enableDnsHostnames",
            "enableNetworkAddressUsageMetrics",
            "ipv6CidrBlock",
            "ipv6CidrBlockNetworkBorderGroup",
        }
    ),
    unread=frozenset({"enableDnsHostnames", "enableNetworkAddressUsageMetrics"}),
    replace=frozenset(
        {
            "assignGeneratedIpv6CidrBlock",
            "cidrBlock",
            "instanceTenancy",
            "ipv4IpamPoolId",
            "ipv4NetmaskLength",
            "ipv6CidrBlock",
            "ipv6CidrBlockNetworkBorderGroup",
            "ipv6IpamPoolId",
            "ipv6NetmaskLength",
        }
    ),
    outputs={"arn": ec2_arn("vpc")},
    tags=ec2_tags("vpc"),
    find=by_fingerprint("DescribeVpcs", "Vpcs[0].VpcId"),
)

SUBNET = ResourceType(
    type="aws:ec2/subnet:Subnet",
    service="ec2",
    create=Operation(name="CreateSubnet"),
    read=Read(name="DescribeSubnets", keys=lambda state: {"SubnetIds": [state["id"]]}, result="Subnets[0]"),
    update=(
        attribute_calls(
            "ModifySubnetAttribute",
            "SubnetId",
            {
                "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
                "customerOwnedIpv4Pool": "CustomerOwnedIpv4Pool",
                "enableDns64": "EnableDns64",
                "enableLniAtDeviceIndex": "EnableLniAtDeviceIndex",
                "enableResourceNameDnsARecordOnLaunch": "EnableResourceNameDnsARecordOnLaunch",
                "enableResourceNameDnsAaaaRecordOnLaunch": "EnableResourceNameDnsAAAARecordOnLaunch",
                "mapCustomerOwnedIpOnLaunch": "MapCustomerOwnedIpOnLaunch",
                "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
                "privateDnsHostnameTypeOnLaunch": "PrivateDnsHostnameTypeOnLaunch",
            },
        ),
    ),
    delete=(Operation(name="DeleteSubnet", keys=lambda state: {"SubnetId": state["id"]}),),
    id="Subnet.SubnetId",
    members={
        "privateDnsHostnameTypeOnLaunch": "PrivateDnsNameOptionsOnLaunch.HostnameType",
        "enableResourceNameDnsARecordOnLaunch": "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord",
        "enableResourceNameDnsAaaaRecordOnLaunch": "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord",
        "arn": "SubnetArn",
    },
    defaults={
        "assignIpv6AddressOnCreation": False,
        "enableDns64": False,
        "enableResourceNameDnsARecordOnLaunch": False,
        "enableResourceNameDnsAaaaRecordOnLaunch": False,
        "ipv6Native": False,
        "mapPublicIpOnLaunch": False,
    },
    computed=frozenset(
        {
            "availabilityZone",
            "availabilityZoneId",
            "cidrBlock",
            "ipv6CidrBlock",
            "privateDnsHostnameTypeOnLaunch",
        }
    ),
    replace=frozenset(
        {
            "availabilityZone",
            "availabilityZoneId",
            "cidrBlock",
            "ipv4IpamPoolId",
            "ipv4NetmaskLength",
            "ipv6CidrBlock",
            "ipv6IpamPoolId",
            "ipv6Native",
            "ipv6NetmaskLength",
            "outpostArn",
            "vpcId",
        }
    ),
    outputs={"arn": ec2_arn("subnet")},
    tags=ec2_tags("subnet"),
    find=by_fingerprint("DescribeSubnets", "Subnets[0].SubnetId"),
)


def _attach(context: Context, wanted: Values, previous: Values) -> None:
    now, before = wanted.get("vpcId"), previous.get("vpcId")
    if before and before != now:
        context.find_call("DetachInternetGateway", {"InternetGatewayId": wanted["id"], "VpcId": before})
    if now and now != before:
        context.call("AttachInternetGateway", {"InternetGatewayId": wanted["id"], "VpcId": now})


def _detach(context: Context, state: Values) -> None:
    if state.get("vpcId"):
        context.find_call(
            "DetachInternetGateway", {"InternetGatewayId": state["id"], "VpcId": state["vpcId"]}
        )


INTERNET_GATEWAY = ResourceType(
    type="aws:ec2/internetGateway:InternetGateway",
    service="ec2",
    create=Operation(name="CreateInternetGateway"),
    read=Read(
        name="DescribeInternetGateways",
        keys=lambda state: {"InternetGatewayIds": [state["id"]]},
        result="InternetGateways[0]",
    ),
    update=(Step(run=_attach, properties=frozenset({"vpcId"})),),
    before_delete=_detach,
    delete=(Operation(name="DeleteInternetGateway", keys=lambda state: {"InternetGatewayId": state["id"]}),),
    id="InternetGateway.InternetGatewayId",
    members={"vpcId": "Attachments.VpcId"},
    computed=frozenset({"vpcId"}),
    outputs={"arn": ec2_arn("internet-gateway")},
    tags=ec2_tags("internet-gateway"),
    find=by_fingerprint("DescribeInternetGateways", "InternetGateways[0].InternetGatewayId"),
)


TYPES = (
    VPC,
    SUBNET,
    INTERNET_GATEWAY,
)
