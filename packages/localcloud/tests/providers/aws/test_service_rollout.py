"""What is sent when a service changes, and what is said of what it does not do."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.service_rollout import update_service
from localcloud.providers.aws.table.ecs_services import SERVICE


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
