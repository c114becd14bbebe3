"""Which of a service's two target groups a revision's tasks go to."""

from collections.abc import Mapping, Sequence
from typing import Any

from localcloud.emulator.ecs.state import Record


def serving(service: Record) -> Record | None:
    """The deployment that last completed, while it is still on the service; None for a service's first."""
    completed = service.get("_completed")
    if completed is None:
        return None
    return next((entry for entry in service["deployments"] if entry["id"] == completed["id"]), None)


def beside(balancers: Sequence[Mapping[str, Any]], source: Record | None) -> list[Record]:
    """Load balancers of a new revision: in each, the target group that the serving revision is not in."""
    taken = target_groups(source) if source else set()
    return [swapped(entry) if entry.get("targetGroupArn") in taken else dict(entry) for entry in balancers]


def target_groups(deployment: Record) -> set[str]:
    """The target groups a deployment's tasks are in."""
    return {str(entry.get("targetGroupArn")) for entry in deployment["_load_balancers"]}


def shown(service: Record, balancers: Sequence[Mapping[str, Any]]) -> list[Record]:
    """A revision's load balancers as the service has them: CodeDeploy keeps the listeners to itself."""
    kept = service["deploymentController"].get("type") == "ECS"
    return [
        {name: value for name, value in entry.items() if kept or name != "advancedConfiguration"}
        for entry in balancers
    ]


def swapped(balancer: Mapping[str, Any]) -> Record:
    """A load balancer with its two target groups in each other's place; unchanged where there is only one."""
    advanced = balancer.get("advancedConfiguration") or {}
    other = advanced.get("alternateTargetGroupArn")
    if not other:
        return dict(balancer)
    return {
        **balancer,
        "targetGroupArn": other,
        "advancedConfiguration": {**advanced, "alternateTargetGroupArn": balancer["targetGroupArn"]},
    }
