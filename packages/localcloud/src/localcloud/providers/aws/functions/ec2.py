"""Amazon EC2 and VPC look-ups."""

import re
from collections.abc import Mapping
from typing import Any

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.clients import Aws
from localcloud.providers.aws.functions.lookup import Function, Lookup, ec2_filters
from localcloud.providers.aws.table.services import ec2_tags
from localcloud.providers.values import Values


def _arn(kind: str) -> Any:
    return lambda aws, result, wire: f"arn:aws:ec2:{aws.region}:{aws.account_id}:{kind}/{result['id']}"  # noqa: ARG005  output rule


def _ids(argument: str, member: str) -> Any:
    return lambda arguments: {member: [arguments[argument]]} if arguments.get(argument) else {}


def _main_route_table(aws: Aws, result: Values, wire: Values) -> str | None:  # noqa: ARG001  output rule
    filters = [{"Name": "vpc-id", "Values": [result["id"]]}, {"Name": "association.main", "Values": ["true"]}]
    tables = aws.call("ec2", "DescribeRouteTables", {"Filters": filters}).get("RouteTables", [])
    main = [table for table in tables if any(item.get("Main") for item in table.get("Associations", []))]
    return main[0]["RouteTableId"] if main else None


def _vpc_attribute(name: str) -> Any:
    def rule(aws: Aws, result: Values, wire: Values) -> bool | None:  # noqa: ARG001  output rule
        member = name[0].upper() + name[1:]
        answer = aws.call("ec2", "DescribeVpcAttribute", {"VpcId": result["id"], "Attribute": name})
        found: bool | None = answer.get(member, {}).get("Value")
        return found

    return rule


GET_VPC = Lookup(
    function="aws:ec2/getVpc:getVpc",
    service="ec2",
    operation="DescribeVpcs",
    result="Vpcs",
    noun="VPC",
    id="VpcId",
    request=_ids("id", "VpcIds"),
    filters={
        "cidrBlock": "cidr",
        "default": "is-default",
        "dhcpOptionsId": "dhcp-options-id",
        "state": "state",
    },
    members={"default": "IsDefault", "cidrBlockAssociations": "CidrBlockAssociationSet"},
    outputs={
        "arn": _arn("vpc"),
        "mainRouteTableId": _main_route_table,
        "enableDnsSupport": _vpc_attribute("enableDnsSupport"),
        "enableDnsHostnames": _vpc_attribute("enableDnsHostnames"),
    },
    tags=ec2_tags("vpc"),
)

GET_SUBNET = Lookup(
    function="aws:ec2/getSubnet:getSubnet",
    service="ec2",
    operation="DescribeSubnets",
    result="Subnets",
    noun="subnet",
    id="SubnetId",
    request=_ids("id", "SubnetIds"),
    filters={
        "availabilityZone": "availability-zone",
        "availabilityZoneId": "availability-zone-id",
        "cidrBlock": "cidr-block",
        "defaultForAz": "default-for-az",
        "state": "state",
        "vpcId": "vpc-id",
    },
    members={
        "privateDnsHostnameTypeOnLaunch": "PrivateDnsNameOptionsOnLaunch.HostnameType",
        "enableResourceNameDnsARecordOnLaunch": "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord",
        "enableResourceNameDnsAaaaRecordOnLaunch": "PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord",
    },
    outputs={"arn": _arn("subnet")},
    tags=ec2_tags("subnet"),
)

GET_SECURITY_GROUP = Lookup(
    function="aws:ec2/getSecurityGroup:getSecurityGroup",
    service="ec2",
    operation="DescribeSecurityGroups",
    result="SecurityGroups",
    noun="security group",
    id="GroupId",
    request=_ids("id", "GroupIds"),
    filters={"name": "group-name", "vpcId": "vpc-id"},
    members={"name": "GroupName"},
    outputs={"arn": _arn("security-group")},
    tags=ec2_tags("security-group"),
)

GET_ROUTE_TABLE = Lookup(
    function="aws:ec2/getRouteTable:getRouteTable",
    service="ec2",
    operation="DescribeRouteTables",
    result="RouteTables",
    noun="route table",
    id="RouteTableId",
    request=_ids("routeTableId", "RouteTableIds"),
    filters={"vpcId": "vpc-id", "subnetId": "association.subnet-id", "gatewayId": "association.gateway-id"},
    outputs={"arn": _arn("route-table")},
    tags=ec2_tags("route-table"),
)


