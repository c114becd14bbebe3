"""What would make a deployment fail, checked before it begins."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from automation.checks import Check, Level
from automation.egress import check_egress
from automation.image_store import held
from automation.images import image_of
from automation.target import Target

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef

_FARGATE_VCPUS = "L-3032A538"  # Service Quotas: Fargate On-Demand vCPU resource count


def preflight(target: Target, cluster: str, services: Mapping[str, str]) -> list[Check]:
    """Check every service of a deployed stack; nothing is changed.

    Args:
        target: The cloud to ask.
        cluster: Name of the cluster.
        services: Name in the settings → name of the ECS service.
    """
    found = []
    for key, name in services.items():
        described = target.ecs.describe_services(cluster=cluster, services=[name])["services"]
        if not described or described[0]["status"] == "INACTIVE":
            found.append(
                Check(name=f"{key}: service", level=Level.FAILED, detail="does not run", fix="deploy it")
            )
            continue
        for title, check in _CHECKS.items():
            found += list(_guarded(f"{key}: {title}", check, target, described[0], key))
    found.append(_vcpu_quota(target, cluster, list(services.values())))
    return found


def _guarded(
    name: str, check: "Callable[[str, Target, ServiceTypeDef, str], Iterator[Check]]", *arguments: Any
) -> Iterator[Check]:
    """A check that AWS does not let us make is not a failure of the stack."""
    try:
        yield from check(name, *arguments)
    except (BotoCoreError, ClientError) as error:
        yield Check(name=name, level=Level.WARNING, detail=f"could not be checked: {error}")


def _idle(name: str, _target: Target, service: "ServiceTypeDef", _key: str) -> Iterator[Check]:
    moving = [item for item in service["deployments"] if item.get("rolloutState") == "IN_PROGRESS"]
    if moving:
        detail = f"{moving[0]['id']} goes on; a new one would supersede it"
        yield Check(name=name, level=Level.FAILED, detail=detail, fix="wait for its end: the verb events -f")
    else:
        yield Check(name=name, level=Level.OK, detail="none goes on")


def _image_exists(name: str, target: Target, service: "ServiceTypeDef", key: str) -> Iterator[Check]:
    image = image_of(target, service["taskDefinition"], key)
    if held(target, [image])[image] is not False:
        yield Check(name=name, level=Level.OK, detail=image.rpartition("/")[2])
    else:
        fix = "deploy a release that is still there: the verbs releases and rollback --to"
        yield Check(
            name=name, level=Level.FAILED, detail=f"{image} is not in its repository any more", fix=fix
        )


def _secrets_readable(name: str, target: Target, service: "ServiceTypeDef", _key: str) -> Iterator[Check]:
    """Only that they exist: their values are nobody's business here."""
    definition = target.ecs.describe_task_definition(taskDefinition=service["taskDefinition"])[
        "taskDefinition"
    ]
    sources = sorted(
        {
            secret["valueFrom"]
            for item in definition["containerDefinitions"]
            for secret in item.get("secrets", [])
        }
    )
    missing = [source for source in sources if not _secret_exists(target, source)]
    for source in missing:
        yield Check(
            name=name, level=Level.FAILED, detail=f"{source} does not exist", fix="create it in this account"
        )
    if not missing:
        yield Check(name=name, level=Level.OK, detail=f"{len(sources)} found" if sources else "it has none")


def _secret_exists(target: Target, source: str) -> bool:
    manager = target.client("secretsmanager")
    if ":secretsmanager:" in source:
        # arn:…:secret:name-suffix, optionally with :key:stage:version behind it (ECS API, Secret.valueFrom).
        arn = ":".join(source.split(":")[:7])
        try:
            described = manager.describe_secret(SecretId=arn)
        except manager.exceptions.ResourceNotFoundException:
            return False
        return "DeletedDate" not in described
    name = source.split(":parameter", 1)[1] if ":parameter" in source else source
    # A page may be empty and not the last one (Systems Manager API reference, DescribeParameters).
    pages = target.ssm.get_paginator("describe_parameters").paginate(
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
    )
    return any(page["Parameters"] for page in pages)


