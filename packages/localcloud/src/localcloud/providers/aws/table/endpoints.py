"""Amazon VPC endpoints and flow logs."""

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.network import by_fingerprint, ec2_arn
from localcloud.providers.aws.table.services import ec2_tags
from localcloud.providers.values import Values

LISTS = {
    "routeTableIds": ("AddRouteTableIds", "RemoveRouteTableIds"),
    "securityGroupIds": ("AddSecurityGroupIds", "RemoveSecurityGroupIds"),
    "subnetIds": ("AddSubnetIds", "RemoveSubnetIds"),
}


def _move(context: Context, wanted: Values, previous: Values) -> None:
    """EC2 changes an endpoint's lists by what to add and what to remove."""
    request: Values = {}
    for name, (add, remove) in LISTS.items():
        now, before = set(wanted.get(name) or []), set(previous.get(name) or [])
        request.update({add: sorted(now - before)} if now - before else {})
        request.update({remove: sorted(before - now)} if before - now else {})
    if request:
        context.call("ModifyVpcEndpoint", {"VpcEndpointId": wanted["id"], **request})


def _endpoint(context: Context, state: Values) -> Values | None:
    found = context.find_call("DescribeVpcEndpoints", {"VpcEndpointIds": [state["id"]]}).get("VpcEndpoints")
    if not found or str(found[0].get("State", "")).lower() in ("deleted", "deleting"):
        return None
    groups = [item["GroupId"] for item in found[0].get("Groups", [])]
    # The emulator returns empty lists for what it does not keep; Pulumi shows nothing in that place.
    return {
        name: item for name, item in {**found[0], "SecurityGroupIds": groups}.items() if item not in ([], "")
    }


def _prefix_list(context: Context, state: Values, wire: Values) -> str | None:  # noqa: ARG001  the signature of every output rule
    if state.get("vpcEndpointType") != "Gateway":
        return None
    filters = [{"Name": "prefix-list-name", "Values": [state["serviceName"]]}]
    found = context.find_call("DescribePrefixLists", {"Filters": filters}).get("PrefixLists")
    return str(found[0]["PrefixListId"]) if found else None


VPC_ENDPOINT = ResourceType(
    type="aws:ec2/vpcEndpoint:VpcEndpoint",
    service="ec2",
    create=Operation(name="CreateVpcEndpoint"),
    read=_endpoint,
    update=(
        Operation(
            name="ModifyVpcEndpoint",
            keys=lambda state: {"VpcEndpointId": state["id"]},
            only=frozenset(
                {"dnsOptions", "ipAddressType", "policy", "privateDnsEnabled", "subnetConfigurations"}
            ),
        ),
        Step(run=_move, properties=frozenset(LISTS), at_create=False),
    ),
    delete=(Operation(name="DeleteVpcEndpoints", keys=lambda state: {"VpcEndpointIds": [state["id"]]}),),
    id="VpcEndpoint.VpcEndpointId",
    inert="traffic does not go through it: containers reach the local cloud directly",
    members={"policy": "PolicyDocument"},
    json=frozenset({"policy"}),
    sets=frozenset({*LISTS, "subnetConfigurations"}),
    defaults={"vpcEndpointType": "Gateway"},
    computed=frozenset(
        {*LISTS, "dnsOptions", "ipAddressType", "policy", "privateDnsEnabled", "serviceRegion"}
    ),
    local=frozenset({"autoAccept"}),
    unread=frozenset({"policy", "privateDnsEnabled", *LISTS}),
    replace=frozenset(
        {
            "vpcId",
            "serviceName",
            "vpcEndpointType",
            "resourceConfigurationArn",
            "serviceNetworkArn",
            "serviceRegion",
        }
    ),
    outputs={"arn": ec2_arn("vpc-endpoint"), "prefixListId": _prefix_list},
    tags=ec2_tags("vpc-endpoint"),
    find=by_fingerprint("DescribeVpcEndpoints", "VpcEndpoints[0].VpcEndpointId"),
)


