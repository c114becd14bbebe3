"""Amazon VPC: networks, subnets, gateways, routes."""

from collections.abc import Callable, Mapping
from typing import Any

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

ROUTE_TARGETS = {
    "carrierGatewayId": "CarrierGatewayId",
    "coreNetworkArn": "CoreNetworkArn",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "gatewayId": "GatewayId",
    "localGatewayId": "LocalGatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "odbNetworkArn": "OdbNetworkArn",
    "transitGatewayId": "TransitGatewayId",
    "vpcEndpointId": "VpcEndpointId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
}
INLINE_DESTINATIONS = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _wire_route(route: Values, names: Mapping[str, str]) -> Values:
    return {member: route[name] for name, member in names.items() if route.get(name)}


def _inline_routes(context: Context, wanted: Values, previous: Values) -> None:
    key = {"RouteTableId": wanted["id"]}
    now = {str(_wire_route(item, INLINE_DESTINATIONS)): item for item in wanted.get("routes") or []}
    before = {str(_wire_route(item, INLINE_DESTINATIONS)): item for item in previous.get("routes") or []}
    for destination, route in before.items():
        if destination not in now:
            context.find_call("DeleteRoute", {**key, **_wire_route(route, INLINE_DESTINATIONS)})
    for destination, route in now.items():
        if route != before.get(destination):
            operation = "ReplaceRoute" if destination in before else "CreateRoute"
            context.call(operation, {**key, **_wire_route(route, {**INLINE_DESTINATIONS, **ROUTE_TARGETS})})


def _propagation(context: Context, wanted: Values, previous: Values) -> None:
    now, before = set(wanted.get("propagatingVgws") or []), set(previous.get("propagatingVgws") or [])
    for operation, gateways in (
        ("DisableVgwRoutePropagation", before - now),
        ("EnableVgwRoutePropagation", now - before),
    ):
        for gateway in sorted(gateways):
            context.call(operation, {"RouteTableId": wanted["id"], "GatewayId": gateway})


def _route_table(context: Context, state: Values) -> Values | None:
    found = context.find_call("DescribeRouteTables", {"RouteTableIds": [state["id"]]}).get("RouteTables")
    if not found:
        return None
    names = {member: name for name, member in {**INLINE_DESTINATIONS, **ROUTE_TARGETS}.items()}
    routes = [
        {names[member]: value for member, value in route.items() if member in names}
        for route in found[0].get("Routes", [])
        if route.get("Origin") == "CreateRoute"
    ]
    vgws = [item["GatewayId"] for item in found[0].get("PropagatingVgws", [])]
    return {**found[0], "Routes": routes, "PropagatingVgws": vgws}


ROUTE_TABLE = ResourceType(
    type="aws:ec2/routeTable:RouteTable",
    service="ec2",
    create=Operation(name="CreateRouteTable"),
    read=_route_table,
    update=(
        Step(run=_inline_routes, properties=frozenset({"routes"})),
        Step(run=_propagation, properties=frozenset({"propagatingVgws"})),
    ),
    delete=(Operation(name="DeleteRouteTable", keys=lambda state: {"RouteTableId": state["id"]}),),
    id="RouteTable.RouteTableId",
    sets=frozenset({"routes", "propagatingVgws"}),
    computed=frozenset({"routes", "propagatingVgws"}),
    replace=frozenset({"vpcId"}),
    outputs={"arn": ec2_arn("route-table")},
    tags=ec2_tags("route-table"),
    find=by_fingerprint("DescribeRouteTables", "RouteTables[0].RouteTableId"),
)


def _destination(state: Values) -> str:
    return next(str(state[name]) for name in DESTINATIONS if state.get(name))


def _route(context: Context, state: Values) -> Values | None:
    found = context.find_call("DescribeRouteTables", {"RouteTableIds": [state["routeTableId"]]}).get(
        "RouteTables", []
    )
    routes = [
        route
        for table in found
        for route in table.get("Routes", [])
        if route.get("Origin") != "CreateRouteTable"
    ]
    wanted = _destination(state)
    mine = [route for route in routes if wanted in (route.get(member) for member in DESTINATIONS.values())]
    return {**mine[0], "RouteTableId": state["routeTableId"]} if mine else None


