"""What counts as a failed deployment of a service."""

from localcloud.providers.aws.service_rollout import failed, steady
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
