"""What the engine remembers of one resource, and how it is written down."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from localcloud.engine.values import Properties, Wire

PROVIDER_PREFIX: Final = "pulumi:providers:"
STACK_TYPE: Final = "pulumi:pulumi:Stack"
DEFAULT_PROVIDER: Final = "default"


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Custom timeouts in seconds; 0 leaves the choice to the provider."""

    create: float = 0
    update: float = 0
    delete: float = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Resource:
    """One resource of a stack's state; never changed in place, so that its written form can be kept.

    Args:
        urn: Unique name; an old copy that awaits its deletion has the URN of its replacement.
        type: Type token.
        custom: Whether a provider manages it; False for components and the stack.
        id: The provider's id; empty for components.
        inputs: Checked inputs.
        outputs: The provider's outputs; for components, what they registered.
        parent: URN of the parent; empty for the stack and default providers.
        dependencies: URNs it depends on.
        property_dependencies: URNs per input property.
        provider: `<urn>::<id>` of its provider; empty for components and providers.
        protect: Whether it may be deleted or replaced.
        external: Whether it was only read, and so is never changed or deleted.
        retain_on_delete: Whether its deletion leaves the object in place.
        deleted_with: URN whose deletion deletes this object too.
        init_errors: Why it did not become ready; it is updated again on the next run.
        additional_secret_outputs: Outputs that are secret whatever the provider says.
        timeouts: Custom timeouts.
        import_id: Id it was imported with.
        pending_replacement: It was deleted to be replaced, and its replacement has not been created yet.
        ignore_changes: Property paths of the resource's option, for dependent replacements.
        replace_on_changes: The same.
        replacement_trigger: Value whose change replaces the resource.
        hooks: Names of its hooks by their kind, such as `before_delete`.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    inputs: Properties = field(default_factory=dict)
    outputs: Properties = field(default_factory=dict)
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    provider: str = ""
    protect: bool = False
    external: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    init_errors: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    timeouts: Timeouts = Timeouts()
    import_id: str = ""
    pending_replacement: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    replacement_trigger: Wire = None
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Logical name."""
        return urn_name(self.urn)

    @property
    def is_provider(self) -> bool:
        """Whether it is a provider, default or explicit."""
        return self.type.startswith(PROVIDER_PREFIX)

    @property
    def is_default_provider(self) -> bool:
        """Whether it is a provider the engine made, which people do not see."""
        return self.is_provider and not self.parent and self.name == DEFAULT_PROVIDER

    @property
    def package(self) -> str:
        """The package that manages it, such as `aws`."""
        return package_of(self.type)

    def needs(self) -> frozenset[str]:
        """URNs that must outlive this resource: dependencies, parent and provider."""
        urns = {*self.dependencies, self.parent, provider_urn(self.provider), self.deleted_with}
        for dependencies in self.property_dependencies.values():
            urns.update(dependencies)
        return frozenset(urns - {""})

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults, with secrets still in the clear."""
        content: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Timeouts):
                value = {name: seconds for name, seconds in vars(value).items() if seconds}
            empty = value is None if item.name == "replacement_trigger" else not value
            if not empty or item.name in {"urn", "type", "custom"}:
                content[item.name] = value
        return content

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises:
            TypeError: A field is missing or unknown.
        """
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) and key != "replacement_trigger" else value
            for key, value in content.items()
        }
        if "timeouts" in values:
            values["timeouts"] = Timeouts(**values["timeouts"])
        if "property_dependencies" in values:
            values["property_dependencies"] = {
                key: tuple(urns) for key, urns in values["property_dependencies"].items()
            }
        if "hooks" in values:
            values["hooks"] = {kind: tuple(names) for kind, names in values["hooks"].items()}
        return cls(**values)


@dataclass(frozen=True, kw_only=True, eq=False)
class PendingCreate:
    """A create that was started: the object may exist although no resource says so.

    Args:
        goal: The resource as it would be recorded, with checked inputs and without id and outputs.
        replaces: Whether the recorded resource of the same URN is the old copy it replaces.
    """

    goal: Resource
    replaces: bool = False


def urn_name(urn: str) -> str:
    """Return the logical name in a URN."""
    return urn.split("::", 3)[-1]


def urn_type(urn: str) -> str:
    """Return the type token in a URN, without the types of its parents."""
    return urn.split("::", 3)[2].rsplit("$", 1)[-1]


def package_of(token: str) -> str:
    """Return the package that serves a resource type or function token."""
    if token.startswith(PROVIDER_PREFIX):
        return token.removeprefix(PROVIDER_PREFIX)
    return token.split(":", 1)[0]


def provider_urn(reference: str) -> str:
    """Return the URN in a provider reference (`<urn>::<id>`)."""
    return reference.rpartition("::")[0]


def make_urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Return the URN of a resource: types of its parents, but not of the stack, are part of it."""
    parent_types = parent.split("::", 3)[2] if parent else ""
    qualified = f"{parent_types}${type_}" if parent_types and parent_types != STACK_TYPE else type_
    return f"urn:pulumi:{stack}::{project}::{qualified}::{name}"
