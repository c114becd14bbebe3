"""From what is live to what is declared: how one service gets from its present deployments to the wanted ones.

Two facts of AWS decide the order of everything here. A target group must belong to a load balancer before a service may
use it (ECS refuses one without), and a rule that sends requests to an empty target group fails them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.pure.live import Capacity, Colour, LiveService, LiveStack
from infra.pure.ownership import Situation
from infra.settings.cluster import Fargate
from infra.settings.service import Service

STRATEGIES: Mapping[str, str] = {
    "rolling": "ROLLING",
    "blueGreen": "BLUE_GREEN",
    "canary": "CANARY",
    "linear": "LINEAR",
    "codeDeploy": "",
}
"""The settings' strategies in the words of ECS; it has none for CodeDeploy's."""

FARGATE = frozenset({"FARGATE", "FARGATE_SPOT"})
EC2 = "EC2"
"""Stands for the cluster's own capacity provider, whose name only AWS knows."""


@dataclass(frozen=True, kw_only=True)
class Takeover:
    """What to declare for one service.

    Args:
        colours: Its target groups; both where traffic moves between them, else the live one.
        live: The one that has the traffic, or will have it first.
        rule_last: Whether the listener rule comes after the service, so that traffic moves to healthy tasks only. A
            service whose traffic is moved names its rule, which then has to come first.
        forces: Whether the provider needs a forced deployment for what changes.
        situation: Who owns what.
    """

    colours: Sequence[Colour]
    live: Colour
    rule_last: bool
    forces: bool
    situation: Situation


def takeover(
    name: str, service: Service, live: LiveStack, *, main_port: int | None, fargate: Fargate
) -> Takeover:
    """Decide how a service continues.

    Args:
        name: Its name.
        service: Its settings.
        live: What was read.
        main_port: Port of the listener that its rule belongs to; None where that is not known beforehand.
        fargate: How Fargate tasks are spread.
    """
    present = live.services.get(name)
    deployment = service.deployment
    code_deploy = deployment.strategy == "codeDeploy"
    colour = present.colour if present else Colour.MAIN
    forces = present is not None and not code_deploy and present.capacity != _capacity(service, fargate)
    situation = Situation(
        scaled=service.scaling is not None,
        gradual=deployment.is_gradual,
        code_deploy=code_deploy,
        settled=present is not None and settled(name, service, present, live, main_port),
        quiet=present is not None and not forces and _quiet(service, present),
    )
    return Takeover(
        colours=(Colour.MAIN, Colour.SPARE) if deployment.needs_two_target_groups else (colour,),
        live=colour,
        rule_last=not deployment.needs_two_target_groups,
        forces=forces,
        situation=situation,
    )


def settled(
    name: str, service: Service, present: LiveService, live: LiveStack, main_port: int | None
) -> bool:
    """Whether traffic moves as it did: the same target groups, the same rules, the same container and port."""
    deployment = service.deployment
    if moves_listener(name, live, main_port):
        return False
    if deployment.strategy == "codeDeploy":
        return present.controller == "CODE_DEPLOY"
    return (
        deployment.is_gradual
        and present.controller == "ECS"
        and present.shifts
        and present.tests == deployment.test_traffic
        and present.container == (name, service.listens_on)
    )


def moves_listener(name: str, live: LiveStack, main_port: int | None) -> bool:
    """Whether a service's rule is on another listener than it is to be on."""
    rule = live.rule(name)
    return (
        rule is not None and main_port is not None and live.ports.get(rule.listener, main_port) != main_port
    )


def _capacity(service: Service, fargate: Fargate) -> frozenset[Capacity]:
    if service.launch == "ec2":
        return frozenset({Capacity(provider=EC2, base=0, weight=1)})
    return frozenset(
        Capacity(provider=provider, base=base, weight=weight) for provider, base, weight in fargate.strategy
    )


def _quiet(service: Service, present: LiveService) -> bool:
    """Whether nothing changes that needs no deployment: what `forceNewDeployment` would turn into one."""
    counted = service.scaling is not None or present.desired_count == service.desired_count
    deployment = service.deployment
    return (
        counted
        and present.minimum_percent == deployment.minimum_healthy_percent
        and present.maximum_percent == deployment.maximum_percent
        and (not service.route.enabled or present.grace_period == service.health_check.grace_period)
        and present.executes == service.execute_command
        and present.rebalances == service.availability_zone_rebalancing
        and STRATEGIES[deployment.strategy] == ("" if present.controller != "ECS" else present.strategy)
    )