GET_PREFIX_LIST = Lookup(
    function="aws:ec2/getManagedPrefixList:getManagedPrefixList",
    service="ec2",
    operation="DescribeManagedPrefixLists",
    result="PrefixLists",
    noun="prefix list",
    id="PrefixListId",
    request=_ids("id", "PrefixListIds"),
    filters={"name": "prefix-list-name"},
    members={"name": "PrefixListName", "arn": "PrefixListArn"},
    tags=ec2_tags("prefix-list"),
)


def _newest(arguments: Values, found: list[Values]) -> Values:
    if not arguments.get("mostRecent"):
        raise LocalCloudError(f"{len(found)} images match; set mostRecent, or say more exactly which one")
    return max(found, key=lambda image: str(image.get("CreationDate", "")))


def _image_request(arguments: Values) -> Values:
    names = {
        "executableUsers": "ExecutableUsers",
        "owners": "Owners",
        "includeDeprecated": "IncludeDeprecated",
    }
    return {member: arguments[name] for name, member in names.items() if arguments.get(name)}


GET_AMI = Lookup(
    function="aws:ec2/getAmi:getAmi",
    service="ec2",
    operation="DescribeImages",
    result="Images",
    noun="image",
    id="ImageId",
    request=_image_request,
    matches=lambda arguments, image: bool(re.search(arguments.get("nameRegex") or "", image.get("Name", ""))),
    outputs={"arn": lambda aws, result, wire: f"arn:aws:ec2:{aws.region}::image/{wire['ImageId']}"},  # noqa: ARG005
    tags=ec2_tags("image"),
    choose=_newest,
)


def _listing(token: str, operation: str, result: str, filters: dict[str, str]) -> Any:
    """A function that returns the ids of all objects that match."""

    def run(aws: Aws, arguments: Values) -> Values:
        wire_filters = ec2_filters(arguments, filters)
        request = {"Filters": wire_filters} if wire_filters else {}
        ids = sorted(aws.pages("ec2", operation, request, result))
        return {**arguments, "id": aws.region, "ids": ids, "region": aws.region}

    run.__name__ = token.rpartition(":")[2]
    return run


def availability_zones(aws: Aws, arguments: Values) -> Values:
    """`aws.get_availability_zones`: names in alphabetical order."""
    filters = ec2_filters(arguments, {"state": "state"})
    request: Values = {"Filters": filters} if filters else {}
    if arguments.get("allAvailabilityZones"):
        request["AllAvailabilityZones"] = True
    zones = aws.call("ec2", "DescribeAvailabilityZones", request)["AvailabilityZones"]
    kept = sorted(
        (
            zone
            for zone in zones
            if zone["ZoneName"] not in (arguments.get("excludeNames") or [])
            and zone["ZoneId"] not in (arguments.get("excludeZoneIds") or [])
        ),
        key=lambda zone: str(zone["ZoneName"]),
    )
    return {
        **arguments,
        "id": aws.region,
        "names": [zone["ZoneName"] for zone in kept],
        "zoneIds": [zone["ZoneId"] for zone in kept],
        "groupNames": sorted({zone["GroupName"] for zone in kept if zone.get("GroupName")}),
        "region": aws.region,
    }


FUNCTIONS: Mapping[str, Function] = {
    **{
        item.function: item
        for item in (GET_VPC, GET_SUBNET, GET_SECURITY_GROUP, GET_ROUTE_TABLE, GET_PREFIX_LIST, GET_AMI)
    },
    "aws:ec2/getVpcs:getVpcs": _listing("getVpcs", "DescribeVpcs", "Vpcs[].VpcId", {}),
    "aws:ec2/getSubnets:getSubnets": _listing("getSubnets", "DescribeSubnets", "Subnets[].SubnetId", {}),
    "aws:ec2/getRouteTables:getRouteTables": _listing(
        "getRouteTables", "DescribeRouteTables", "RouteTables[].RouteTableId", {"vpcId": "vpc-id"}
    ),
    "aws:index/getAvailabilityZones:getAvailabilityZones": availability_zones,
}
