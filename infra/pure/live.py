"""What of a stack is live already, as it was read when the program began; empty before the first deployment.

Whoever moves traffic or counts tasks changes what Pulumi once declared. The program looks at what is there and declares
that, so that an update of something else never sets it back.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from infra.pure import names

_ENDED = re.compile(r"\(deployment (?P<id>[^)]+)\) deployment (?:completed|(?P<failed>failed))")
_BACK = re.compile(r"rolling back to deployment (?P<id>\S+?)\.?$")


class Purpose(StrEnum):
    """What a listener rule is for; the value of its tag `Rule`."""

    PRODUCTION = "production"
    TEST = "test"
    WAITING = "waiting"
    REDIRECT = "redirect"


class Colour(StrEnum):
    """One of the two target groups of a service; the value is what its logical name ends with."""

    MAIN = ""
    SPARE = "spare"

    @property
    def other(self) -> "Colour":
        """The other one of the two."""
        return Colour.SPARE if self is Colour.MAIN else Colour.MAIN


@dataclass(frozen=True, kw_only=True)
class LiveRule:
    """A listener rule of the stack.

    Args:
        service: Whose rule it is; empty for the one that redirects to HTTPS.
        purpose: What it is for.
        arn: Its ARN.
        position: Its priority; None where it carries no tag that says so.
        asked: The priority that the settings asked for when it got this one; None for a computed one.
        hosts: Host name patterns it matches; only where they were looked up.
        paths: Path patterns it matches; only where they were looked up.
    """

    service: str
    purpose: Purpose
    arn: str
    position: int | None = None
    asked: int | None = None
    hosts: Sequence[str] = ()
    paths: Sequence[str] = ()

    @property
    def listener(self) -> str:
        """ARN of its listener, which a rule's contains (Service Authorization Reference, Elastic Load Balancing V2)."""
        return self.arn.rpartition("/")[0].replace(":listener-rule/", ":listener/")

    @property
    def balancer(self) -> str:
        """`app/<name>/<id>` of its load balancer, which its ARN contains as well."""
        return self.arn.partition(":listener-rule/")[2].rsplit("/", 2)[0]


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """One entry of a capacity provider strategy."""

    provider: str
    base: int
    weight: int


@dataclass(frozen=True, kw_only=True)
class LiveService:
    """An ECS service that runs.

    Args:
        name: Its name.
        controller: `ECS` or `CODE_DEPLOY`.
        strategy: `ROLLING`, `BLUE_GREEN`, `CANARY` or `LINEAR`.
        target_group: ARN of the target group its tasks are in; None without a load balancer.
        container: Container and port that the load balancer sends to.
        shifts: Whether ECS moves its traffic between two target groups.
        tests: Whether test traffic has a rule of its own.
        capacity: Its capacity provider strategy.
        desired_count: Tasks that it keeps running.
        minimum_percent: Percent of them that keeps running during a rolling deployment.
        maximum_percent: Percent of them that may run during a rolling deployment.
        grace_period: Seconds in which failed health checks of a new task do not count.
        executes: Whether people may open a shell in its containers.
        rebalances: Whether ECS moves tasks back into a zone that has recovered.
        deploying: Whether tasks of two deployments run.
        task_definition: ARN of the task definition that it runs.
        running: Tasks that run.
        fell_back: Whether its events say that its newest deployment failed.
    """

    name: str
    controller: str = "ECS"
    strategy: str = "ROLLING"
    target_group: str | None = None
    container: tuple[str, int] | None = None
    shifts: bool = False
    tests: bool = False
    capacity: frozenset[Capacity] = frozenset()
    desired_count: int = 0
    minimum_percent: int = 100
    maximum_percent: int = 200
    grace_period: int = 0
    executes: bool = False
    rebalances: bool = False
    deploying: bool = False
    task_definition: str = ""
    running: int = 0
    fell_back: bool = False

    def may_lack(self, asked: str) -> bool:
        """Whether it may not run what was asked, or not yet, so that ECS has to be asked what became of that.

        Args:
            asked: ARN of a task definition.
        """
        idle = self.desired_count > 0 and not self.running
        return self.task_definition != asked or idle or self.deploying or self.fell_back

    @property
    def colour(self) -> Colour:
        """Which of its two target groups is live: told by the group's name, which begins with its logical name."""
        physical = (self.target_group or "").rpartition(":targetgroup/")[2].partition("/")[0]
        spare = names.target_group(self.name, Colour.SPARE)
        return Colour.SPARE if physical.rpartition("-")[0] == spare else Colour.MAIN

    @property
    def is_gradual(self) -> bool:
        """Whether ECS moves its traffic in steps."""
        return self.controller == "ECS" and self.strategy in {"BLUE_GREEN", "CANARY", "LINEAR"}

    @property
    def has_two_groups(self) -> bool:
        """Whether traffic moves between two target groups, whoever moves it."""
        return self.is_gradual or self.controller == "CODE_DEPLOY"


def newest_failed(events: Iterable[str]) -> bool:
    """Whether a service's events say that its newest deployment failed.

    After a rollback the deployment before it is completed once more, under its own id. (Amazon ECS Developer Guide,
    "Amazon ECS service event messages"; that there are a hundred of them at most is why the answer may be False for
    an old failure.)

    Args:
        events: Their messages, newest first.
    """
    completed = ""
    for message in events:
        if found := _ENDED.search(message):
            if found["failed"]:
                return True
            if completed:
                return False
            completed = found["id"]
        elif found := _BACK.search(message):
            return not completed or found["id"] == completed
    return False


@dataclass(frozen=True, kw_only=True)
class LiveStack:
    """Everything that was read.

    Args:
        services: Services that run, by name.
        rules: Listener rules.
        ports: Port of each of their listeners, by ARN; only where it was looked up.
        cluster: Name of the cluster that the services run in; None before the first deployment.
        own_cluster: Name that a cluster of the stack's own has; empty where nobody asks.
        neighbours: Listener rules of other stacks of this program, on the same load balancer as far as that is known.
    """

    services: Mapping[str, LiveService] = field(default_factory=dict)
    rules: Sequence[LiveRule] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    cluster: str | None = None
    own_cluster: str = ""
    neighbours: Sequence[LiveRule] = ()

    def rule(self, service: str, purpose: Purpose = Purpose.PRODUCTION) -> LiveRule | None:
        """A service's rule; the newest one is not told from one that is about to go, both lead to the same tasks."""
        found = [rule for rule in self.rules if rule.service == service and rule.purpose == purpose]
        return found[-1] if found else None
