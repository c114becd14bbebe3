"""The truth about a deployment: what ECS runs, compared with what was asked."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from automation.target import Target
from infra.deployments.asking import LostContact, patiently
from infra.deployments.observing import Observer
from infra.deployments.verdict import State, Verdict, stuck
from infra.deployments.verdict import traffic_shift as shift_of

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef

_POLL_SECONDS = 1.0


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
    # Tasks of a deployment that began before this call, in the run that is being verified, explain it as well.
    observer = Observer(target, cluster, service, asked, since=time.time() - 3600)
    last = ""
    while True:
        try:
            verdict = patiently(observer.look, report=report)
        except LostContact as lost:
            return _out_of_sight(target, service, asked, f"{lost}; last seen: {last or 'nothing'}")
        if verdict is None and observer.sight is not None and time.monotonic() > deadline:
            verdict = stuck(observer.sight, asked, timeout)
        if verdict is not None:
            return observer.explain(verdict)
        if observer.progress != last:
            last = observer.progress
            report(last)
        time.sleep(_POLL_SECONDS)


def _out_of_sight(target: Target, service: str, asked: str, why: str) -> Verdict:
    """What is known of a deployment that cannot be followed any more: it has not failed as far as anybody knows."""
    return Verdict(
        service=service,
        state=State.OUT_OF_SIGHT,
        asked=asked,
        running="",
        reason=why,
        details=(f"The deployment goes on without this run. See how it ended: {target.verb('status')}",),
    )


def traffic_shift(target: Target, service: "ServiceTypeDef") -> str:
    """Where a gradual deployment stands: its lifecycle stage and the new version's share; empty for a rolling one."""
    arn = service.get("currentServiceDeployment")
    if not arn or service.get("deploymentConfiguration", {}).get("strategy", "ROLLING") == "ROLLING":
        return ""
    found = target.ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"]
    return shift_of(dict(found[0])) if found else ""
