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
    NOBODY = "nobody"


class Kind(StrEnum):
    """A kind of resource with a property that Pulumi does not own alone."""

    SERVICE = "aws:ecs/service:Service"
    LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
    TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
    TASKS_GROUP = "aws:ec2/securityGroup:SecurityGroup"
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
        settled: What is live moves traffic between the same target groups, behind the same listener, in the same way.
            Without that the program declares what it has read: a strategy that has just been chosen, a new rule, or a
            new port begins with the target group that is live.
        quiet: Nothing changes that ECS does without a new deployment, such as the number of tasks.
    """

    scaled: bool = False
    scheduled: bool = False
    gradual: bool = False
    code_deploy: bool = False
    settled: bool = False
    quiet: bool = False


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
        property="loadBalancers",
        owner=Owner.ECS,
        when=lambda now: now.gradual and now.settled,
        why="after a shift the live target group is the other one",
    ),
    Row(
        kind=Kind.LISTENER_RULE,
        property="actions",
        owner=Owner.ECS,
        when=lambda now: now.gradual and now.settled,
        why="the weights say where the live tasks are",
    ),
    Row(
        kind=Kind.LISTENER_RULE,
        property="actions",
        owner=Owner.CODE_DEPLOY,
        when=lambda now: now.code_deploy and now.settled,
        why="the action says where the live tasks are",
    ),
    *(
        Row(
            kind=Kind.SERVICE,
            property=property_,
            owner=Owner.CODE_DEPLOY,
            when=lambda now: now.code_deploy,
            why="ECS takes it from nobody but CodeDeploy, whose AppSpec carries it",
        )
        for property_ in (
            "taskDefinition",
            "loadBalancers",
            "networkConfiguration",
            "capacityProviderStrategies",
            "launchType",
            "serviceRegistries",
        )
    ),
    Row(
        kind=Kind.SERVICE,
        property="forceNewDeployment",
        owner=Owner.NOBODY,
        when=lambda now: now.quiet and not now.code_deploy,
        why="a flag that has done its work must not be a change of its own",
    ),
    Row(
        kind=Kind.TARGET_GROUP,
        property="port",
        owner=Owner.ECS,
        when=lambda _: True,
        why="each task is registered with its own port; a group made with another one must not be replaced for it",
    ),
    Row(
        kind=Kind.TASKS_GROUP,
        property="description",
        owner=Owner.NOBODY,
        when=lambda _: True,
        why="EC2 cannot change it, and a new group would replace the one that running tasks are in",
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
