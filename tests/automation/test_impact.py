"""What a preview says that an update will cost users."""

from typing import Any

import pytest

from automation.engines import CloudResource
from automation.impact import Cost, Impact, impacts
from localcloud.engine import Op, PropertyChange, ResourceEvent, Status

SERVICE = "aws:ecs/service:Service"


def costs(type_: str, op: Op, *changes: PropertyChange, known: bool = True, **inputs: Any) -> list[Impact]:
    urn = f"urn:pulumi:dev::shop::{type_}::web"
    event = ResourceEvent(status=Status.FINISHED, op=op, urn=urn, type=type_, name="web", changes=changes)
    resource = CloudResource(urn=urn, type=type_, id="web", inputs=inputs, outputs={})
    return impacts([event, event], [resource] if known else [])


def change(path: str, old: Any, new: Any, *, replaces: bool = False) -> PropertyChange:
    return PropertyChange(path=path, old=old, new=new, replaces=replaces)


def test_a_replaced_service_loses_requests_because_of_what_replaces_it() -> None:
    (impact,) = costs(
        SERVICE,
        Op.REPLACE,
        change("launchType", None, "FARGATE", replaces=True),
        change("tags.x", "1", "2"),
    )
    assert impact.cost is Cost.LOSES_REQUESTS
    assert impact.because == ("launchType",)
    assert str(impact).startswith(
        "web  aws:ecs/service:Service  loses requests: every task of it stops before"
    )
    assert str(impact).endswith("(because of launchType)")


@pytest.mark.parametrize(
    ("type_", "op", "inputs", "expected"),
    [
        ("aws:lb/loadBalancer:LoadBalancer", Op.REPLACE, {}, [Cost.REPLACES_LIVE]),
        (
            "aws:lb/loadBalancer:LoadBalancer",
            Op.REPLACE,
            {"enableDeletionProtection": True},
            [Cost.CANNOT_WORK, Cost.REPLACES_LIVE],
        ),
        ("aws:lb/targetGroup:TargetGroup", Op.REPLACE, {}, [Cost.REPLACES_LIVE]),
        ("aws:lb/listenerRule:ListenerRule", Op.DELETE, {}, [Cost.LOSES_REQUESTS]),
        ("aws:ecr/repository:Repository", Op.DELETE, {}, [Cost.CANNOT_WORK]),
        ("aws:ecr/repository:Repository", Op.DELETE, {"forceDelete": True}, [Cost.LOSES_DATA]),
        ("aws:cloudwatch/logGroup:LogGroup", Op.REPLACE, {}, [Cost.LOSES_DATA]),
        ("aws:route53/record:Record", Op.DELETE, {"type": "A"}, [Cost.LOSES_REQUESTS]),
        ("aws:route53/record:Record", Op.DELETE, {"type": "CNAME"}, []),
        # Every new version replaces the task definition, and the old one stays registered.
        ("aws:ecs/taskDefinition:TaskDefinition", Op.REPLACE, {}, []),
    ],
)
def test_what_goes_is_marked(type_: str, op: Op, inputs: dict[str, Any], expected: list[Cost]) -> None:
    assert [impact.cost for impact in costs(type_, op, **inputs)] == expected


def test_another_health_check_judges_the_tasks_that_run() -> None:
    group = "aws:lb/targetGroup:TargetGroup"
    (impact,) = costs(group, Op.UPDATE, change("healthCheck.path", "/", "/nope"), change("slowStart", 0, 30))
    assert impact.cost is Cost.LOSES_REQUESTS
    assert impact.because == ("healthCheck.path",)
    assert costs(group, Op.UPDATE, change("healthCheck.interval", 30, 10)) == []


def test_a_first_deployment_costs_nothing() -> None:
    assert costs(SERVICE, Op.CREATE, known=False) == []
    assert costs("aws:lb/loadBalancer:LoadBalancer", Op.CREATE, known=False) == []


def test_a_service_left_without_a_task_is_marked() -> None:
    (none_left,) = costs(SERVICE, Op.UPDATE, change("desiredCount", 2, 0))
    assert none_left.reason == "no task is left to answer"
    assert costs(SERVICE, Op.UPDATE, change("desiredCount", 3, 2)) == []

    deploy = change("taskDefinition", "web:1", "web:2")
    assert costs(SERVICE, Op.UPDATE, deploy, deploymentMinimumHealthyPercent=100) == []
    (gap,) = costs(SERVICE, Op.UPDATE, deploy, deploymentMinimumHealthyPercent=0)
    assert "old tasks may all stop" in gap.reason
