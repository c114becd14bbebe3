"""Events of ECS that people want to hear of ("Amazon ECS deployment state change events")."""

from typing import Any

MESSAGE_PARTS = {"service": "$.resources[0]", "what": "$.detail.eventName", "why": "$.detail.reason"}
MESSAGE = '"<what> of <service>: <why>"'


def failed_deployments(*, cluster: str, partition: str, region: str, account_id: str) -> dict[str, Any]:
    """Pattern of the events that say a deployment of one of the cluster's services has failed."""
    services = f"arn:{partition}:ecs:{region}:{account_id}:service/{cluster}/"
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Deployment State Change"],
        "resources": [{"prefix": services}],
        "detail": {"eventName": ["SERVICE_DEPLOYMENT_FAILED"]},
    }