def _alarms_quiet(name: str, target: Target, service: "ServiceTypeDef", _key: str) -> Iterator[Check]:
    """An alarm that is in ALARM already when a deployment begins is not watched, or rolls it back at once."""
    watched = service["deploymentConfiguration"].get("alarms", {}).get("alarmNames", [])
    if not watched:
        yield Check(name=name, level=Level.OK, detail="none rolls deployments back")
        return
    # Fifty alarms are a page, and a hundred names the most that can be asked for.
    pages = [
        page
        for start in range(0, len(watched), 100)
        for page in target.cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNames=watched[start : start + 100], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
    ]
    alarms = [alarm for page in pages for alarm in [*page["MetricAlarms"], *page.get("CompositeAlarms", [])]]
    states = {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
    firing = [alarm for alarm in watched if states.get(alarm) == "ALARM"]
    absent = [alarm for alarm in watched if alarm not in states]
    for alarm in firing:
        yield Check(
            name=name, level=Level.FAILED, detail=f"{alarm} is firing", fix="find out why before deploying"
        )
    for alarm in absent:
        yield Check(name=name, level=Level.FAILED, detail=f"{alarm} does not exist", fix="deploy with `up`")
    if not firing and not absent:
        yield Check(name=name, level=Level.OK, detail=f"{len(watched)} quiet")


def _target_group_healthy(name: str, target: Target, service: "ServiceTypeDef", _key: str) -> Iterator[Check]:
    """The groups that get requests, which after a shift are not those that the program names."""
    groups = _live_groups(target, service)
    healthy = sum(
        described["TargetHealth"]["State"] == "healthy"
        for group in groups
        for described in target.elbv2.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    )
    if healthy or not groups or not service["desiredCount"]:
        detail = f"{healthy} healthy" if groups else "it has no load balancer"
        yield Check(name=name, level=Level.OK, detail=detail)
    else:
        fix = "look at what runs first: the verbs status and logs"
        yield Check(name=name, level=Level.FAILED, detail="no healthy target takes requests", fix=fix)


def _live_groups(target: Target, service: "ServiceTypeDef") -> set[str]:
    """Target groups with traffic: by the weights of the production rule where ECS moves them, else the only ones."""
    groups: set[str] = set()
    for item in service.get("loadBalancers", []):
        rule = item.get("advancedConfiguration", {}).get("productionListenerRule")
        if not rule:
            groups |= {item["targetGroupArn"]} if "targetGroupArn" in item else set()
            continue
        for action in target.elbv2.describe_rules(RuleArns=[rule])["Rules"][0]["Actions"]:
            forward = action.get("ForwardConfig", {}).get("TargetGroups", [])
            groups |= {one["TargetGroupArn"] for one in forward if one.get("Weight", 1)}
    return groups


def _egress(name: str, target: Target, service: "ServiceTypeDef", _key: str) -> Iterator[Check]:
    yield check_egress(name, target, service)


def _vcpu_quota(target: Target, cluster: str, services: list[str]) -> Check:
    """Room for a second set of tasks, which a rolling deployment starts beside the first."""
    name = "Fargate vCPU quota"
    if target.local is not None:
        return Check(name=name, level=Level.SKIPPED, detail="the local cloud has none")
    try:
        quota = target.client("service-quotas").get_service_quota(
            ServiceCode="fargate", QuotaCode=_FARGATE_VCPUS
        )["Quota"]["Value"]
        needed = sum(_vcpus(target, cluster, service) for service in services)
    except (BotoCoreError, ClientError) as error:
        return Check(name=name, level=Level.WARNING, detail=f"could not be checked: {error}")
    detail = f"{needed:g} of {quota:g} vCPU in use by this stack"
    if 2 * needed <= quota:
        return Check(name=name, level=Level.OK, detail=detail)
    fix = (
        "aws service-quotas request-service-quota-increase --service-code fargate "
        f"--quota-code {_FARGATE_VCPUS} --desired-value {math.ceil(2 * needed)}"
    )
    return Check(
        name=name, level=Level.FAILED, detail=f"{detail}: no room for a second set of tasks", fix=fix
    )


def _vcpus(target: Target, cluster: str, service: str) -> float:
    described = target.ecs.describe_services(cluster=cluster, services=[service])["services"][0]
    definition = target.ecs.describe_task_definition(taskDefinition=described["taskDefinition"])[
        "taskDefinition"
    ]
    return int(definition.get("cpu", "0")) / 1024 * described["desiredCount"]


_CHECKS: "Mapping[str, Callable[[str, Target, ServiceTypeDef, str], Iterator[Check]]]" = {
    "deployment": _idle,
    "image": _image_exists,
    "secrets": _secrets_readable,
    "alarms": _alarms_quiet,
    "targets": _target_group_healthy,
    "egress": _egress,
}
