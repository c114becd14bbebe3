"""What was changed outside of the program: differences in what it declares, objects that are gone, rotated secrets.

A refresh reads more than that. What AWS adds by itself (a target group's load balancer, a security group's rules that
are resources of their own) is no drift, and neither is what belongs to someone else: the desired count to the
autoscaler, weights and live target groups to ECS during gradual deployments.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from automation.engines import CloudResource, StackEngine
from automation.secret_versions import rotated as rotated_versions
from automation.target import Target
from localcloud.engine import Op, Outcome, PropertyChange, ResourceEvent, Status
from localcloud.engine.paths import parse_path

_SERVICE = "aws:ecs/service:Service"
_SCALABLE = "aws:appautoscaling/target:Target"
# What ECS moves between two target groups (Amazon ECS Developer Guide, "Amazon ECS blue/green deployments").
_MOVED_BY_ECS = {
    _SERVICE: {"loadBalancers"},
    "aws:lb/listenerRule:ListenerRule": {"actions"},
    "aws:lb/listener:Listener": {"defaultActions"},
}


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """A resource that is not what the program made of it.

    Args:
        urn: Its URN.
        type: Its type token.
        name: Its logical name.
        gone: Whether it does not exist any more.
        changes: Declared properties with their recorded and their present value; secrets are masked.
    """

    urn: str
    type: str
    name: str
    gone: bool
    changes: tuple[PropertyChange, ...]


@dataclass(frozen=True, kw_only=True)
class DriftReport:
    """What was found.

    Args:
        ok: Whether everything could be read.
        drifted: The resources that differ.
        errors: Why something could not be read.
    """

    ok: bool
    drifted: tuple[Drifted, ...]
    errors: tuple[str, ...]


def find_drift(
    make_engine: Callable[[Callable[[Any], None]], StackEngine], target: Target | None = None
) -> DriftReport:
    """Read every object of a stack and compare it with what the program declared; nothing is changed.

    Args:
        make_engine: Makes the stack's engine with the handler it is given.
        target: The stack's cloud, where secrets are asked for their version; None leaves them out.
    """
    events: list[ResourceEvent] = []

    def collect(event: Any) -> None:
        if isinstance(event, ResourceEvent) and event.status is Status.FINISHED:
            events.append(event)

    engine = make_engine(collect)
    resources = engine.resources()
    outcome: Outcome = engine.drift()
    found = drifted(events, resources)
    errors = list(outcome.errors)
    if target is not None:
        gone = {item.urn for item in found if item.gone}
        rotated, problems = rotated_secrets(target, [item for item in resources if item.urn not in gone])
        found, errors = _together(found, rotated), [*errors, *problems]
    return DriftReport(ok=outcome.ok and not errors, drifted=tuple(found), errors=tuple(errors))


def _together(found: list[Drifted], more: list[Drifted]) -> list[Drifted]:
    """One entry per resource, with what a refresh found and what it does not look at."""
    changes = {item.urn: item.changes for item in more}
    listed = [replace(item, changes=(*item.changes, *changes.get(item.urn, ()))) for item in found]
    return listed + [item for item in more if item.urn not in {one.urn for one in found}]


def drifted(events: Iterable[ResourceEvent], resources: Iterable[CloudResource]) -> list[Drifted]:
    """The drift in a refresh's events.

    Args:
        events: Finished steps of the refresh.
        resources: The resources as they were recorded.
    """
    known = {item.urn: item for item in resources}
    foreign = _foreign_properties(known)
    found = []
    for event in events:
        gone = event.op is Op.DELETE
        changes = (
            ()
            if gone
            else tuple(
                change
                for change in event.changes
                if _declared(known.get(event.urn), change) and _top(change) not in foreign.get(event.urn, ())
            )
        )
        if gone or changes:
            found.append(Drifted(urn=event.urn, type=event.type, name=event.name, gone=gone, changes=changes))
    return found


def rotated_secrets(target: Target, resources: Iterable[CloudResource]) -> tuple[list[Drifted], list[str]]:
    """Services whose secrets have another version than their tasks were rolled for, and what could not be asked.

    A refresh does not see that: the version is a label in the task definition, which is the program's own.

    Args:
        target: The cloud.
        resources: The stack's resources.
    """
    found: list[Drifted] = []
    problems: list[str] = []
    for item in resources:
        if item.type != _SERVICE:
            continue
        changes = []
        for variable, recorded, now in rotated_versions(target, item, problems.append):
            path = f"secrets.{variable}"
            changes.append(PropertyChange(path=path, old=recorded, new=now, replaces=False))
        if changes:
            found.append(
                Drifted(urn=item.urn, type=item.type, name=item.name, gone=False, changes=tuple(changes))
            )
    return found, problems


def _foreign_properties(resources: Mapping[str, CloudResource]) -> dict[str, set[str]]:
    """Per URN, the properties that others than the program may change."""
    scaled = {item.name for item in resources.values() if item.type == _SCALABLE}
    gradual = any(_is_gradual(item) for item in resources.values() if item.type == _SERVICE)
    return {
        urn: ({"desiredCount"} if item.type == _SERVICE and item.name in scaled else set())
        | (_MOVED_BY_ECS.get(item.type, set()) if gradual else set())
        for urn, item in resources.items()
    }


def _is_gradual(service: CloudResource) -> bool:
    configuration = service.inputs.get("deploymentConfiguration") or {}
    return isinstance(configuration, Mapping) and configuration.get("strategy", "ROLLING") != "ROLLING"


def _declared(resource: CloudResource | None, change: PropertyChange) -> bool:
    return resource is None or _top(change) in resource.inputs


def _top(change: PropertyChange) -> str:
    return str(parse_path(change.path)[0])
