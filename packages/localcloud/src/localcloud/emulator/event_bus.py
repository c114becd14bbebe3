"""Events of AWS services on the account's default bus, and which topics EventBridge may tell of them.

MiniStack matches rules and calls their targets; it publishes to every topic, where EventBridge asks the topic's policy.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from localcloud.emulator import upstream

logger = logging.getLogger(__name__)
PRINCIPAL = "events.amazonaws.com"


def install() -> None:
    """Ask topics' policies before EventBridge publishes."""
    bus = upstream.eventbridge
    bus._dispatch_to_sns = _where_allowed(bus._dispatch_to_sns)


def deployment_changed(service_arn: str, deployment: Mapping[str, Any], name: str, reason: str) -> None:
    """Tell the bus of an ECS deployment ("Amazon ECS deployment state change events").

    Args:
        service_arn: The service.
        deployment: Its deployment.
        name: `SERVICE_DEPLOYMENT_IN_PROGRESS`, `SERVICE_DEPLOYMENT_COMPLETED` or `SERVICE_DEPLOYMENT_FAILED`.
        reason: Why, in ECS's words.
    """
    detail = {
        "eventType": "ERROR" if name.endswith("FAILED") else "INFO",
        "eventName": name,
        "deploymentId": deployment["id"],
        "updatedAt": datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds"),
        "reason": reason,
    }
    _put("aws.ecs", "ECS Deployment State Change", detail, [service_arn])


def code_deployment_changed(service_arn: str, told: Mapping[str, str], state: str) -> None:
    """Tell the bus of a CodeDeploy deployment ("Monitoring deployments with Amazon CloudWatch Events", CodeDeploy).

    Args:
        service_arn: The service that it deploys.
        told: `application`, `deploymentGroup`, `deploymentId` and `instanceGroupId`.
        state: `START`, `SUCCESS`, `FAILURE` or `STOP`.
    """
    partition, _, region, account = service_arn.split(":", 5)[1:5]
    prefix, name = f"arn:{partition}:codedeploy:{region}:{account}", told["application"]
    resources = [f"{prefix}:application:{name}", f"{prefix}:deploymentgroup:{name}/{told['deploymentGroup']}"]
    detail = {**told, "region": region, "state": state}
    _put("aws.codedeploy", "CodeDeploy Deployment State-change Notification", detail, resources)


def _put(source: str, kind: str, detail: Mapping[str, Any], resources: Sequence[str]) -> None:
    """Publish on a thread of its own: targets may call back, and whoever changes a service holds its lock."""
    region, account = resources[0].split(":", 5)[3:5]
    entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "Resources": list(resources)}

    def run() -> None:
        with upstream.responses.request_scope(account, region):
            upstream.eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    threading.Thread(target=run, daemon=True, name=f"event-{kind}").start()


def _where_allowed(publish: Callable[[str, str], None]) -> Callable[[str, str], None]:
    def send(arn: str, payload: str) -> None:
        found = upstream.sns.topic_policy_for_arn(arn)
        if found is not None and not may_publish(found[0], arn):
            # On AWS only the rule's metric FailedInvocations tells.
            logger.warning(
                "EventBridge may not publish to %s: its policy has no statement without a condition for %s",
                arn,
                PRINCIPAL,
            )
            return
        publish(arn, payload)

    return send


def may_publish(policy: str, topic: str) -> bool:
    """Whether a topic's policy lets EventBridge publish.

    A statement with a condition does not: EventBridge sends no keys for it ("You can't use Condition blocks in Amazon
    SNS topic policies for EventBridge", EventBridge User Guide, "Amazon SNS permissions").
    """
    statements = json.loads(policy or "{}").get("Statement") or []
    return any(
        statement.get("Effect") == "Allow"
        and not statement.get("Condition")
        and _names(statement.get("Principal"))
        and {action.lower() for action in _listed(statement.get("Action"))} & {"sns:publish", "sns:*", "*"}
        and {topic, "*"} & set(_listed(statement.get("Resource")))
        for statement in (statements if isinstance(statements, list) else [statements])
    )


def _names(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        services, accounts = _listed(principal.get("Service")), _listed(principal.get("AWS"))
        return PRINCIPAL in services or "*" in accounts
    return bool(principal == "*")


def _listed(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
