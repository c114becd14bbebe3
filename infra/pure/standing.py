"""Where a load balancer stands, and whether the settings leave it there.

A load balancer never leaves its VPC (Elastic Load Balancing, `SetSubnets`), and one that is replaced needs target
groups of its own, as a target group belongs to one load balancer only: neither can be done to a stack that people use.
So what would end half-way is refused before it begins.
"""

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from infra.pure.references import has_reference
from infra.settings.network import ExistingNetwork
from infra.settings.problems import Problem
from infra.settings.root import Settings


@dataclass(frozen=True, kw_only=True)
class LiveBalancer:
    """The stack's load balancer, as it was found.

    Args:
        name: Its name.
        internal: Whether it is reachable from inside the VPC only.
        vpc_id: Its VPC.
        vpc_cidr: The address range of that.
        vpc_is_default: Whether that is the account's default one.
        vpc_tags: Tags of that.
    """

    name: str
    internal: bool
    vpc_id: str
    vpc_cidr: str
    vpc_is_default: bool
    vpc_tags: Mapping[str, str]


def problems(settings: Settings, live: LiveBalancer, tags: Mapping[str, str]) -> Iterator[Problem]:
    """What the settings ask of a load balancer that it cannot have any more.

    Args:
        settings: The settings.
        live: The load balancer.
        tags: Tags of what belongs to the stack.
    """
    network = settings.network
    if settings.load_balancer.existing:
        yield Problem(
            path=("loadBalancer", "existing"),
            message=f"the stack has a load balancer of its own, {live.name}, and the services' target groups cannot "
            "leave it; allowed: without existing",
        )
        return
    own = all(live.vpc_tags.get(key) == value for key, value in tags.items())
    where = f"the load balancer {live.name} stands in {live.vpc_id}"
    if network.create and not own:
        yield Problem(
            path=("network", "create"),
            message=f"{where}, which this stack has not made, and cannot move to another VPC; "
            f"allowed: {_present(live, own=own)}",
        )
    elif network.create and network.create.cidr != live.vpc_cidr:
        yield Problem(
            path=("network", "create", "cidr"),
            value=network.create.cidr,
            message=f"the VPC has {live.vpc_cidr}, and another range is another VPC, to which the load balancer "
            f"{live.name} cannot move; allowed: {live.vpc_cidr}",
        )
    elif network.existing and not _is_same(network.existing, live):
        yield Problem(
            path=("network", "existing", "vpcId"),
            value=network.existing.vpc_id or dict(network.existing.vpc_tags),
            message=f"{where} and cannot move to another VPC; allowed: {_present(live, own=own)}",
        )
    elif not network.create and not network.existing and not live.vpc_is_default:
        yield Problem(
            path=("network",),
            message=f"{where}, which is not the account's default one, and cannot move there; "
            f"allowed: {_present(live, own=own)}",
        )
    if settings.load_balancer.internal != live.internal:
        now, wanted = ("internal", "public") if live.internal else ("public", "internal")
        yield Problem(
            path=("loadBalancer", "internal"),
            value=settings.load_balancer.internal,
            message=f"the load balancer {live.name} is {now}; one that becomes {wanted} is another one, with another "
            f"name, and the services belong to this one; allowed: {str(live.internal).lower()}",
        )


def _is_same(asked: ExistingNetwork, live: LiveBalancer) -> bool:
    """Whether an existing VPC is the one of the load balancer; of another stack's output nobody knows yet."""
    if asked.vpc_id:
        return has_reference(asked.vpc_id) or asked.vpc_id == live.vpc_id
    return all(
        fnmatch.fnmatchcase(live.vpc_tags.get(key, ""), value) for key, value in asked.vpc_tags.items()
    )


def _present(live: LiveBalancer, *, own: bool) -> str:
    """The settings that keep it where it is."""
    if own:
        return f"network.create with cidr {live.vpc_cidr}"
    return (
        "no network.create and no network.existing"
        if live.vpc_is_default
        else f"network.existing with {live.vpc_id}"
    )


def way(settings: Settings) -> list[str]:
    """How to get there all the same, line by line."""
    lines = [
        "  way: make another stack beside this one (pulumi stack init), with that network and its own domain;",
        "       bring it up, lead people there by DNS, then destroy this one",
    ]
    if not settings.production:
        lines.append("       or, where nobody misses it meanwhile: destroy this stack and bring it up again")
    return lines
