"""The local `awsx` provider."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.provider.experimental import provider as protocol
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.sdk import object_members, snake
from localcloud.providers.awsx.layout import layout, read_specs
from localcloud.providers.awsx.vpc import Vpc, check_nat
from localcloud.providers.values import Values, has_unknown, to_plain, to_property

VPC = "awsx:ec2:Vpc"
DEFAULT_RANGE = "10.0.0.0/16"
DEFAULT_ZONES = 3
# What shapes the graph, so that it must be known before anything exists.
SHAPE = frozenset(
    {
        "availabilityZoneCidrMask",
        "availabilityZoneNames",
        "cidrBlock",
        "natGateways",
        "numberOfAvailabilityZones",
        "subnetSpecs",
        "subnetStrategy",
    }
)
PASSED = frozenset(
    {
        "assignGeneratedIpv6CidrBlock",
        "enableDnsHostnames",
        "enableDnsSupport",
        "enableNetworkAddressUsageMetrics",
        "instanceTenancy",
        "ipv6CidrBlock",
        "ipv6CidrBlockNetworkBorderGroup",
        "ipv6IpamPoolId",
        "ipv6NetmaskLength",
    }
)


class AwsxProvider(protocol.Provider):
    """The `awsx` package on the local cloud: the component `awsx.ec2.Vpc`."""

    async def construct(self, request: protocol.ConstructRequest) -> protocol.ConstructResponse:
        """Build a component out of `aws` resources of this very program.

        Raises:
            LocalCloudError: the local cloud does not know the component, or its arguments are refused.
        """
        if request.resource_type != VPC:
            raise LocalCloudError(
                f"the local cloud does not know the component {request.resource_type!r}; it knows {VPC!r}"
            )
        try:
            component = await _vpc(request)
        except LocalCloudError as error:
            raise LocalCloudError(f"awsx.ec2.Vpc {request.name!r}: {error.message}", fix=error.fix) from None
        # As from a provider process: what uses the component's outputs finds all of it in place.
        await asyncio.gather(*(child.urn.future() for child in component.children))
        state = {name: await _settled(value) for name, value in component.outputs.items()}
        urn = await component.urn.future()
        return protocol.ConstructResponse(
            str(urn), state, {name: value.all_dependencies() for name, value in state.items()}
        )


async def _vpc(request: protocol.ConstructRequest) -> Vpc:
    shape = _shape(request.inputs)
    zones = await _zones(shape, request.options)
    cidr = shape.get("cidrBlock") or DEFAULT_RANGE
    subnets = layout(
        request.name,
        cidr,
        len(zones),
        read_specs(shape.get("subnetSpecs")),
        shape.get("availabilityZoneCidrMask"),
    )
    nat = shape.get("natGateways") or {}
    strategy, allocations = nat.get("strategy") or "OnePerAz", nat.get("elasticIpAllocationIds") or []
    check_nat(strategy, subnets, allocations, len(zones))
    settings = {snake(name): _given(value) for name, value in request.inputs.items() if name in PASSED}
    return Vpc(
        request.name,
        zones=zones,
        subnets=subnets,
        settings={"cidr_block": cidr, **settings},
        tags=_tags(request.inputs),
        nat=strategy,
        allocations=allocations,
        opts=request.options,
    )


def _shape(inputs: Mapping[str, PropertyValue]) -> Values:
    """The arguments that shape the graph, checked."""
    known = object_members(_arguments())
    values: Values = {}
    for name, value in inputs.items():
        if name not in known:
            raise LocalCloudError(f"unknown property {name!r}; allowed: {', '.join(sorted(known))}")
        plain = to_plain(value)
        if plain is None:
            continue
        if name not in SHAPE | PASSED | {"tags"}:
            raise LocalCloudError(
                f"{name}: the local cloud does not take it", fix="leave it out of the local stack"
            )
        if name in SHAPE and has_unknown(plain):
            raise LocalCloudError(
                f"{name}: must be known before the update, as it decides which resources there are"
            )
        values[name] = plain
    if values.get("subnetStrategy") not in ("Auto", "Exact"):
        raise LocalCloudError(
            f"subnetStrategy: {values.get('subnetStrategy') or 'Legacy'!r} is not taken; allowed: Auto, Exact",
            fix="set subnet_strategy to awsx.ec2.SubnetAllocationStrategy.AUTO, which pulumi-awsx recommends",
        )
    if values.get("availabilityZoneNames") and values.get("numberOfAvailabilityZones"):
        raise LocalCloudError("give one of availabilityZoneNames, numberOfAvailabilityZones")
    return values


def _arguments() -> type:
    import pulumi_awsx  # noqa: PLC0415  only programs that use awsx pay for it

    return pulumi_awsx.ec2.VpcArgs


async def _zones(shape: Values, opts: pulumi.ResourceOptions) -> list[str]:
    if shape.get("availabilityZoneNames"):
        return list(shape["availabilityZoneNames"])
    wanted = int(shape.get("numberOfAvailabilityZones") or DEFAULT_ZONES)
    options = pulumi.InvokeOptions(parent=opts.parent)
    found = await pulumi.runtime.invoke_async(
        "aws:index/getAvailabilityZones:getAvailabilityZones", {}, options
    )
    names = sorted(found["names"])
    if len(names) < wanted:
        raise LocalCloudError(
            f"numberOfAvailabilityZones: {wanted} is not allowed; the region has {len(names)}: {', '.join(names)}"
        )
    return names[:wanted]


def _tags(inputs: Mapping[str, PropertyValue]) -> dict[str, Any]:
    tags = inputs.get("tags")
    items = tags.value if tags is not None and isinstance(tags.value, Mapping) else {}
    return {name: _given(value) for name, value in items.items()}


def _given(value: PropertyValue) -> Any:
    """An argument as the children take it: unknown and secret values stay what they are."""
    plain = to_plain(value)
    if has_unknown(plain):
        return pulumi.Output.from_input(pulumi.output.UNKNOWN)
    return pulumi.Output.secret(plain) if value.contains_secret() else plain


async def _settled(value: Any) -> PropertyValue:
    """An output's present value, with the resources it depends on."""
    output: pulumi.Output[Any] = pulumi.Output.from_input(value)
    known = await output.is_known()
    settled = to_property(await output.future()) if known else PropertyValue.computed()
    resources = await output.resources()
    urns = [urn for resource in resources if (urn := await resource.urn.future()) is not None]
    return settled.with_secret(await output.is_secret()).with_dependencies(urns)
