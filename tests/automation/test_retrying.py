"""Before an update: what failed the last time is made ready to be tried again."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from automation.engines import CloudResource, StackEngine
from automation.retrying import prepare
from automation.target import Target
from tests.automation.test_verification import NEW, OLD, Cloud, deployment, service

SERVICE = CloudResource(
    urn="urn:pulumi:dev::shop::aws:ecs/service:Service::web",
    type="aws:ecs/service:Service",
    id="web",
    inputs={"taskDefinition": NEW, "cluster": "shop", "name": "web"},
    outputs={},
)


class Recording(Cloud):
    """An ECS that remembers what it was told to do."""

    def update_service(self, **told: Any) -> None:
        done.append(f"forced {told['service']}")


done: list[str] = []


@pytest.mark.parametrize(
    ("status", "described", "expected"),
    [
        ("ROLLBACK_SUCCESSFUL", service(deployment(OLD, "COMPLETED")), ["read anew"]),
        ("STOPPED", service({**deployment(NEW, "FAILED"), "runningCount": 0}), ["forced web"]),
        ("SUCCESSFUL", service(deployment(NEW, "COMPLETED")), []),
        ("IN_PROGRESS", service(deployment(NEW, "IN_PROGRESS")), []),
    ],
)
def test_what_ecs_did_not_keep_is_deployed_again(
    status: str, described: dict[str, Any], expected: list[str]
) -> None:
    done.clear()
    said: list[str] = []
    target = Target(stack="dev", region="us-east-1", local=None)
    target.__dict__.update(ecs=Recording(described, newest={"status": status}, brought=NEW))
    engine = SimpleNamespace(resources=lambda: [SERVICE], refresh=lambda: done.append("read anew"))
    prepare(target, cast("StackEngine", engine), said.append)
    assert done == expected
    assert bool(said) == bool(expected)
