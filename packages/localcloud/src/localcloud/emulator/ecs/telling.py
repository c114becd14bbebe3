"""What the event bus hears of a deployment: from ECS, or from CodeDeploy where that deploys the service.

ECS tells of the deployments that it runs itself; a service of CodeDeploy's has task sets instead ("Amazon ECS service
deployment state change events": deployments of the rolling and blue/green types).
"""

from localcloud.emulator import event_bus
from localcloud.emulator.ecs.state import Record

FROM_CODE_DEPLOY = "_code_deployment"
"""Where a service deployment keeps what CodeDeploy says of itself; it has none when ECS deploys."""
STOPPED = "_stopped_by"


def began(service: Record, service_deployment: Record) -> None:
    """Tell of a deployment of CodeDeploy's that has begun."""
    event_bus.code_deployment_changed(service["serviceArn"], service_deployment[FROM_CODE_DEPLOY], "START")


def completed(service: Record, deployment: Record) -> None:
    """Tell that the primary deployment is complete; after a rollback that is the one before."""
    current = service["_service_deployments"][0]
    if FROM_CODE_DEPLOY not in current:
        event_bus.deployment_changed(
            service["serviceArn"],
            deployment,
            "SERVICE_DEPLOYMENT_COMPLETED",
            deployment["rolloutStateReason"],
        )
    elif current["targetServiceRevision"]["arn"] == deployment["_revision"]:
        event_bus.code_deployment_changed(service["serviceArn"], current[FROM_CODE_DEPLOY], "SUCCESS")


def failed(service: Record, deployment: Record, reason: str) -> None:
    """Tell that a deployment has failed, once: CodeDeploy says whether it failed or was stopped."""
    current = service["_service_deployments"][0]
    if FROM_CODE_DEPLOY not in current:
        event_bus.deployment_changed(service["serviceArn"], deployment, "SERVICE_DEPLOYMENT_FAILED", reason)
    elif current["status"] != "ROLLBACK_IN_PROGRESS":
        state = "STOP" if is_stopped(current) else "FAILURE"
        event_bus.code_deployment_changed(service["serviceArn"], current[FROM_CODE_DEPLOY], state)


def is_stopped(service_deployment: Record) -> bool:
    """Whether somebody stopped it, or an alarm.

    CodeDeploy User Guide, "Monitoring deployments with alarms": an alarm stops the deployment.
    """
    alarmed = (service_deployment.get("alarms") or {}).get("triggeredAlarmNames")
    return bool(alarmed or service_deployment.get(STOPPED))
