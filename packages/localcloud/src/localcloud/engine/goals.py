"""What the program asks for: one resource registration, with its options."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pulumi.runtime.proto import alias_pb2, resource_pb2

from localcloud.engine.hooks import HooksOf, read_hooks
from localcloud.engine.resources import (
    PROVIDER_PREFIX,
    STACK_TYPE,
    Resource,
    Timeouts,
    make_urn,
    urn_name,
    urn_type,
)
from localcloud.engine.values import Properties, Wire, contains_unknown, from_struct
from localcloud.errors import LocalCloudError

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "ms": 0.001}


@dataclass(frozen=True, kw_only=True)
class Alias:
    """A name the resource had before: a whole URN, or what differed."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(frozen=True, kw_only=True)
class Goal:
    """One resource as the program registers it (Pulumi: `RegisterResourceRequest`)."""

    type: str
    name: str
    custom: bool
    parent: str = ""
    inputs: Properties = field(default_factory=dict)
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    timeouts: Timeouts = field(default_factory=Timeouts)
    aliases: tuple[Alias, ...] = ()
    import_id: str = ""
    replacement_trigger: Wire = None
    hooks: HooksOf = field(default_factory=dict)

    @property
    def is_provider(self) -> bool:
        """Whether it is a provider resource."""
        return self.type.startswith(PROVIDER_PREFIX)

    def resource(self, urn: str, inputs: Properties, provider: str) -> Resource:
        """Return the record of this goal, without id and outputs."""
        return Resource(
            urn=urn,
            type=self.type,
            custom=self.custom,
            inputs=inputs,
            parent=self.parent,
            dependencies=tuple(sorted(self.dependencies)),
            property_dependencies={
                key: tuple(sorted(urns)) for key, urns in sorted(self.property_dependencies.items()) if urns
            },
            provider=provider,
            protect=self.protect,
            retain_on_delete=self.retain_on_delete,
            deleted_with=self.deleted_with,
            additional_secret_outputs=self.additional_secret_outputs,
            timeouts=self.timeouts,
            import_id=self.import_id,
            ignore_changes=self.ignore_changes,
            replace_on_changes=self.replace_on_changes,
            replacement_trigger=self.replacement_trigger,
            hooks=self.hooks,
        )


def read_goal(request: resource_pb2.RegisterResourceRequest) -> Goal:
    """Read a registration request.

    Raises:
        LocalCloudError: It uses an option that the built-in engine does not know.
    """
    where = f"{request.name} ({request.type})"
    if request.state_migrations:
        raise LocalCloudError(
            f"{where}: state migrations need the pulumi CLI",
            fix="remove the option for this stack, or deploy the stack with the pulumi CLI",
        )
    inputs = from_struct(request.object)
    return Goal(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        inputs=inputs,
        provider=request.provider,
        dependencies=tuple(request.dependencies),
        property_dependencies={key: tuple(item.urns) for key, item in request.propertyDependencies.items()},
        protect=request.protect,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        retain_on_delete=request.retainOnDelete,
        deleted_with=request.deletedWith,
        replace_with=tuple(request.replace_with),
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        timeouts=_timeouts(request.customTimeouts, where),
        aliases=tuple(_alias(item) for item in request.aliases),
        import_id=request.importId,
        replacement_trigger=_trigger(request),
        hooks=read_hooks(request),
    )


def _trigger(request: resource_pb2.RegisterResourceRequest) -> Wire:
    if not request.HasField("replacement_trigger"):
        return None
    holder = resource_pb2.RegisterResourceRequest().object
    holder.fields["value"].CopyFrom(request.replacement_trigger)
    return from_struct(holder).get("value")


def _alias(alias: alias_pb2.Alias) -> Alias:
    if alias.WhichOneof("alias") == "urn":
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


def _timeouts(timeouts: resource_pb2.RegisterResourceRequest.CustomTimeouts, where: str) -> Timeouts:
    return Timeouts(
        create=parse_duration(timeouts.create, where),
        update=parse_duration(timeouts.update, where),
        delete=parse_duration(timeouts.delete, where),
    )


def parse_duration(text: str, where: str) -> float:
    """Return the seconds of a duration as Go writes it: `30s`, `1h30m`, `1.5m`; empty is 0.

    Raises:
        LocalCloudError: The text is no such duration.
    """
    rest, seconds = text, 0.0
    while rest:
        digits = len(rest) - len(rest.lstrip("0123456789."))
        unit = "".join(_leading_letters(rest[digits:]))
        try:
            seconds += float(rest[:digits]) * _UNITS[unit]
        except (ValueError, KeyError):
            raise LocalCloudError(
                f"{where}: the custom timeout {text!r} is no duration; examples: 30s, 5m, 1h30m"
            ) from None
        rest = rest[digits + len(unit) :]
    return seconds


def _leading_letters(text: str) -> Sequence[str]:
    letters = []
    for character in text:
        if not character.isalpha():
            break
        letters.append(character)
    return letters


class AliasBook:
    """Computes which old URNs a resource may have had (Pulumi: `stepGenerator.generateAliases`)."""

    def __init__(self, stack: str, project: str) -> None:
        self._stack = stack
        self._project = project
        self._used: dict[str, str] = {}

    def use(self, urn: str, old_urn: str) -> None:
        """Remember that a resource was found under an old URN, which its children then may have had too."""
        self._used[urn] = old_urn

    def candidates(self, goal: Goal) -> list[str]:
        """Return the old URNs to look for, most wanted first."""
        own = [self._collapse(goal, alias) for alias in goal.aliases]
        parent_alias = self._used.get(goal.parent)
        if parent_alias is None:
            return list(dict.fromkeys(own))
        inherited = [self._inherit(goal.type, goal.name, goal.parent, parent_alias)]
        inherited += [self._inherit(urn_type(urn), urn_name(urn), goal.parent, parent_alias) for urn in own]
        return list(dict.fromkeys(own + inherited))

    def _collapse(self, goal: Goal, alias: Alias) -> str:
        if alias.urn:
            return alias.urn
        parent = self._used.get(alias.parent, alias.parent) if alias.parent else goal.parent
        if alias.no_parent or (parent and urn_type(parent) == STACK_TYPE):
            parent = ""
        return make_urn(
            alias.stack or self._stack,
            alias.project or self._project,
            parent,
            alias.type or goal.type,
            alias.name or goal.name,
        )

    def _inherit(self, type_: str, name: str, parent: str, parent_alias: str) -> str:
        parent_name = urn_name(parent)
        if name.startswith(parent_name):
            name = urn_name(parent_alias) + name.removeprefix(parent_name)
        return make_urn(self._stack, self._project, parent_alias, type_, name)


def has_unknown_inputs(goal: Goal) -> bool:
    """Whether an input is not known, because what it comes from has failed or is still to be made."""
    return contains_unknown(goal.inputs) or contains_unknown(goal.replacement_trigger)


def describe(goal: Goal) -> str:
    """Return `name (type)`, as errors and lines name a resource."""
    return f"{goal.name} ({goal.type})"


def canonical(resource: Resource) -> str:
    """Return a text that differs exactly when two records differ."""
    return json.dumps(resource.to_json(), sort_keys=True)
