"""What was changed outside of the program: differences in what the program declares, and objects that are gone.

A refresh reads more than that. What AWS adds by itself (a target group's load balancer, a security group's rules that
are resources of their own) is no drift, and neither is what belongs to someone else: the desired count to the
autoscaler, weights and live target groups to ECS during gradual deployments.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from automation.engines import CloudResource, StackEngine
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


def find_drift(make_engine: Callable[[Callable[[Any], None]], StackEngine]) -> DriftReport:
    """Read every object of a stack and compare it with what the program declared; nothing is changed.

    Args:
        make_engine: Makes the stack's engine with the handler it is given.
    """
    events: list[ResourceEvent] = []

    def collect(event: Any) -> None:
        if isinstance(event, ResourceEvent) and event.status is Status.FINISHED:
            events.append(event)

    engine = make_engine(collect)
    resources = engine.resources()
    outcome: Outcome = engine.drift()
    return DriftReport(ok=outcome.ok, drifted=tuple(drifted(events, resources)), errors=outcome.errors)


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
