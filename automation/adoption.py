"""Adopting what exists: which AWS objects of a running service are which resources of the program.

What the program would do to them is foretold by a rehearsal: an import into a copy of the state, and a preview of it.
"""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from automation.relations import Search
from automation.target import Target
from localcloud.engine import Import, Op, PropertyChange
from localcloud.errors import LocalCloudError

_STACK: Final = "pulumi:pulumi:Stack"
_WIDTH: Final = 120
# As both engines' events say it (`localcloud.engine.PropertyChange`).
_LATER: Final = "[unknown]"
_IN_PLACE: Final = {
    # Settings of the provider that AWS does not keep: an import does not find them, and the next update records their
    # defaults (pulumi-terraform-bridge#2436, pulumi-aws#5241).
    **dict.fromkeys(
        (
            "forceDelete",
            "forceDestroy",
            "forceDetachPolicies",
            "forceNewDeployment",
            "lambdaMultiValueHeadersEnabled",
            "proxyProtocolV2",
            "revokeRulesOnDelete",
            "skipDestroy",
            "waitForSteadyState",
        ),
        "a setting of the provider, which AWS does not keep",
    ),
    # terraform-provider-aws, listener_rule.go, `flattenLbForwardAction`.
    "targetGroupArn": "AWS names a single target group in two places, the program in one",
    "order": "AWS numbers an action that the program does not",
}
"""Last name of a property's path → why its difference changes nothing in AWS."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A resource that the program would create.

    Args:
        urn: Unique name.
        type: Type token.
        parent: URN of its parent; empty for the stack.
    """

    urn: str
    type: str
    parent: str

    @property
    def name(self) -> str:
        """Logical name."""
        return self.urn.rsplit("::", 1)[-1]

    @property
    def key(self) -> str:
        """Type and name, as `--id` takes them."""
        return f"{self.type}::{self.name}"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be adopted, by the names that it has in AWS.

    Args:
        cluster: ECS cluster.
        services: Service in the stack file → ECS service.
        repositories: Service in the stack file → ECR repository; left out, the one of its image.
        ids: `type::name` → id, for what is found more than once.
        load_balancer: Name or ARN of the load balancer, where the services are behind several.
    """

    cluster: str
    services: Mapping[str, str]
    repositories: Mapping[str, str] = field(default_factory=dict)
    ids: Mapping[str, str] = field(default_factory=dict)
    load_balancer: str = ""


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """What `up` would do to an object after its import.

    Args:
        op: Update or replace.
        changes: What differs.
    """

    op: Op
    changes: Sequence[PropertyChange]

    @property
    def recorded_only(self) -> bool:
        """Whether nothing changes in AWS."""
        return self.op is Op.UPDATE and all(_reason(change) for change in self.changes)

    @property
    def lines(self) -> list[str]:
        """The differences in words, one a line."""
        return [_told(change) for change in self.changes]


def _reason(change: PropertyChange) -> str:
    name = change.path.rpartition(".")[2].partition("[")[0]
    if (
        change.path.partition("[")[0] == "actions"
        and change.path.count(".") == 0
        and change.old
        and change.new
    ):
        return _same_actions(change)
    return _IN_PLACE.get(name, "") if change.old is None or change.new is None else ""


def _same_actions(change: PropertyChange) -> str:
    """A rule's actions as a whole, as an engine tells them that does not look inside."""
    plain = [
        [
            {key: one for key, one in item.items() if key not in _IN_PLACE}
            for item in side
            if isinstance(item, dict)
        ]
        for side in (change.old, change.new)
        if isinstance(side, list)
    ]
    return _IN_PLACE["targetGroupArn"] if len(plain) == 2 and plain[0] == plain[1] else ""


def _told(change: PropertyChange) -> str:
    reason = _reason(change)
    if reason:
        return f"{change.path}: {reason}; nothing changes in AWS"
    before, after = (_shown(one) for one in (change.old, change.new))
    verb = "forces the replacement" if change.replaces else "changes"
    if change.old is None:
        return f"{change.path}: is not set, the program says {after} ({verb})"
    if change.new is None:
        return f"{change.path}: is {before}, the program does not set it ({verb})"
    return f"{change.path}: is {before}, the program says {after} ({verb})"


