"""What a previewed update will cost users: requests it loses, what is live and goes, what AWS will refuse.

An engine's preview says what changes, and not what that does to somebody who uses the service while it happens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from automation.engines import CloudResource
from localcloud.engine import Op, ResourceEvent, Status


class Cost(StrEnum):
    """What kind of harm an edit does."""

    LOSES_REQUESTS = "loses requests"
    REPLACES_LIVE = "replaces what is live"
    LOSES_DATA = "loses data"
    CANNOT_WORK = "cannot work"


@dataclass(frozen=True, kw_only=True)
class Impact:
    """One edit that costs something.

    Args:
        name: Logical name of the resource.
        type: Its type token.
        cost: What kind of harm it does.
        reason: Why.
        because: The properties that cause it; empty when the resource is no longer wanted.
    """

    name: str
    type: str
    cost: Cost
    reason: str
    because: tuple[str, ...] = ()

    def __str__(self) -> str:
        because = f" (because of {', '.join(self.because)})" if self.because else ""
        return f"{self.name}  {self.type}  {self.cost}: {self.reason}{because}"


_REPLACED: Final[Mapping[str, tuple[Cost, str]]] = {
    # Its name is fixed, so the program deletes it before it makes the new one (infra/components/microservice.py).
    "aws:ecs/service:Service": (
        Cost.LOSES_REQUESTS,
        "every task of it stops before the first new one starts, and requests fail until that is healthy",
    ),
    "aws:ecs/cluster:Cluster": (
        Cost.LOSES_REQUESTS,
        "every service goes with its cluster, and so do their tasks",
    ),
    # A load balancer's DNS name has an id in it that is new for every load balancer (ELB user guide).
    "aws:lb/loadBalancer:LoadBalancer": (
        Cost.REPLACES_LIVE,
        "the new one has another DNS name, and the old one ends: who uses that name, or has it in DNS elsewhere or "
        "still cached, gets no answer",
    ),
    "aws:lb/targetGroup:TargetGroup": (
        Cost.REPLACES_LIVE,
        "the new group has no targets until the service has moved its tasks to it",
    ),
    "aws:ec2/subnet:Subnet": (
        Cost.REPLACES_LIVE,
        "tasks and load balancer nodes in it have to leave it first",
    ),
    "aws:ec2/vpc:Vpc": (Cost.LOSES_REQUESTS, "everything in it is made anew in the new one"),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": (
        Cost.LOSES_REQUESTS,
        "services find each other by none of its names until all of them are registered in the new one",
    ),
    "aws:servicediscovery/httpNamespace:HttpNamespace": (
        Cost.LOSES_REQUESTS,
        "services find each other by none of its names until all of them are deployed again",
    ),
}
_RECORD: Final = "aws:route53/record:Record"
_DELETED: Final[Mapping[str, tuple[Cost, str]]] = {
    "aws:ecs/service:Service": (Cost.LOSES_REQUESTS, "its tasks stop, and nothing answers for it"),
    "aws:ecs/cluster:Cluster": (Cost.LOSES_REQUESTS, "every service in it goes"),
    "aws:lb/loadBalancer:LoadBalancer": (Cost.LOSES_REQUESTS, "nobody reaches any service through it"),
    "aws:lb/listener:Listener": (Cost.LOSES_REQUESTS, "nobody listens at its port"),
    "aws:lb/listenerRule:ListenerRule": (
        Cost.LOSES_REQUESTS,
        "requests that only it matches get the listener's default answer, 404",
    ),
    _RECORD: (Cost.LOSES_REQUESTS, "its name is not in DNS any more"),
}
_DATA: Final[Mapping[str, str]] = {
    "aws:cloudwatch/logGroup:LogGroup": "the log lines in it are deleted",
    "aws:ecr/repository:Repository": "the images in it are deleted, and nothing that ran can be rolled back to",
    "aws:s3/bucket:Bucket": "the objects in it are deleted",
    "aws:s3/bucketV2:BucketV2": "the objects in it are deleted",
    "aws:ssm/parameter:Parameter": "its value and its history are deleted",
}
# Properties whose change makes ECS start new tasks (ECS API reference, UpdateService).
_DEPLOYING: Final = (
    "taskDefinition",
    "networkConfiguration",
    "triggers",
    "loadBalancers",
    "capacityProviderStrategies",
)
# ELB API reference, ModifyTargetGroup: it changes the checks of the targets that are there; ECS deploys nothing.
_JUDGING: Final = ("healthCheck.path", "healthCheck.matcher", "healthCheck.port", "healthCheck.protocol")
_JUDGED: Final = (
    "tasks that run are judged by it at once, without a deployment that could be rolled back: where they do not answer "
    "as it asks, they are taken out one by one"
)
_GOING: Final = {Op.REPLACE, Op.DELETE}


def impacts(events: Iterable[ResourceEvent], resources: Iterable[CloudResource]) -> list[Impact]:
    """Say what a previewed update will cost users.

    Args:
        events: What the preview said it would do; other events are left out.
        resources: The stack's resources before it.
    """
    before = {item.urn: item for item in resources}
    found: dict[Impact, None] = {}
    for event in events:
        known = before.get(event.urn)
        if event.status is Status.FINISHED and known is not None:
            found.update(dict.fromkeys(_impacts_of(event, known)))
    return list(found)


def _impacts_of(event: ResourceEvent, known: CloudResource) -> Iterable[Impact]:
    because = tuple(dict.fromkeys(change.path for change in event.changes if change.replaces))

    def impact(cost: Cost, reason: str, causes: Sequence[str] = because) -> Impact:
        return Impact(name=event.name, type=event.type, cost=cost, reason=reason, because=tuple(causes))

    if event.op in _GOING:
        if refusal := _refusal(known):
            yield impact(Cost.CANNOT_WORK, refusal)
        elif event.type in _DATA:
            yield impact(Cost.LOSES_DATA, _DATA[event.type])
    rules = {Op.REPLACE: _REPLACED, Op.DELETE: _DELETED}.get(event.op, {})
    if event.type in rules and (event.type != _RECORD or known.inputs.get("type") in {"A", "AAAA"}):
        yield impact(*rules[event.type])
    if event.op is Op.UPDATE and event.type == "aws:ecs/service:Service":
        for reason, path in _of_service(event, known):
            yield impact(Cost.LOSES_REQUESTS, reason, (path,))
    if event.op is Op.UPDATE and event.type == "aws:lb/targetGroup:TargetGroup":
        judged = [change.path for change in event.changes if change.path in _JUDGING]
        if judged:
            yield impact(Cost.LOSES_REQUESTS, _JUDGED, judged)


def _refusal(known: CloudResource) -> str:
    """Why AWS will not delete the object; empty when it will, as far as its settings say."""
    inputs = known.inputs
    match known.type:
        case "aws:lb/loadBalancer:LoadBalancer" if inputs.get("enableDeletionProtection"):
            # ELB API reference, DeleteLoadBalancer: OperationNotPermitted.
            return "deletion protection is on, so AWS refuses to delete the old one (OperationNotPermitted)"
        case "aws:ecr/repository:Repository" if not inputs.get("forceDelete"):
            # ECR API reference, DeleteRepository: RepositoryNotEmptyException.
            return "AWS does not delete a repository with images in it (RepositoryNotEmptyException)"
        case "aws:s3/bucket:Bucket" | "aws:s3/bucketV2:BucketV2" if not inputs.get("forceDestroy"):
            # S3 API reference, DeleteBucket: BucketNotEmpty.
            return "AWS does not delete a bucket with objects in it (BucketNotEmpty)"
    return ""


def _of_service(event: ResourceEvent, known: CloudResource) -> Iterable[tuple[str, str]]:
    """Changes in place after which, or while which, nobody may be left to answer."""
    new = {change.path: change.new for change in event.changes}
    if _is_zero(new.get("desiredCount")):
        yield "no task is left to answer", "desiredCount"
    least = new.get("deploymentMinimumHealthyPercent", known.inputs.get("deploymentMinimumHealthyPercent"))
    deploys = next((path for path in new if path.startswith(_DEPLOYING)), "")
    # ECS API reference, DeploymentConfiguration.minimumHealthyPercent: the lower limit of tasks during a deployment.
    if deploys and _is_zero(least):
        yield (
            "deploymentMinimumHealthyPercent is 0: old tasks may all stop before a new one is healthy",
            deploys,
        )


def _is_zero(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0
