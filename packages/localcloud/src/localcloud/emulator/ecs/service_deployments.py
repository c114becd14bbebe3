"""Service deployments and service revisions: what a service was asked to become, and what came of it.

The records are kept on the service (`_service_deployments`, `_service_revisions`), newest first. A `deployments[]`
entry of DescribeServices names its service deployment under `_service_deployment`.
"""

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator.ecs import state
from localcloud.emulator.ecs.rollout import breaker_enabled, failure_threshold
from localcloud.emulator.ecs.state import Record
from localcloud.emulator.shifting import placement
from localcloud.emulator.shifting.phases import is_gradual, phases

RUNNING = {"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}
# The properties whose change makes a new service revision (Developer Guide, "Amazon ECS service revisions").
REVISION_PROPERTIES = (
    "taskDefinition",
    "launchType",
    "capacityProviderStrategy",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "serviceRegistries",
    "serviceConnectConfiguration",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)


def begin(
    service: Record,
    task_definition: Mapping[str, Any] | None,
    *,
    configuration: Mapping[str, Any] | None = None,
    balancers: Sequence[Record] | None = None,
) -> Record:
    """Make a service's next revision, deployment and service deployment; earlier ones that run are stopped.

    Args:
        service: The service.
        task_definition: What it is to run.
        configuration: How, where it is not the service's own deployment configuration that says so.
        balancers: Where the traffic comes from, where it is not the service's own load balancers.
    """
    now = time.time()
    configuration = service["deploymentConfiguration"] if configuration is None else configuration
    gradual = is_gradual(configuration)
    source = placement.serving(service) if gradual else state.primary_of(service)
    revision = _revision(service, task_definition, now)
    if gradual:
        revision["loadBalancers"] = placement.beside(balancers or revision.get("loadBalancers") or [], source)
    service.setdefault("_service_revisions", []).insert(0, revision)
    interrupted = [
        entry for entry in service.setdefault("_service_deployments", []) if entry["status"] in RUNNING
    ]
    for earlier in interrupted:
        finish(earlier, "STOPPED", "Service deployment was stopped because a new one was started.")
    service_deployment = _service_deployment(service, revision, source, configuration, now)
    service["_service_deployments"].insert(0, service_deployment)
    deployment = _deployment(service, revision, service_deployment, now)
    if gradual:
        plan = phases(configuration, replaces=source is not None, interrupts=bool(interrupted))
        service_deployment.update(_phases=plan, _phase=0, lifecycleStage=plan[0].shown)
    for earlier in service["deployments"]:
        earlier["status"] = "ACTIVE"
        earlier["desiredCount"] = service["desiredCount"] if gradual and earlier is source else 0
    service["deployments"].insert(0, deployment)
    service["currentServiceDeployment"] = service_deployment["serviceDeploymentArn"]
    return deployment


def _revision(service: Record, task_definition: Mapping[str, Any] | None, now: float) -> Record:
    arn = str(service["serviceArn"]).replace(":service/", ":service-revision/", 1)
    values = {name: service[name] for name in REVISION_PROPERTIES if service.get(name)}
    images = [
        {"containerName": entry["name"], "image": entry["image"]}
        | ({"imageDigest": entry["image"].partition("@")[2]} if "@" in entry["image"] else {})
        for entry in (task_definition or {}).get("containerDefinitions") or []
    ]
    return {
        "serviceRevisionArn": f"{arn}/{secrets.randbelow(9 * 10**18) + 10**18}",
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "containerImages": images,
        "guardDutyEnabled": False,
        "createdAt": now,
        **values,
    }


def _service_deployment(
    service: Record, revision: Record, source: Record | None, configuration: Mapping[str, Any], now: float
) -> Record:
    arn = str(service["serviceArn"]).replace(":service/", ":service-deployment/", 1)
    sources = [_summary(source)] if source else []
    breaker = breaker_enabled(configuration)
    return {
        "serviceDeploymentArn": f"{arn}/{secrets.token_urlsafe(16).replace('-', 'a').replace('_', 'b')}",
        "serviceArn": service["serviceArn"],
        "clusterArn": service["clusterArn"],
        "createdAt": now,
        "startedAt": now,
        "updatedAt": now,
        "sourceServiceRevisions": sources,
        "targetServiceRevision": {
            "arn": revision["serviceRevisionArn"],
            "requestedTaskCount": service["desiredCount"],
            "runningTaskCount": 0,
            "pendingTaskCount": 0,
        },
        "status": "IN_PROGRESS",
        "deploymentConfiguration": dict(configuration),
        "deploymentCircuitBreaker": {
            "status": "MONITORING" if breaker else "DISABLED",
            "failureCount": 0,
            "threshold": failure_threshold(configuration, int(service["desiredCount"])),
        },
    }


def _summary(deployment: Record) -> Record:
    weights = {
        "_production_weight": "requestedProductionTrafficWeight",
        "_test_weight": "requestedTestTrafficWeight",
    }
    return {
        "arn": deployment["_revision"],
        "requestedTaskCount": deployment["desiredCount"],
        "runningTaskCount": deployment["runningCount"],
        "pendingTaskCount": deployment["pendingCount"],
        **{shown: deployment[kept] for kept, shown in weights.items() if kept in deployment},
    }


def _deployment(service: Record, revision: Record, service_deployment: Record, now: float) -> Record:
    copied = ("launchType", "capacityProviderStrategy", "platformVersion", "networkConfiguration")
    return {
        # The number of the revision that it brings: terraform-provider-aws finds the one by the other
        # (internal/service/ecs/service.go, findPrimaryDeploymentARN).
        "id": f"ecs-svc/{revision['serviceRevisionArn'].rpartition('/')[2]}",
        "status": "PRIMARY",
        "taskDefinition": service["taskDefinition"],
        "desiredCount": service["desiredCount"],
        "runningCount": 0,
        "pendingCount": 0,
        "failedTasks": 0,
        "createdAt": now,
        "updatedAt": now,
        "rolloutState": "IN_PROGRESS",
        "rolloutStateReason": f"ECS deployment {service_deployment['serviceArn'].rpartition('/')[2]} in progress.",
        **{name: service[name] for name in copied if service.get(name)},
        "_revision": revision["serviceRevisionArn"],
        "_service_deployment": service_deployment["serviceDeploymentArn"],
        "_load_balancers": list(revision.get("loadBalancers") or []),
        "_failures_in_a_row": 0,
        "_start_after": 0.0,
    }


def of_deployment(service: Record, deployment: Record) -> Record:
    """The service deployment a `deployments[]` entry came from."""
    return next(
        entry
        for entry in service["_service_deployments"]
        if entry["serviceDeploymentArn"] == deployment["_service_deployment"]
    )


def finish(service_deployment: Record, status: str, reason: str) -> None:
    """Close a service deployment."""
    now = time.time()
    service_deployment.update(status=status, statusReason=reason, finishedAt=now, updatedAt=now)
    if status == "STOPPED":
        service_deployment["stoppedAt"] = now
    breaker = service_deployment["deploymentCircuitBreaker"]
    if breaker["status"] == "MONITORING":
        breaker["status"] = "MONITORING_COMPLETE"


def refresh_counts(service: Record) -> None:
    """Copy the counts of the running deployments to their service deployments and to the service."""
    for deployment in service["deployments"]:
        if deployment["status"] != "PRIMARY":
            continue
        current = of_deployment(service, deployment)
        if current["targetServiceRevision"]["arn"] == deployment["_revision"]:
            current["targetServiceRevision"] = _summary(deployment)
        current["deploymentCircuitBreaker"]["failureCount"] = deployment["_failures_in_a_row"]
        sources = {entry["arn"] for entry in current["sourceServiceRevisions"]}
        present = [entry for entry in service["deployments"] if entry["_revision"] in sources]
        if present and current["status"] in RUNNING:
            current["sourceServiceRevisions"] = [_summary(entry) for entry in present]
    service["currentServiceRevisions"] = [_summary(deployment) for deployment in service["deployments"]]


def brief(service_deployment: Record) -> Record:
    """The entry of ListServiceDeployments."""
    names = (
        "serviceDeploymentArn",
        "serviceArn",
        "clusterArn",
        "startedAt",
        "createdAt",
        "finishedAt",
        "status",
        "statusReason",
    )
    found = {name: service_deployment[name] for name in names if name in service_deployment}
    return {**found, "targetServiceRevisionArn": service_deployment["targetServiceRevision"]["arn"]}
