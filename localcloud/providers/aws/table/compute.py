"""EC2 capacity for ECS: launch templates, auto scaling groups, capacity providers, instance profiles."""

import base64
from typing import Any

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.services import ECS_TAGS, INSTANCE_PROFILE_TAGS, ec2_tags
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
    from localcloud.providers.aws.lifecycle import update_request  # noqa: PLC0415  lifecycle imports the table's types

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


def _group(state: Values) -> Values:
    return {"AutoScalingGroupName": state["id"]}


def _group_tags(context: Context, wanted: Values, previous: Values) -> None:
    now = {item["key"]: item for item in wanted.get("tags") or []}
    before = {item["key"]: item for item in previous.get("tags") or []}
    gone = [_group_tag(wanted["id"], item) for key, item in before.items() if key not in now]
    if gone:
        context.call("DeleteTags", {"Tags": gone})
    changed = [_group_tag(wanted["id"], item) for key, item in now.items() if before.get(key) != item]
    if changed:
        context.call("CreateOrUpdateTags", {"Tags": changed})


def _group_tag(name: str, item: Values) -> Values:
    return {
        "ResourceId": name,
        "ResourceType": "auto-scaling-group",
        "Key": item["key"],
        "Value": item["value"],
        "PropagateAtLaunch": item["propagateAtLaunch"],
    }


def _processes(context: Context, wanted: Values, previous: Values) -> None:
    now, before = set(wanted.get("suspendedProcesses") or []), set(previous.get("suspendedProcesses") or [])
    for operation, names in (("ResumeProcesses", before - now), ("SuspendProcesses", now - before)):
        if names:
            context.call(operation, {**_group(wanted), "ScalingProcesses": sorted(names)})


def _metrics(context: Context, wanted: Values, previous: Values) -> None:
    now, before = set(wanted.get("enabledMetrics") or []), set(previous.get("enabledMetrics") or [])
    if before - now:
        context.call("DisableMetricsCollection", {**_group(wanted), "Metrics": sorted(before - now)})
    if now - before:
        granularity = wanted.get("metricsGranularity", "1Minute")
        context.call(
            "EnableMetricsCollection",
            {**_group(wanted), "Metrics": sorted(now - before), "Granularity": granularity},
        )


def _attachments(context: Context, wanted: Values, previous: Values) -> None:
    for name, member, attach, detach in (
        ("loadBalancers", "LoadBalancerNames", "AttachLoadBalancers", "DetachLoadBalancers"),
        (
            "targetGroupArns",
            "TargetGroupARNs",
            "AttachLoadBalancerTargetGroups",
            "DetachLoadBalancerTargetGroups",
        ),
    ):
        now, before = set(wanted.get(name) or []), set(previous.get(name) or [])
        for operation, items in ((detach, before - now), (attach, now - before)):
            if items:
                context.call(operation, {**_group(wanted), member: sorted(items)})


def _warm_pool(context: Context, wanted: Values, previous: Values) -> None:
    pool = wanted.get("warmPool")
    if pool is None:
        if previous.get("warmPool"):
            request = {**_group(wanted), "ForceDelete": bool(wanted.get("forceDeleteWarmPool"))}
            context.call("DeleteWarmPool", request)
        return
    names = {
        "maxGroupPreparedCapacity": "MaxGroupPreparedCapacity",
        "minSize": "MinSize",
        "poolState": "PoolState",
    }
    request = {**_group(wanted), **{member: pool[name] for name, member in names.items() if name in pool}}
    if pool.get("instanceReusePolicy"):
        request["InstanceReusePolicy"] = {
            "ReuseOnScaleIn": pool["instanceReusePolicy"].get("reuseOnScaleIn", False)
        }
    context.call("PutWarmPool", request)


def _delete_group(context: Context, state: Values) -> None:
    """Deleting by force takes the instances along, so that the capacity provider does not wait for them."""
    context.find_call("DeleteAutoScalingGroup", {**_group(state), "ForceDelete": True})


def _group_check(values: Values) -> list[tuple[str, str]]:
    sources = ("launchTemplate", "launchConfiguration", "mixedInstancesPolicy")
    failures = []
    if len([name for name in sources if values.get(name) is not None]) != 1:
        failures.append(("launchTemplate", f"give exactly one of {', '.join(sources)}"))
    low, high = values.get("minSize"), values.get("maxSize")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        failures.append(("minSize", f"{low} is not allowed: it is more than maxSize ({high})"))
    return failures


UPDATED = Operation(
    name="UpdateAutoScalingGroup",
    keys=_group,
    skip=frozenset({"name", "loadBalancers", "targetGroupArns", "tags", "trafficSources"}),
)

