"""Who decides what, once a stack lives: one table, from which `ignore_changes` follows.

Pulumi owns every property that is not in the table. A property that somebody else changes while the stack lives must
not be set back by the next update of something unrelated: that is how a deployment resets an autoscaled count
(aws-cdk#3919) or moves the traffic to an empty target group (aws-cdk#36649, terraform-provider-aws#45678).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """Whoever changes a property, Pulumi apart."""

    AUTOSCALER = "Application Auto Scaling"
    SCHEDULE = "scheduled actions"
    ECS = "ECS"
    CODE_DEPLOY = "CodeDeploy"


class Kind(StrEnum):
    """A kind of resource with a property that Pulumi does not own alone."""

    SERVICE = "aws:ecs/service:Service"
    LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
    SCALABLE_TARGET = "aws:appautoscaling/target:Target"
    INSTANCES = "aws:autoscaling/group:Group"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What decides the owner of a service's properties.

    Args:
        scaled: The autoscaler sets the number of tasks.
        scheduled: Scheduled actions set the autoscaler's limits.
        gradual: ECS moves traffic between two target groups.
        code_deploy: CodeDeploy runs the deployments.
    """

    scaled: bool = False
    scheduled: bool = False
    gradual: bool = False
    code_deploy: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One property that belongs to somebody else in some situations.

    Args:
        kind: Resource.
        property: Property path in the form of Pulumi's `ignoreChanges`.
        owner: Who changes it.
        when: In which situations.
        why: What would go wrong if Pulumi set it back.
    """

    kind: Kind
    property: str
    owner: Owner
    when: Callable[[Situation], bool]
    why: str


TABLE: tuple[Row, ...] = (
    Row(
        kind=Kind.SERVICE,
        property="desiredCount",
        owner=Owner.AUTOSCALER,
        when=lambda now: now.scaled,
        why="an update in the middle of the day would throw the service back to its initial size",
    ),
    Row(
        kind=Kind.SERVICE,
        property="loadBalancers[*].targetGroupArn",
        owner=Owner.ECS,
        when=lambda now: now.gradual,
        why="after a shift the live target group is the other one",
    ),
    Row(
        kind=Kind.SERVICE,
        property="loadBalancers[*].advancedConfiguration.alternateTargetGroupArn",
        owner=Owner.ECS,
        when=lambda now: now.gradual,
        why="after a shift the spare target group is the other one",
    ),
    Row(
        kind=Kind.LISTENER_RULE,
        property="actions",
        owner=Owner.ECS,
        when=lambda now: now.gradual,
        why="the weights say where the live tasks are",
    ),
    Row(
        kind=Kind.LISTENER_RULE,
        property="actions",
        owner=Owner.CODE_DEPLOY,
        when=lambda now: now.code_deploy,
        why="the action says where the live tasks are",
    ),
    Row(
        kind=Kind.SERVICE,
        property="taskDefinition",
        owner=Owner.CODE_DEPLOY,
        when=lambda now: now.code_deploy,
        why="ECS refuses a new revision from anybody but CodeDeploy",
    ),
    Row(
        kind=Kind.SERVICE,
        property="loadBalancers",
        owner=Owner.CODE_DEPLOY,
        when=lambda now: now.code_deploy,
        why="CodeDeploy swaps the target groups of the task sets",
    ),
    *(
        Row(
            kind=Kind.SCALABLE_TARGET,
            property=limit,
            owner=Owner.SCHEDULE,
            when=lambda now: now.scheduled,
            why="an update between two schedules would bring the limits of another time of day",
        )
        for limit in ("minCapacity", "maxCapacity")
    ),
    Row(
        kind=Kind.INSTANCES,
        property="desiredCapacity",
        owner=Owner.ECS,
        when=lambda _: True,
        why="managed scaling follows the tasks",
    ),
)


def ignore_changes(kind: Kind, situation: Situation = Situation()) -> list[str]:
    """Properties that Pulumi leaves alone, in the order of the table."""
    return [row.property for row in TABLE if row.kind == kind and row.when(situation)]
