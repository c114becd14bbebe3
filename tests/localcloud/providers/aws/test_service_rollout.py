"""What counts as a failed deployment of a service."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.service_rollout import failed, steady, update_service
from localcloud.providers.aws.table.ecs_services import SERVICE
from localcloud.providers.values import Values

WEB_1 = "arn:aws:ecs:us-east-1:000000000000:task-definition/web:1"
WEB_2 = "arn:aws:ecs:us-east-1:000000000000:task-definition/web:2"


def deployment(
    identity: str, definition: str, status: str = "PRIMARY", rollout: str = "IN_PROGRESS"
) -> Values:
    return {
        "id": identity,
        "taskDefinition": definition,
        "status": status,
        "rolloutState": rollout,
        "rolloutStateReason": f"{identity} is {rollout}",
        "runningCount": 1,
    }


def service(*deployments: Values) -> Values:
    return {
        "serviceName": "web",
        "deployments": list(deployments),
        "desiredCount": 1,
        "runningCount": 1,
        "pendingCount": 0,
    }


def test_a_failed_deployment_fails_with_its_own_reason() -> None:
    reason = failed(service(deployment("new", WEB_2, rollout="FAILED")), WEB_2, "new")

    assert reason is not None
    assert "web:2" in reason
    assert "new is FAILED" in reason


def test_an_earlier_failure_of_the_same_version_does_not_fail_another_try() -> None:
    now = service(deployment("again", WEB_2), deployment("before", WEB_2, status="ACTIVE", rollout="FAILED"))

    assert failed(now, WEB_2, "again") is None


def test_a_rollback_to_another_version_is_a_failure_even_when_it_completes() -> None:
    now = service(
        deployment("rollback", WEB_1, rollout="COMPLETED"),
        deployment("new", WEB_2, status="ACTIVE", rollout="FAILED"),
    )

    assert failed(now, WEB_2, "new") is not None
    assert failed(service(deployment("rollback", WEB_1, rollout="COMPLETED")), WEB_2, "new") is not None


def test_a_service_is_steady_only_when_its_one_deployment_has_completed() -> None:
    assert steady(service(deployment("new", WEB_2, rollout="COMPLETED")))
    assert not steady(service(deployment("new", WEB_2)))
    assert not steady(
        service(
            deployment("new", WEB_2, rollout="COMPLETED"),
            deployment("old", WEB_1, status="ACTIVE", rollout="COMPLETED"),
        )
    )


def test_what_is_run_otherwise_is_said() -> None:
    assert SERVICE.differs is not None
    assert SERVICE.differs({"name": "web"}) == ""
    assert SERVICE.differs({"deploymentConfiguration": {"strategy": "CANARY"}}) == ""
    hooks = [{"hookTargetArn": "arn:aws:lambda:us-east-1:1:function:f"}]
    assert "Lambda function" in SERVICE.differs({"deploymentConfiguration": {"lifecycleHooks": hooks}})
    assert "EXTERNAL" in SERVICE.differs({"deploymentController": {"type": "EXTERNAL"}})
    assert "CODE_DEPLOY" in SERVICE.differs({"deploymentController": {"type": "CODE_DEPLOY"}})
    offered = {"enabled": True, "services": [{"portName": "http"}]}
    assert "no proxy" in SERVICE.differs({"serviceConnectConfiguration": offered})


def test_capacity_changes_with_a_new_deployment_only() -> None:
    """The AWS provider refuses it otherwise, half-way through an update (terraform-provider-aws#43533)."""
    sent: list[Any] = []
    context = cast(
        "Context",
        SimpleNamespace(
            kind=SERVICE, title="ecs.Service 'web'", call=lambda _, request: sent.append(request)
        ),
    )
    before = {"id": "arn:aws:ecs:us-east-1:000000000000:service/main/web", "cluster": "main"}
    spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    with pytest.raises(LocalCloudError, match="capacityProviderStrategies changes"):
        update_service(context, {**before, "capacityProviderStrategies": spot}, before)
    assert not sent
    update_service(
        context, {**before, "capacityProviderStrategies": spot, "forceNewDeployment": True}, before
    )
    assert sent[0]["forceNewDeployment"] is True
    assert sent[0]["capacityProviderStrategy"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
