"""The stacks and the edits they go through."""

import random
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from changes import edits as e
from changes.stackfile import STRATEGIES, Edit, Journey, StackFile
from infra.settings.validation import validate

WALK_LENGTH = 10
SELECTION = "selection"
"""The journey of `make test`; its edits are in the others already, so that it is taken only where it is asked for."""
CREATED = {"create": {"zones": 2, "nat": "single"}}
SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
EXISTING = {"existing": {"vpcId": "vpc-0123456789abcdef0", "publicSubnetIds": SUBNETS}, "publicTasks": True}
HOST = "shop.example.com"
DOMAIN = {"domain": {"name": HOST, "zone": "example.com"}}
MORE_NAMES = {"domain": {"name": HOST, "zone": "example.com", "alternativeNames": ["www.shop.example.com"]}}


def stack(strategy: str = "rolling", **concerns: Any) -> StackFile:
    """One service that answers everything."""
    made = StackFile()
    made.add("web")
    made.set_strategy("web", strategy)
    made.config |= concerns
    return made


def every_strategy(*, either: bool = False) -> list[Edit]:
    """Each strategy to each other one with the spare target group live, in one walk.

    A change to a gradual strategy moves the traffic to the other target group; rolling and CodeDeploy
    begin where it is.

    Args:
        either: Whether each is also made with the main target group live, which takes twice as long.
    """
    here = ("rolling", False)
    left = {
        (strategy, spare, other)
        for strategy in STRATEGIES
        for spare in ((False, True) if either else (True,))
        for other in STRATEGIES
        if other != strategy
    }
    walk: list[Edit] = []
    while left:
        for step in _steps_to_new(here, left):
            here = _step(here, step, walk)
            left.discard(step)
    return walk


Step = tuple[str, bool, str]


def is_refused(before: str, after: str) -> bool:
    """CodeDeploy takes over services only that nobody shifts."""
    return before in e.GRADUAL and after == "codeDeploy"


def _step(here: tuple[str, bool], step: Step, walk: list[Edit]) -> tuple[str, bool]:
    strategy, spare, other = step
    refused = is_refused(strategy, other)
    named = e.to_strategy(other, refused=refused)
    live = "spare" if spare else "main"
    walk.append(
        Edit(
            name=f"{strategy} → {other}, {live} group live",
            apply=named.apply,
            possible=named.possible,
            refused=refused,
        )
    )
    return here if refused else _after(step)


def _after(step: Step) -> tuple[str, bool]:
    _, spare, other = step
    return other, spare if other in {"rolling", "codeDeploy"} else not spare


def _steps_to_new(here: tuple[str, bool], left: set[Step]) -> list[Step]:
    """The shortest way to a step that was not made yet, with it."""
    queue: deque[tuple[tuple[str, bool], list[Step]]] = deque([(here, [])])
    seen = {here}
    while queue:
        (strategy, spare), way = queue.popleft()
        steps = [(strategy, spare, other) for other in STRATEGIES if other != strategy]
        for step in sorted(steps, key=lambda step: not is_refused(strategy, step[2])):
            if step in left:
                return [*way, step]
        for step in steps:
            if not is_refused(strategy, step[2]) and _after(step) not in seen:
                seen.add(_after(step))
                queue.append((_after(step), [*way, step]))
    left.clear()
    return []


def chain() -> Sequence[Edit]:
    """The chain of the issue, with the step between that CodeDeploy needs."""
    return (
        e.to_strategy("canary"),
        e.to_strategy("rolling"),
        e.to_strategy("blueGreen"),
        e.to_strategy("codeDeploy", refused=True),
        e.to_strategy("rolling"),
        e.to_strategy("codeDeploy"),
        e.to_strategy("rolling"),
    )


def settings() -> Sequence[Edit]:
    """What teams edit every day in a rolling service."""
    return (
        e.port(5001),
        e.exposed(5000),
        e.exposed(5002),
        e.count(1),
        e.count(2),
        e.add_secret(),
        e.rotate_secret(),
        e.add_sidecar(),
        e.add_scaling(),
        e.remove_scaling(),
        e.remove_sidecar(),
        e.remove_secret(),
        e.discovery("serviceConnect"),
        e.discovery("dns"),
        e.discovery(None),
    )


def routes() -> Sequence[Edit]:
    """Services come, go, change their names and what they answer."""
    return (
        e.carve_out("status", ["/healthz"]),
        e.priorities(web=20, status=10),
        e.priorities(web=21, status=20),
        e.swap_routes("web", "status"),
        e.swap_routes("web", "status"),
        e.route(["/healthz", "/status"], "status"),
        e.remove("status"),
        e.rename("web", "shop"),
        e.rename("shop", "web"),
        e.carve_out("status", ["/healthz"], "canary", refused=True),
        e.setting("no route", "route", {"enabled": False}, refused=True),
    )


