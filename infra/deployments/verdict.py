"""The judgement of a deployment, from what ECS says of the service and of its newest service deployment.

An update that ended well says that API calls succeeded. Whether the service runs the new version only ECS knows: a
circuit breaker or an alarm may have rolled it back, a later deployment may have taken its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Described = Mapping[str, Any]

# ServiceDeploymentStatus in botocore's model of ECS.
_RUNNING = {"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}


class State(StrEnum):
    """How a deployment ended."""

    COMPLETED = "completed"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    STUCK = "stuck"
    MISSING = "missing"
    OUT_OF_SIGHT = "out of sight"


_ENDED = {"ROLLBACK_SUCCESSFUL": State.ROLLED_BACK, "ROLLBACK_FAILED": State.FAILED, "STOPPED": State.FAILED}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of one service's deployment.

    Args:
        service: Name of the ECS service.
        state: How its deployment ended.
        asked: ARN of the task definition the program asked for.
        running: ARN of the task definition that runs; empty when none does.
        deployment: Id of the deployment that was judged, `ecs-svc/…`.
        reason: Why it is not completed; empty when it is.
        details: Stopped tasks with their exit codes, unhealthy targets, and the last log lines.
    """

    service: str
    state: State
    asked: str
    running: str
    deployment: str = ""
    reason: str = ""
    details: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the service runs what was asked."""
        return self.state is State.COMPLETED

    def __str__(self) -> str:
        if self.ok:
            by = f" ({self.deployment})" if self.deployment else ""
            return f"{self.service}: {short(self.running)} runs{by}"
        lines = [f"{self.service}: the deployment of {short(self.asked)} is {self.state}: {self.reason}"]
        if self.running:
            lines.append(f"running now: {short(self.running)}")
        return "\n".join([*lines, *self.details])


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One look at a service.

    Args:
        service: The service as DescribeServices describes it.
        newest: Its newest service deployment as DescribeServiceDeployments describes it; None when there is none.
        newest_definition: ARN of the task definition that the newest one deploys; empty when it was not asked for.
    """

    service: Described
    newest: Described | None = None
    newest_definition: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether the newest service deployment has not ended."""
        return self.newest is not None and self.newest.get("status") in _RUNNING


def judge(sight: Sight, asked: str) -> Verdict | None:
    """Say what became of a deployment; None while it goes on.

    The newest service deployment's status comes first: where the task definition did not change (a rotated secret,
    another network, another strategy), a service that was rolled back runs exactly what was asked, and only that
    status tells (Amazon ECS API reference, ServiceDeployment.status).

    Args:
        sight: What ECS says.
        asked: ARN of the task definition that the service is to run.
    """
    service = sight.service
    if service.get("deploymentController", {}).get("type", "ECS") != "ECS":
        return _judge_task_sets(service, asked)
    primary = primary_of(service)
    newest = sight.newest
    if primary is None or (newest is not None and newest.get("status") in _RUNNING):
        return None
    if newest is not None and not _is_of(newest, primary):
        newest = None
    status = str((newest or {}).get("status", ""))
    if status in _ENDED and sight.newest_definition in {"", asked}:
        return _verdict(service, primary, asked, _ENDED[status], _reason(newest, primary))
    if primary["taskDefinition"] != asked:
        return _displaced(service, primary, asked)
    return _judge_rollout(service, primary, asked, _reason(newest, primary))


def _judge_rollout(service: Described, primary: Described, asked: str, reason: str) -> Verdict | None:
    # ECS gives no rolloutState for some services (API reference, Deployment.rolloutState): then the status has spoken.
    rollout = primary.get("rolloutState", "COMPLETED")
    if rollout == "FAILED":
        return _verdict(service, primary, asked, State.FAILED, reason)
    return _verdict(service, primary, asked, State.COMPLETED, "") if rollout == "COMPLETED" else None


def _displaced(service: Described, primary: Described, asked: str) -> Verdict:
    """Another version runs: the asked one has failed, or somebody deployed a later one."""
    for item in service["deployments"]:
        if item["taskDefinition"] == asked and item.get("rolloutState") == "FAILED":
            return _verdict(service, primary, asked, State.ROLLED_BACK, _reason(None, item))
    why = f"the newest deployment is another one ({primary['id']}, {short(primary['taskDefinition'])})"
    return _verdict(service, primary, asked, State.SUPERSEDED, why)


def _is_of(newest: Described, primary: Described) -> bool:
    """Whether the newest service deployment that is listed is the one that the primary deployment came from.

    The list lags behind DescribeServices (terraform-provider-aws, internal/service/ecs/service.go,
    findPrimaryDeploymentARN: none found means pending). Right after an update the newest listed one may be an earlier
    one, which had ended before the primary deployment began.
    """
    target = str((newest.get("targetServiceRevision") or {}).get("arn", ""))
    if target.rpartition("/")[2] == str(primary["id"]).rpartition("/")[2]:
        return True
    ended, began = newest.get("finishedAt"), primary.get("createdAt")
    return ended is None or began is None or began <= ended


def _reason(newest: Described | None, deployment: Described) -> str:
    said = (newest or {}).get("statusReason") or deployment.get("rolloutStateReason")
    return str(said or "ECS gives no reason")


def _verdict(service: Described, primary: Described, asked: str, state: State, reason: str) -> Verdict:
    nothing_runs = state is not State.COMPLETED and not primary.get("runningCount")
    return Verdict(
        service=str(service["serviceName"]),
        state=state,
        asked=asked,
        running="" if nothing_runs else str(primary["taskDefinition"]),
        deployment=str(primary["id"]),
        reason=reason,
    )


def _judge_task_sets(service: Described, asked: str) -> Verdict:
    """Services that CodeDeploy deploys have task sets; which of them is primary is CodeDeploy's word."""
    sets = service.get("taskSets") or []
    primary = next((item for item in sets if item.get("status") == "PRIMARY"), None)
    running = str(primary["taskDefinition"] if primary else service.get("taskDefinition", ""))
    done = running == asked
    return Verdict(
        service=str(service["serviceName"]),
        state=State.COMPLETED if done else State.SUPERSEDED,
        asked=asked,
        running=running,
        reason="" if done else "CodeDeploy deploys this service, and runs another task definition",
    )


