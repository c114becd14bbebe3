"""Amazon EC2 Auto Scaling groups."""

from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, Step
from localcloud.providers.aws.table.launch_templates import NO_INSTANCES
from localcloud.providers.values import Values


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


TYPES = (GROUP,)