def _route_check(values: Values) -> list[tuple[str, str]]:
    failures = []
    for names in (DESTINATIONS, ROUTE_TARGETS):
        given = [name for name in names if values.get(name) is not None]
        if len(given) != 1:
            failures.append(
                (given[1] if given else next(iter(names)), f"give exactly one of {', '.join(names)}")
            )
    return failures


def _route_key(state: Values) -> Values:
    return {"RouteTableId": state["routeTableId"], **_wire_route(state, DESTINATIONS)}


ROUTE = ResourceType(
    type="aws:ec2/route:Route",
    service="ec2",
    create=Operation(name="CreateRoute"),
    read=_route,
    update=(Operation(name="ReplaceRoute", keys=_route_key, only=frozenset(ROUTE_TARGETS)),),
    delete=(Operation(name="DeleteRoute", keys=_route_key),),
    id=lambda state: f"r-{state['routeTableId']}{_destination(state)}",
    members={"egressOnlyGatewayId": "EgressOnlyInternetGatewayId"},
    replace=frozenset({"routeTableId", *DESTINATIONS}),
    check=_route_check,
)


def _association(context: Context, state: Values) -> Values | None:
    found = context.find_call("DescribeRouteTables", {"RouteTableIds": [state["routeTableId"]]}).get(
        "RouteTables", []
    )
    items = [item for table in found for item in table.get("Associations", [])]
    return next((item for item in items if item["RouteTableAssociationId"] == state["id"]), None)


def _existing_association(context: Context, inputs: Values) -> str | None:
    request = {"RouteTableIds": [inputs["routeTableId"]]}
    for table in context.find_call("DescribeRouteTables", request).get("RouteTables", []):
        for item in table.get("Associations", []):
            if inputs.get("subnetId") and item.get("SubnetId") == inputs["subnetId"]:
                return str(item["RouteTableAssociationId"])
    return None


ROUTE_TABLE_ASSOCIATION = ResourceType(
    type="aws:ec2/routeTableAssociation:RouteTableAssociation",
    service="ec2",
    create=Operation(name="AssociateRouteTable"),
    read=_association,
    delete=(Operation(name="DisassociateRouteTable", keys=lambda state: {"AssociationId": state["id"]}),),
    id="AssociationId",
    replace=frozenset({"routeTableId", "subnetId", "gatewayId"}),
    delete_before_replace=True,
    find=_existing_association,
)


def _wait_for_gateway(context: Context, wanted: Values, previous: Values) -> None:
    if previous:
        return

    def available() -> bool:
        found = context.call("DescribeNatGateways", {"NatGatewayIds": [wanted["id"]]}).get("NatGateways", [])
        return bool(found) and found[0]["State"] == "available"

    context.wait_until(available, "becoming available", timeout=300)


def _gateway_gone(context: Context, state: Values) -> None:
    def gone() -> bool:
        found = context.find_call("DescribeNatGateways", {"NatGatewayIds": [state["id"]]}).get(
            "NatGateways", []
        )
        return not found or found[0]["State"] == "deleted"

    context.wait_until(gone, "deleting", timeout=300)


def _first_address(name: str) -> Callable[[Context, Values, Values], Any]:
    return lambda context, state, wire: jmespath.search(f"NatGatewayAddresses[0].{name}", wire)  # noqa: ARG005  output rule


