"""Amazon VPC: route tables, routes, associations."""

from collections.abc import Mapping

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Operation, ResourceType, Step
from localcloud.providers.aws.table.network import by_fingerprint, ec2_arn
from localcloud.providers.aws.table.services import ec2_tags
from localcloud.providers.values import Values

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


def _main(context: Context, vpc: str) -> Values:
    """The association that makes a route table its VPC's main one."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    for table in context.call("DescribeRouteTables", {"Filters": filters})["RouteTables"]:
        for item in table.get("Associations", []):
            if item.get("Main"):
                return {"VpcId": vpc, **item}
    raise LocalCloudError(f"the VPC {vpc} has no main route table")


def _association_to_come(request: Values, values: Values) -> None:  # noqa: ARG001  the signature of every prepare rule
    """Stands for the association in a check; the create looks it up."""
    request["AssociationId"] = "main"


def _described_main(context: Context, state: Values) -> Values | None:
    vpcs = context.find_call("DescribeVpcs", {"VpcIds": [state["vpcId"]]}).get("Vpcs")
    found = _main(context, state["vpcId"]) if vpcs else {}
    return found if found.get("RouteTableAssociationId") == state["id"] else None


def _existing_main(context: Context, inputs: Values) -> str | None:
    found = _main(context, inputs["vpcId"])
    is_ours = found["RouteTableId"] == inputs["routeTableId"]
    return str(found["RouteTableAssociationId"]) if is_ours else None


def _original(context: Context, state: Values, wire: Values) -> str:
    """The table that gave way; where a create was interrupted, the VPC's first other one: it came with the VPC."""
    if state.get("originalRouteTableId"):
        return str(state["originalRouteTableId"])
    filters = [{"Name": "vpc-id", "Values": [state["vpcId"]]}]
    tables = context.call("DescribeRouteTables", {"Filters": filters})["RouteTables"]
    others = [table["RouteTableId"] for table in tables if table["RouteTableId"] != wire["RouteTableId"]]
    return str(others[0]) if others else str(wire["RouteTableId"])


MAIN_ROUTE_TABLE_ASSOCIATION = ResourceType(
    # Terraform (vpc_main_route_table_association.go): the VPC's main table gives way at create, and is what it was
    # again at delete. There an update moves the association; here a replacement does, with the same end.
    type="aws:ec2/mainRouteTableAssociation:MainRouteTableAssociation",
    service="ec2",
    create=Operation(
        name="ReplaceRouteTableAssociation", only=frozenset({"routeTableId"}), prepare=_association_to_come
    ),
    before_create=lambda context, inputs: {
        "AssociationId": _main(context, inputs["vpcId"])["RouteTableAssociationId"]
    },
    remembered=lambda context, inputs: {
        "originalRouteTableId": _main(context, inputs["vpcId"])["RouteTableId"]
    },
    read=_described_main,
    delete=(
        Operation(
            name="ReplaceRouteTableAssociation",
            keys=lambda state: {"AssociationId": state["id"], "RouteTableId": state["originalRouteTableId"]},
        ),
    ),
    id="NewAssociationId",
    outputs={"originalRouteTableId": _original},
    find=_existing_main,
    replace=frozenset({"routeTableId", "vpcId"}),
    local=frozenset({"vpcId"}),
    delete_before_replace=True,
)


TYPES = (
    ROUTE_TABLE,
    ROUTE,
    ROUTE_TABLE_ASSOCIATION,
    MAIN_ROUTE_TABLE_ASSOCIATION,
)
