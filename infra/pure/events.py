"""Events that people want to hear of: deployments that failed, whoever ran them.

Sources: "Amazon ECS deployment state change events" (ECS Developer Guide), "Monitoring deployments with Amazon
CloudWatch Events" (CodeDeploy User Guide).
"""

from collections.abc import Sequence
from typing import Any

MESSAGE_PARTS = {"service": "$.resources[0]", "what": "$.detail.eventName", "why": "$.detail.reason"}
SERVICES_AT_ONCE = 10
"""Services that one pattern names: a pattern has at most 2,048 characters (EventBridge quotas), an ARN up to 200."""
MESSAGE = '"<what> of <service>: <why>"'


def failed_deployments(
    *, cluster: str, services: Sequence[str] = (), partition: str, region: str, account_id: str
) -> dict[str, Any]:
    """Pattern of the events that say a deployment of one of the cluster's services has failed.

    Args:
        cluster: Name of the cluster.
        services: Names of the services, where others are in the cluster too; empty for all of them.
        partition: Partition.
        region: Region.
        account_id: Account.
    """
    prefix = f"arn:{partition}:ecs:{region}:{account_id}:service/{cluster}/"
    resources: list[Any] = [f"{prefix}{service}" for service in services]
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "resources": resources or [{"prefix": prefix}],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }


CODE_DEPLOY_PARTS = {
    "id": "$.detail.deploymentId",
    "group": "$.detail.deploymentGroup",
    "state": "$.detail.state",
}
CODE_DEPLOY_MESSAGE = '"CodeDeploy: deployment <id> of <group> ended with <state>"'


def failed_code_deployments(*, application: str, group: str) -> dict[str, Any]:
    """Pattern of the events that say a deployment of a deployment group has failed or was stopped.

    ECS says nothing of these: its service has no deployments while CodeDeploy is its controller. An alarm, or a person,
    that ends a deployment stops it.
    """
    return {
        "source": ["aws.codedeploy"],
        "detail-type": ["CodeDeploy Deployment State-change Notification"],
        "detail": {
            "application": [application],
            "deploymentGroup": [group],
            "state": ["FAILURE", "STOP"],
        },
    }