GROUP = ResourceType(
    type="aws:autoscaling/group:Group",
    service="autoscaling",
    create=Operation(name="CreateAutoScalingGroup"),
    read=Read(
        name="DescribeAutoScalingGroups",
        keys=lambda state: {"AutoScalingGroupNames": [state["id"]]},
        result="AutoScalingGroups[0]",
    ),
    update=(
        UPDATED,
        Step(run=_group_tags, properties=frozenset({"tags"}), at_create=False),
        Step(run=_processes, properties=frozenset({"suspendedProcesses"})),
        Step(run=_metrics, properties=frozenset({"enabledMetrics", "metricsGranularity"})),
        Step(run=_attachments, properties=frozenset({"loadBalancers", "targetGroupArns"}), at_create=False),
        Step(run=_warm_pool, properties=frozenset({"warmPool"})),
    ),
    before_delete=_delete_group,
    id=lambda state: str(state["name"]),
    name=Name(),
    inert=NO_INSTANCES,
    members={
        "name": "AutoScalingGroupName",
        "launchConfiguration": "LaunchConfigurationName",
        "launchTemplate.id": "LaunchTemplateId",
        "launchTemplate.name": "LaunchTemplateName",
        "loadBalancers": "LoadBalancerNames",
        "initialLifecycleHooks": "LifecycleHookSpecificationList",
        "initialLifecycleHooks.name": "LifecycleHookName",
        "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
        "vpcZoneIdentifiers": "VPCZoneIdentifier",
    },
    codecs={
        "vpcZoneIdentifiers": Codec(
            to_wire=",".join, from_wire=lambda text: [item for item in text.split(",") if item] or None
        ),
        "suspendedProcesses": Codec(from_wire=lambda items: [item["ProcessName"] for item in items]),
        "enabledMetrics": Codec(from_wire=lambda items: [item["Metric"] for item in items]),
    },
    sets=frozenset(
        {
            "vpcZoneIdentifiers",
            "availabilityZones",
            "tags",
            "loadBalancers",
            "targetGroupArns",
            "suspendedProcesses",
            "enabledMetrics",
            "initialLifecycleHooks",
            "trafficSources",
        }
    ),
    defaults={
        "forceDelete": False,
        "healthCheckGracePeriod": 300,
        "metricsGranularity": "1Minute",
        "waitForCapacityTimeout": "10m",
        "protectFromScaleIn": False,
    },
    computed=frozenset(
        {
            "availabilityZones",
            "availabilityZoneDistribution",
            "capacityReservationSpecification",
            "defaultCooldown",
            "desiredCapacity",
            "healthCheckType",
            "loadBalancers",
            "mixedInstancesPolicy",
            "serviceLinkedRoleArn",
            "targetGroupArns",
            "trafficSources",
            "vpcZoneIdentifiers",
            "instanceLifecyclePolicy",
        }
    ),
    local=frozenset(
        {
            "forceDelete",
            "forceDeleteWarmPool",
            "ignoreFailedScalingActivities",
            "instanceRefresh",
            "minElbCapacity",
            "waitForCapacityTimeout",
            "waitForElbCapacity",
        }
    ),
    unread=frozenset({"initialLifecycleHooks", "warmPool"}),
    replace=frozenset({"name", "initialLifecycleHooks", "trafficSources"}),
    outputs={"arn": "AutoScalingGroupARN"},
    check=_group_check,
)


def _existing_provider(context: Context, inputs: Values) -> str | None:
    request = {"capacityProviders": [inputs["name"]]}
    found = context.find_call("DescribeCapacityProviders", request).get("capacityProviders", [])
    return next((str(item["capacityProviderArn"]) for item in found if item.get("status") == "ACTIVE"), None)


def _provider_body(request: Values, state: Values) -> None:  # noqa: ARG001  the signature of every prepare
    """The group of a capacity provider cannot change, and the update call does not take it."""
    (request.get("autoScalingGroupProvider") or {}).pop("autoScalingGroupArn", None)


CAPACITY_PROVIDER = ResourceType(
    type="aws:ecs/capacityProvider:CapacityProvider",
    service="ecs",
    create=Operation(name="CreateCapacityProvider"),
    read=Read(
        name="DescribeCapacityProviders",
        keys=lambda state: {"capacityProviders": [state["id"]], "include": ["TAGS"]},
        result="capacityProviders[0]",
        gone=lambda wire: wire.get("status") == "INACTIVE",
    ),
    update=(
        Operation(
            name="UpdateCapacityProvider",
            keys=lambda state: {"name": state["name"]},
            only=frozenset({"autoScalingGroupProvider", "managedInstancesProvider"}),
            prepare=_provider_body,
        ),
    ),
    delete=(Operation(name="DeleteCapacityProvider", keys=lambda state: {"capacityProvider": state["id"]}),),
    id="capacityProvider.capacityProviderArn",
    name=Name(prefix=""),
    computed=frozenset({"cluster"}),
    unread=frozenset({"autoScalingGroupProvider.managedDraining"}),
    replace=frozenset({"name", "cluster"}),
    outputs={"arn": "capacityProviderArn"},
    tags=ECS_TAGS,
    find=_existing_provider,
)


def _profile(state: Values) -> Values:
    return {"InstanceProfileName": state["id"]}


def _set_role(context: Context, wanted: Values, previous: Values) -> None:
    now, before = wanted.get("role"), previous.get("role")
    if before and before != now:
        context.find_call("RemoveRoleFromInstanceProfile", {**_profile(wanted), "RoleName": before})
    if now and now != before:
        context.call("AddRoleToInstanceProfile", {**_profile(wanted), "RoleName": now})


def _remove_role(context: Context, state: Values) -> None:
    if state.get("role"):
        context.find_call("RemoveRoleFromInstanceProfile", {**_profile(state), "RoleName": state["role"]})


INSTANCE_PROFILE = ResourceType(
    type="aws:iam/instanceProfile:InstanceProfile",
    service="iam",
    create=Operation(name="CreateInstanceProfile"),
    read=Read(name="GetInstanceProfile", keys=_profile, result="InstanceProfile"),
    update=(Step(run=_set_role, properties=frozenset({"role"})),),
    before_delete=_remove_role,
    delete=(Operation(name="DeleteInstanceProfile", keys=_profile),),
    id=lambda state: str(state["name"]),
    name=Name(maximum=128),
    members={"name": "InstanceProfileName", "uniqueId": "InstanceProfileId", "role": "Roles.RoleName"},
    defaults={"path": "/"},
    replace=frozenset({"name", "path"}),
    tags=INSTANCE_PROFILE_TAGS,
)

TYPES = (LAUNCH_TEMPLATE, GROUP, CAPACITY_PROVIDER, INSTANCE_PROFILE)
