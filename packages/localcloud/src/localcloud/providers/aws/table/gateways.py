"""Amazon VPC: NAT gateways and Elastic IP addresses."""

from collections.abc import Callable
from typing import Any

import jmespath

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.network import by_fingerprint, ec2_arn
from localcloud.providers.aws.table.services import ec2_tags
from localcloud.providers.values import Values


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
    NAT_GATEWAY,
    EIP,
)