def shifted() -> Sequence[Edit]:
    """The same edits where ECS shifts the traffic, with one target group live and with the other."""
    return (
        e.new_version(),
        e.exposed(5002),
        e.port(5001),
        e.count(1),
        e.add_secret(),
        e.rotate_secret(),
        e.add_sidecar(),
        e.add_scaling(),
        e.remove_scaling(),
        e.carve_out("status", ["/healthz"]),
        e.to_strategy("linear", "status"),
        e.remove("status", refused=True),
        e.to_strategy("rolling", "status"),
        e.remove("status"),
        e.rename("web", "shop", refused=True),
        e.concern("add a domain", "loadBalancer", DOMAIN, refused=True),
    )


def left_to_code_deploy() -> Sequence[Edit]:
    """Edits of a service whose deployments CodeDeploy does."""
    return (
        e.new_version(),
        e.port(5001),
        e.add_sidecar(),
        e.remove_sidecar(),
        e.add_secret(),
        e.exposed(5000),
        e.add_scaling(),
        e.remove_scaling(),
        e.count(1),
        e.concern("add a domain", "loadBalancer", DOMAIN),
        e.concern("remove the domain", "loadBalancer", None),
    )


def network() -> Sequence[Edit]:
    """Zones, VPC, domain and launch type of a rolling service in a VPC of the stack's own."""
    return (
        e.zones(3),
        e.concern("add a domain", "loadBalancer", DOMAIN),
        # The proof of a name stays as it is; its record comes from the certificate, which is a new one.
        e.concern("another name in the certificate", "loadBalancer", MORE_NAMES, uncertain=True),
        e.own_certificate(HOST),
        e.concern("remove the domain", "loadBalancer", None),
        e.launch("ec2"),
        e.without_instances(refused=True),
        e.launch("fargate"),
        e.without_instances(),
        e.zones(2),
        e.concern("VPC created → default", "network", {"publicTasks": True}, refused=True),
        e.concern("VPC created → existing", "network", EXISTING, refused=True),
        e.concern("internal load balancer", "loadBalancer", {"internal": True}, refused=True),
    )


def from_default() -> Sequence[Edit]:
    """Out of the default VPC."""
    return (
        e.concern("VPC default → created", "network", CREATED, refused=True),
        e.concern("VPC default → existing", "network", EXISTING, refused=True),
    )


def selection() -> Sequence[Edit]:
    """What `make test` takes; tests/e2e/test_changes.py has strategies and ports."""
    return (
        e.carve_out("status", ["/healthz"], priority=20),
        e.concern("add a domain", "loadBalancer", DOMAIN),
        e.concern("remove the domain", "loadBalancer", None),
        e.rename("web", "shop"),
        e.carve_out("late", ["/late"], "canary", refused=True),
    )


def random_walk(seed: int) -> Journey:
    """A journey of ten edits by chance."""

    def draw(present: StackFile) -> Iterable[Edit]:
        chance = random.Random(seed)  # noqa: S311  a choice of edits
        for _ in range(WALK_LENGTH):
            yield chance.choice(
                [edit for edit in e.EVERYDAY if edit.possible(present) and _loads(edit, present)]
            )

    return Journey(name=f"walk-{seed}", start=stack(), edits=draw, free=True)


def _loads(edit: Edit, present: StackFile) -> bool:
    """Whether the stack file loads after an edit: mistakes in files are no changes of running stacks."""
    wanted = present.copy()
    edit.apply(wanted)
    return not validate({key: value for key, value in wanted.config.items() if key != "aws:region"})[1]


def journeys(seed: int = 1, walks: int = 1, *, either: bool = False) -> list[Journey]:
    """All of them, the longest ones first.

    Args:
        seed: Seed of the first random walk; the next ones count up.
        walks: How many random walks.
        either: Whether every change of strategy is made with either target group live.
    """
    fixed = [
        ("strategies", stack(), every_strategy(either=either)),
        ("shifted", stack("canary"), shifted()),
        ("settings", stack(), settings()),
        ("routes", stack(), routes()),
        ("network", stack(network=CREATED), network()),
        ("codeDeploy", stack("codeDeploy"), left_to_code_deploy()),
        ("chain", stack(), chain()),
        ("default-vpc", stack(), from_default()),
        (SELECTION, stack(), selection()),
    ]
    made = [
        Journey(name=name, start=start, edits=lambda _, steps=steps: steps)  # type: ignore[misc]
        for name, start, steps in fixed
    ]
    made[1:1] = [random_walk(seed + number) for number in range(walks)]
    return made