def cannot_heal(sight: Sight, asked: str) -> Verdict:
    """The verdict on a deployment whose tasks fail their health checks in a way that trying again does not mend."""
    others = [item for item in sight.service["deployments"] if item["taskDefinition"] != asked]
    kept = next((item for item in others if item.get("runningCount")), None)
    primary = primary_of(sight.service) or {}
    return Verdict(
        service=str(sight.service["serviceName"]),
        state=State.FAILED,
        asked=asked,
        running=str(kept["taskDefinition"]) if kept else "",
        deployment=str(primary.get("id", "")),
        reason="its tasks cannot become healthy; ECS goes on trying until its circuit breaker, if it has one, ends it",
    )


def missing(service: str, cluster: str, asked: str) -> Verdict:
    """The verdict on a service that is not there."""
    reason = f"cluster {cluster} has no active service of that name"
    return Verdict(service=service, state=State.MISSING, asked=asked, running="", reason=reason)


def stuck(sight: Sight, asked: str, seconds: float) -> Verdict:
    """The verdict on a deployment that has not come to its end within a time."""
    primary = primary_of(sight.service)
    return Verdict(
        service=str(sight.service["serviceName"]),
        state=State.STUCK,
        asked=asked,
        running=str(primary["taskDefinition"]) if primary else "",
        deployment=str(primary["id"]) if primary else "",
        reason=f"not at its end after {seconds:.0f} s; {progress_line(sight.service)}",
    )


def progress_line(service: Described, shift: str = "") -> str:
    """One line on where a service stands: tasks, rollout, newest event.

    Args:
        service: The service as ECS describes it.
        shift: Where its traffic shift stands, see `traffic_shift`.
    """
    primary = primary_of(service)
    counts = f"{service['runningCount']}/{service['desiredCount']} tasks running"
    if service["pendingCount"]:
        counts += f", {service['pendingCount']} pending"
    if primary is not None and len(service["deployments"]) > 1:
        counts += f", {primary['runningCount']} of them new"
    failed = primary.get("failedTasks", 0) if primary is not None else 0
    if failed:
        counts += f", {failed} failed"
    rollout = f" · {shift or primary.get('rolloutState', '')}" if primary is not None else ""
    events = service.get("events") or []
    return f"{service['serviceName']}: {counts}{rollout}" + (f" · {events[0]['message']}" if events else "")


def traffic_shift(service_deployment: Described | None) -> str:
    """Where a gradual deployment stands: its lifecycle stage and the new version's share; empty for a rolling one."""
    if service_deployment is None or "lifecycleStage" not in service_deployment:
        return ""
    if service_deployment.get("deploymentConfiguration", {}).get("strategy", "ROLLING") == "ROLLING":
        return ""
    if service_deployment.get("status") != "IN_PROGRESS":
        return str(service_deployment.get("status", ""))
    share = service_deployment.get("targetServiceRevision", {}).get("requestedProductionTrafficWeight", 0)
    return f"{service_deployment['lifecycleStage']}, {share:g}% of the traffic to the new version"


def primary_of(service: Described) -> Described | None:
    """The service's primary deployment."""
    return next((item for item in service["deployments"] if item["status"] == "PRIMARY"), None)


def short(arn: str) -> str:
    """The last part of an ARN, by which people know the object: `family:revision` of a task definition."""
    return arn.rsplit("/", 1)[-1]