NAT_GATEWAY = ResourceType(
    type="aws:ec2/natGateway:NatGateway",
    service="ec2",
    create=Operation(name="CreateNatGateway"),
    read=Read(
        name="DescribeNatGateways",
        keys=lambda state: {"NatGatewayIds": [state["id"]]},
        result="NatGateways[0]",
        gone=lambda wire: wire["State"] in ("deleted", "deleting", "failed"),
    ),
    update=(Step(run=_wait_for_gateway, always=True),),
    delete=(Operation(name="DeleteNatGateway", keys=lambda state: {"NatGatewayId": state["id"]}),),
    after_delete=_gateway_gone,
    id="NatGateway.NatGatewayId",
    members={"privateIp": "PrivateIpAddress"},
    defaults={"connectivityType": "public"},
    computed=frozenset(
        {
            "allocationId",
            "availabilityMode",
            "privateIp",
            "secondaryAllocationIds",
            "secondaryPrivateIpAddressCount",
            "secondaryPrivateIpAddresses",
            "subnetId",
            "vpcId",
            "availabilityZoneAddresses",
        }
    ),
    sets=frozenset({"secondaryAllocationIds", "secondaryPrivateIpAddresses"}),
    unread=frozenset({"secondaryAllocationIds", "secondaryPrivateIpAddresses"}),
    replace=frozenset(
        {
            "allocationId",
            "availabilityMode",
            "availabilityZoneAddresses",
            "connectivityType",
            "privateIp",
            "subnetId",
            "vpcId",
            "secondaryAllocationIds",
            "secondaryPrivateIpAddressCount",
            "secondaryPrivateIpAddresses",
        }
    ),
    outputs={
        name: _first_address(member)
        for name, member in (
            ("associationId", "AssociationId"),
            ("networkInterfaceId", "NetworkInterfaceId"),
            ("publicIp", "PublicIp"),
            ("privateIp", "PrivateIp"),
            ("allocationId", "AllocationId"),
        )
    },
    tags=ec2_tags("natgateway"),
    find=by_fingerprint("DescribeNatGateways", "NatGateways[?State!='deleted'] | [0].NatGatewayId"),
)


def _associate_address(context: Context, wanted: Values, previous: Values) -> None:
    if previous.get("associationId"):
        context.find_call("DisassociateAddress", {"AssociationId": previous["associationId"]})
    target = {
        member: wanted[name]
        for name, member in (
            ("instance", "InstanceId"),
            ("networkInterface", "NetworkInterfaceId"),
            ("associateWithPrivateIp", "PrivateIpAddress"),
        )
        if wanted.get(name)
    }
    if target:
        context.call("AssociateAddress", {"AllocationId": wanted["id"], **target})


def _disassociate_address(context: Context, state: Values) -> None:
    if state.get("associationId"):
        context.find_call("DisassociateAddress", {"AssociationId": state["associationId"]})


EIP = ResourceType(
    type="aws:ec2/eip:Eip",
    service="ec2",
    create=Operation(name="AllocateAddress"),
    read=Read(
        name="DescribeAddresses", keys=lambda state: {"AllocationIds": [state["id"]]}, result="Addresses[0]"
    ),
    update=(
        Step(
            run=_associate_address,
            properties=frozenset({"instance", "networkInterface", "associateWithPrivateIp"}),
        ),
    ),
    before_delete=_disassociate_address,
    delete=(Operation(name="ReleaseAddress", keys=lambda state: {"AllocationId": state["id"]}),),
    id="AllocationId",
    members={
        "instance": "InstanceId",
        "networkInterface": "NetworkInterfaceId",
        "privateIp": "PrivateIpAddress",
    },
    computed=frozenset(
        {"domain", "instance", "networkInterface", "networkBorderGroup", "publicIpv4Pool", "ipamPoolId"}
    ),
    unread=frozenset({"associateWithPrivateIp", "address"}),
    replace=frozenset(
        {"address", "customerOwnedIpv4Pool", "domain", "ipamPoolId", "networkBorderGroup", "publicIpv4Pool"}
    ),
    outputs={"arn": ec2_arn("elastic-ip"), "allocationId": "AllocationId"},
    tags=ec2_tags("elastic-ip"),
    find=by_fingerprint("DescribeAddresses", "Addresses[0].AllocationId"),
)

TYPES = (
    VPC,
    SUBNET,
    INTERNET_GATEWAY,
    ROUTE_TABLE,
    ROUTE,
    ROUTE_TABLE_ASSOCIATION,
    NAT_GATEWAY,
    EIP,
)