def _existing_flow_log(context: Context, inputs: Values) -> str | None:
    source = next((str(inputs[name]) for name in SOURCES if inputs.get(name)), "")
    request = {"Filter": [{"Name": "resource-id", "Values": [source]}]}
    for item in context.call("DescribeFlowLogs", request).get("FlowLogs", []):
        same = (item.get("LogDestination"), item.get("TrafficType"))
        if same == (inputs.get("logDestination"), inputs.get("trafficType")):
            return str(item["FlowLogId"])
    return None


def _tag_again(context: Context, wanted: Values, previous: Values) -> None:
    """The emulator takes no tags when it creates a flow log; AWS takes them twice without harm."""
    tags = {**context.aws.default_tags, **(wanted.get("tags") or {})}
    if not previous and tags:
        wire = [{"Key": key, "Value": value} for key, value in tags.items()]
        context.call("CreateTags", {"Resources": [wanted["id"]], "Tags": wire})


SOURCES = {
    "vpcId": "VPC",
    "subnetId": "Subnet",
    "eniId": "NetworkInterface",
    "transitGatewayId": "TransitGateway",
    "transitGatewayAttachmentId": "TransitGatewayAttachment",
    "regionalNatGatewayId": "RegionalNatGateway",
}


def _source(request: Values, inputs: Values) -> None:
    for name, kind in SOURCES.items():
        if inputs.get(name) is not None:
            request.update(ResourceIds=[inputs[name]], ResourceType=kind)


def _flow_log_check(values: Values) -> list[tuple[str, str]]:
    given = [name for name in SOURCES if values.get(name) is not None]
    failures = []
    if len(given) != 1:
        failures.append((given[1] if given else "vpcId", f"give exactly one of {', '.join(SOURCES)}"))
    if values.get("logDestinationType", "cloud-watch-logs") == "cloud-watch-logs":
        if values.get("logDestination") is None:
            failures.append(("logDestination", "missing: give the ARN of a log group"))
        if values.get("iamRoleArn") is None:
            failures.append(("iamRoleArn", "missing: CloudWatch Logs needs a role to deliver with"))
    return failures


FLOW_LOG = ResourceType(
    type="aws:ec2/flowLog:FlowLog",
    service="ec2",
    create=Operation(
        name="CreateFlowLogs",
        only=frozenset(
            {
                *SOURCES,
                "deliverCrossAccountRole",
                "destinationOptions",
                "iamRoleArn",
                "logDestination",
                "logDestinationType",
                "logFormat",
                "maxAggregationInterval",
                "tagFieldSpecifications",
                "trafficType",
            }
        ),
        prepare=_source,
    ),
    read=Read(
        name="DescribeFlowLogs", keys=lambda state: {"FlowLogIds": [state["id"]]}, result="FlowLogs[0]"
    ),
    update=(Step(run=_tag_again, always=True),),
    delete=(Operation(name="DeleteFlowLogs", keys=lambda state: {"FlowLogIds": [state["id"]]}),),
    id="FlowLogIds[0]",
    inert="no flow records are written",
    members={"iamRoleArn": "DeliverLogsPermissionArn"},
    defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    computed=frozenset({"logFormat"}),
    unread=frozenset({"maxAggregationInterval", "logFormat"}),
    replace=frozenset(
        {
            *SOURCES,
            "deliverCrossAccountRole",
            "destinationOptions",
            "iamRoleArn",
            "logDestination",
            "logDestinationType",
            "logFormat",
            "maxAggregationInterval",
            "tagFieldSpecifications",
            "trafficType",
        }
    ),
    outputs={"arn": ec2_arn("vpc-flow-log")},
    check=_flow_log_check,
    tags=ec2_tags("vpc-flow-log"),
    find=_existing_flow_log,
)

TYPES = (VPC_ENDPOINT, FLOW_LOG)
