"""Events of ECS that people want to hear of ("Amazon ECS deployment state change events")."""

import hashlib
import re
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


def subscription_name(address: str) -> str:
    """Logical name of a subscription: readable, and the same wherever the address stands in the list."""
    words = re.sub(r"[^a-z0-9]+", "-", address.lower()).strip("-")[:40]
    return f"{words}-{hashlib.sha256(address.encode()).hexdigest()[:6]}"
