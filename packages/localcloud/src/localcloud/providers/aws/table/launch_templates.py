"""Amazon EC2 launch templates."""

import base64
from typing import Any

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.requests import update_request
from localcloud.providers.aws.resource_type import Codec, Name, Operation, ResourceType, Step
from localcloud.providers.aws.table.services import ec2_tags
from localcloud.providers.values import Values

NO_INSTANCES = "no EC2 instances are started: containers run in this machine's Docker engine"


def _on_off(value: Any) -> Any:
    return {"true": True, "false": False}.get(str(value).lower(), value)


def _tag_list(tags: Values) -> list[Values]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _launch_template(state: Values) -> Values:
    return {"LaunchTemplateId": state["id"]}


def _described_template(context: Context, state: Values) -> Values | None:
    found = context.find_call("DescribeLaunchTemplates", {"LaunchTemplateIds": [state["id"]]}).get(
        "LaunchTemplates"
    )
    if not found:
        return None
    request = {**_launch_template(state), "Versions": ["$Latest"]}
    versions = context.call("DescribeLaunchTemplateVersions", request).get("LaunchTemplateVersions") or [{}]
    data = versions[0].get("LaunchTemplateData") or {}
    return {
        **found[0],
        "LaunchTemplateData": data,
        "LatestVersion": found[0].get("LatestVersionNumber"),
        "DefaultVersion": found[0].get("DefaultVersionNumber"),
    }


def _new_version(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    request = update_request(context.kind, NEW_VERSION, wanted, frozenset())
    context.call(NEW_VERSION.name, {**request, **_launch_template(wanted)})


def _default_version(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    version = wanted.get("defaultVersion")
    if wanted.get("updateDefaultVersion"):
        found = context.call("DescribeLaunchTemplates", {"LaunchTemplateIds": [wanted["id"]]})[
            "LaunchTemplates"
        ][0]
        version = found["LatestVersionNumber"]
    if version:
        context.call("ModifyLaunchTemplate", {**_launch_template(wanted), "DefaultVersion": str(version)})


def _existing_template(context: Context, inputs: Values) -> str | None:
    request = {"LaunchTemplateNames": [inputs["name"]]}
    found = context.find_call("DescribeLaunchTemplates", request).get("LaunchTemplates")
    return str(found[0]["LaunchTemplateId"]) if found else None


def _base64_check(values: Values) -> list[tuple[str, str]]:
    text = values.get("userData")
    if isinstance(text, str):
        try:
            base64.b64decode(text, validate=True)
        except ValueError:
            return [("userData", "is not allowed: AWS takes base64 text")]
    return []


NEW_VERSION = Operation(name="CreateLaunchTemplateVersion", whole=True, skip=frozenset({"name"}))
TEMPLATE_DATA = frozenset(
    {
        "blockDeviceMappings",
        "capacityReservationSpecification",
        "cpuOptions",
        "creditSpecification",
        "description",
        "disableApiStop",
        "disableApiTermination",
        "ebsOptimized",
        "enclaveOptions",
        "hibernationOptions",
        "iamInstanceProfile",
        "imageId",
        "instanceInitiatedShutdownBehavior",
        "instanceMarketOptions",
        "instanceRequirements",
        "instanceType",
        "kernelId",
        "keyName",
        "licenseSpecifications",
        "maintenanceOptions",
        "metadataOptions",
        "monitoring",
        "networkInterfaces",
        "networkPerformanceOptions",
        "placement",
        "privateDnsNameOptions",
        "ramDiskId",
        "secondaryInterfaces",
        "securityGroupNames",
        "tagSpecifications",
        "userData",
        "vpcSecurityGroupIds",
    }
)
BOOLEAN = Codec(to_wire=_on_off)

LAUNCH_TEMPLATE = ResourceType(
    type="aws:ec2/launchTemplate:LaunchTemplate",
    service="ec2",
    create=Operation(name="CreateLaunchTemplate"),
    read=_described_template,
    update=(
        Step(run=_new_version, properties=TEMPLATE_DATA, at_create=False),
        Step(
            run=_default_version,
            properties=TEMPLATE_DATA | {"defaultVersion", "updateDefaultVersion"},
            at_create=False,
        ),
    ),
    delete=(Operation(name="DeleteLaunchTemplate", keys=_launch_template),),
    id="LaunchTemplate.LaunchTemplateId",
    body="LaunchTemplateData",
    name=Name(maximum=125),
    inert=NO_INSTANCES,
    members={
        "name": "LaunchTemplateName",
        "description": "VersionDescription",
        "securityGroupNames": "SecurityGroups",
        "tagSpecifications": "LaunchTemplateData.TagSpecifications",
        "vpcSecurityGroupIds": "SecurityGroupIds",
        "networkInterfaces.ipv4AddressCount": "SecondaryPrivateIpAddressCount",
        "networkInterfaces.ipv4Addresses": "PrivateIpAddresses",
        "networkInterfaces.securityGroups": "Groups",
        "networkInterfaces.associateCarrierIpAddress": "AssociateCarrierIpAddress",
    },
    codecs={
        "networkInterfaces.ipv4Addresses": Codec(
            to_wire=lambda addresses: [{"privateIpAddress": address} for address in addresses],
            from_wire=lambda items: [item["PrivateIpAddress"] for item in items],
        ),
        "networkInterfaces.ipv6Addresses": Codec(
            to_wire=lambda addresses: [{"ipv6Address": address} for address in addresses],
            from_wire=lambda items: [item["Ipv6Address"] for item in items],
        ),
        "networkInterfaces.ipv4Prefixes": Codec(
            to_wire=lambda prefixes: [{"ipv4Prefix": prefix} for prefix in prefixes],
            from_wire=lambda items: [item["Ipv4Prefix"] for item in items],
        ),
        "networkInterfaces.ipv6Prefixes": Codec(
            to_wire=lambda prefixes: [{"ipv6Prefix": prefix} for prefix in prefixes],
            from_wire=lambda items: [item["Ipv6Prefix"] for item in items],
        ),
        "tagSpecifications.tags": Codec(
            to_wire=_tag_list, from_wire=lambda tags: {tag["Key"]: tag["Value"] for tag in tags}
        ),
        "ebsOptimized": BOOLEAN,
    },
    sets=frozenset({"vpcSecurityGroupIds", "securityGroupNames", "networkInterfaces.securityGroups"}),
    computed=frozenset({"defaultVersion", "metadataOptions"}),
    local=frozenset({"defaultVersion", "updateDefaultVersion"}),
    replace=frozenset({"name"}),
    volatile=frozenset({"latestVersion"}),
    outputs={
        "arn": lambda context, state, wire: (  # noqa: ARG005  the signature of every output rule
            f"arn:aws:ec2:{context.region}:{context.aws.account_id}:launch-template/{state['id']}"
        ),
        "defaultVersion": "DefaultVersion",
    },
    check=_base64_check,
    tags=ec2_tags("launch-template"),
    find=_existing_template,
)


TYPES = (LAUNCH_TEMPLATE,)
