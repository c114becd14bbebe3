"""The truth about a deployment: what ECS runs, compared with what was asked.

An update that ended well says that the API calls succeeded. Whether the service runs the new version only ECS knows: a
circuit breaker or an alarm may have rolled it back, a later deployment may have taken its place.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from automation.diagnosis import diagnose
from automation.target import Target

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import DeploymentTypeDef, ServiceDeploymentTypeDef, ServiceTypeDef

_POLL_SECONDS = 1.0
_RUNNING = {"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}
_ROLLED_BACK = {"ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_REQUESTED"}


class State(StrEnum):
    """How a deployment ended."""

    COMPLETED = "completed"
    ROLLED_BACK = "rolled back"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    STUCK = "stuck"
    MISSING = "missing"


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
        details: Stopped tasks with their exit codes, and the last log lines.
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


def verify_service(
    target: Target,
    cluster: str,
    service: str,
    asked: str,
    *,
    timeout: float = 1800.0,
    report: Callable[[str], object] = lambda _: None,
) -> Verdict:
    """Follow a service's deployment to its end and say what came of it.

    Args:
        target: The cloud to ask.
        cluster: Name or ARN of the cluster.
        service: Name of the service.
        asked: ARN of the task definition the service is to run.
        timeout: Seconds without an end after which the deployment is stuck.
        report: Called with a line whenever the numbers change.
    """
    deadline = time.monotonic() + timeout
    started = time.time()
    last = ""
    while True:
        described = _describe(target, cluster, service)
        if described is None:
            return Verdict(
                service=service,
                state=State.MISSING,
                asked=asked,
                running="",
                reason=f"cluster {cluster} has no active service of that name",
            )
        verdict = _judge(target, described, asked)
        if verdict is None and time.monotonic() > deadline:
            verdict = _stuck(described, asked, timeout)
        if verdict is not None:
            return verdict if verdict.ok else _explained(verdict, target, described, started)
        line = progress_line(described, traffic_shift(target, described))
        if line != last:
            report(line)
            last = line
        time.sleep(_POLL_SECONDS)


def traffic_shift(target: Target, service: "ServiceTypeDef") -> str:
    """Where a gradual deployment stands: its lifecycle stage and the new version's share; empty for a rolling one."""
    strategy = service.get("deploymentConfiguration", {}).get("strategy", "ROLLING")
    arn = service.get("currentServiceDeployment")
    if strategy == "ROLLING" or not arn:
        return ""
    found = target.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    if not found or "lifecycleStage" not in found[0]:
        return ""
    if found[0].get("status") != "IN_PROGRESS":
        return str(found[0].get("status", ""))
    share = found[0].get("targetServiceRevision", {}).get("requestedProductionTrafficWeight", 0)
    return f"{found[0]['lifecycleStage']}, {share:g}% of the traffic to the new version"


def progress_line(service: "ServiceTypeDef", shift: str = "") -> str:
    """One line on where a service stands: tasks, rollout, newest event.

    Args:
        service: The service as ECS describes it.
        shift: Where its traffic shift stands, see `traffic_shift`.
    """
    primary = _primary(service)
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


def short(arn: str) -> str:
    """`family:revision` of a task definition's ARN."""
    return arn.rsplit("/", 1)[-1]


def _describe(target: Target, cluster: str, service: str) -> "ServiceTypeDef | None":
    found = target.ecs.describe_services(cluster=cluster, services=[service])["services"]
    return found[0] if found and found[0]["status"] != "INACTIVE" else None


def _primary(service: "ServiceTypeDef") -> "DeploymentTypeDef | None":
    return next((item for item in service["deployments"] if item["status"] == "PRIMARY"), None)


def _judge(target: Target, service: "ServiceTypeDef", asked: str) -> Verdict | None:
    """The verdict; None while the deployment goes on."""
    if service.get("deploymentController", {}).get("type", "ECS") != "ECS":
        return _judge_task_sets(service, asked)
    primary = _primary(service)
    newest = _newest_deployment(target, service)
    if primary is None or (newest is not None and newest.get("status") in _RUNNING):
        return None
    running, name = primary["taskDefinition"], service["serviceName"]
    reason = (newest or {}).get("statusReason") or primary.get("rolloutStateReason") or "ECS gives no reason"

    def verdict(state: State, why: str = "") -> Verdict:
        return Verdict(
            service=name, state=state, asked=asked, running=running, deployment=primary["id"], reason=why
        )

    if running == asked:
        states = {"COMPLETED": State.COMPLETED, "FAILED": State.FAILED}
        state = states.get(primary.get("rolloutState", "COMPLETED"))
        if state is State.FAILED and not primary["runningCount"]:
            running = ""
        return None if state is None else verdict(state, "" if state is State.COMPLETED else reason)
    if newest is not None and newest.get("status") in _ROLLED_BACK:
        return verdict(State.ROLLED_BACK, reason)
    if any(
        item["taskDefinition"] == asked and item.get("rolloutState") == "FAILED"
        for item in service["deployments"]
    ):
        return verdict(State.ROLLED_BACK, reason)
    return verdict(
        State.SUPERSEDED, f"the newest deployment is another one ({primary['id']}, {short(running)})"
    )


def _judge_task_sets(service: "ServiceTypeDef", asked: str) -> Verdict | None:
    """Services that CodeDeploy deploys have task sets; which of them is primary is CodeDeploy's word."""
    sets = service.get("taskSets") or []
    primary = next((item for item in sets if item.get("status") == "PRIMARY"), None)
    running = primary["taskDefinition"] if primary else service.get("taskDefinition", "")
    if running == asked:
        return Verdict(service=service["serviceName"], state=State.COMPLETED, asked=asked, running=running)
    return Verdict(
        service=service["serviceName"],
        state=State.SUPERSEDED,
        asked=asked,
        running=running,
        reason="CodeDeploy deploys this service, and runs another task definition",
    )


def _newest_deployment(target: Target, service: "ServiceTypeDef") -> "ServiceDeploymentTypeDef | None":
    """The newest service deployment; ECS keeps them for 90 days."""
    brief = target.ecs.list_service_deployments(
        cluster=service["clusterArn"], service=service["serviceArn"], maxResults=20
    )["serviceDeployments"]
    if not brief:
        return None
    newest = max(brief, key=lambda item: item["createdAt"])["serviceDeploymentArn"]
    found = target.ecs.describe_service_deployments(serviceDeploymentArns=[newest])["serviceDeployments"]
    return found[0] if found else None


def _stuck(service: "ServiceTypeDef", asked: str, timeout: float) -> Verdict:
    primary = _primary(service)
    return Verdict(
        service=service["serviceName"],
        state=State.STUCK,
        asked=asked,
        running=primary["taskDefinition"] if primary else "",
        deployment=primary["id"] if primary else "",
        reason=f"not at its end after {timeout:.0f} s; {progress_line(service)}",
    )


def _explained(verdict: Verdict, target: Target, service: "ServiceTypeDef", started: float) -> Verdict:
    # Tasks of a deployment that began before this call, in the run that is being verified, explain it as well.
    details = diagnose(target, service, verdict.asked, since=started - 3600)
    return Verdict(
        service=verdict.service,
        state=verdict.state,
        asked=verdict.asked,
        running=verdict.running,
        deployment=verdict.deployment,
        reason=verdict.reason,
        details=tuple(details),
    )