def _shown(value: object) -> str:
    if value == _LATER:
        return "a value that is known later"
    text = json.dumps(value, default=str)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"


@dataclass(frozen=True, kw_only=True)
class Adoption:
    """Which resources exist already.

    Args:
        found: What exists, with its id in the form that the provider imports.
        missing: What does not, and would be created.
        components: The parents of what exists, the outermost first.
        outside: What belongs to the services and is no resource of the program: it stays as it is.
    """

    found: Mapping[Planned, str]
    missing: Sequence[Planned]
    components: Sequence[Planned]
    outside: Sequence[str] = ()

    @property
    def imports(self) -> tuple[Import, ...]:
        """What an engine is to take into the state, parents first."""
        return tuple(
            Import(urn=item.urn, type=item.type, parent=item.parent, id=self.found.get(item, ""))
            for item in (*self.components, *self.found)
        )


def adopt(target: Target, planned: Iterable[Planned], wanted: Wanted) -> Adoption:
    """Find the objects of running services among what the program would create; nothing is changed.

    Args:
        target: The cloud.
        planned: What the program would create.
        wanted: What is to be adopted.

    Raises:
        LocalCloudError: A service or cluster does not exist, the program has no such service, a service is behind
            several load balancers, or an object could be one of several.
    """
    resources = [item for item in planned if item.type != _STACK]
    _require_planned(resources, wanted)
    known = frozenset(item.key for item in resources)
    ids, outside = _search(target, wanted, known)
    found = _choose(resources, wanted, ids)
    by_urn = {item.urn: item for item in resources}
    components: dict[str, Planned] = {}
    for item in found:
        components |= {one.urn: one for one in reversed(list(_parents(item, by_urn)))}
    taken = {*found.values()}
    return Adoption(
        found=found,
        missing=[item for item in resources if item not in found and item.type.startswith("aws:")],
        components=tuple(components.values()),
        outside=sorted({line for line in outside if not taken & set(line.split())}),
    )


def _require_planned(resources: Iterable[Planned], wanted: Wanted) -> None:
    resources = list(resources)
    named = {item.name for item in resources if item.type == "aws:ecs/service:Service"}
    for name in wanted.services.keys() - named:
        raise LocalCloudError(
            f"the program would create no service {name!r}",
            fix=f"one of: {', '.join(sorted(named))}" if named else "it has them all already: preview",
        )
    for key in wanted.ids.keys() - {item.key for item in resources}:
        raise LocalCloudError(f"the program would create no {key}", fix="look at: preview")


def _search(
    target: Target, wanted: Wanted, planned: frozenset[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """What was found for each `type::name`, and what belongs to nothing of the program."""
    ids: dict[str, list[str]] = {}
    outside: list[str] = []
    for name, service in wanted.services.items():
        search = Search(
            target=target,
            cluster=wanted.cluster,
            name=name,
            service=service,
            repository=wanted.repositories.get(name),
            load_balancer=wanted.load_balancer,
            chosen=wanted.ids,
            planned=planned,
        )
        search.run()
        outside += search.outside
        for key, found in search.ids.items():
            ids.setdefault(key, []).extend(found)
            if key not in planned:
                type_ = key.rpartition("::")[0]
                outside += [f"{type_}, which the program would not create: {one}" for one in found]
    return ids, outside


def _choose(
    resources: Iterable[Planned], wanted: Wanted, ids: Mapping[str, Sequence[str]]
) -> dict[Planned, str]:
    found: dict[Planned, str] = {}
    choices: list[str] = []
    for item in resources:
        candidates = sorted({wanted.ids[item.key]} if item.key in wanted.ids else set(ids.get(item.key, ())))
        if len(candidates) > 1:
            choices += [
                f"  {item.key}: {', '.join(candidates)}",
                f"    fix: add --id {shlex.quote(f'{item.key}={candidates[0]}')}",
            ]
        elif candidates:
            found[item] = candidates[0]
    if choices:
        raise LocalCloudError("more than one object could be this resource\n" + "\n".join(choices))
    return found


def _parents(item: Planned, by_urn: Mapping[str, Planned]) -> Iterable[Planned]:
    while item.parent in by_urn:
        item = by_urn[item.parent]
        yield item
