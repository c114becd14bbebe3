"""What a deployment registered, in a form that plain asserts can read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registered resource.

    Args:
        urn: Its URN.
        type: Type token, for example `aws:ecs/service:Service`.
        name: Logical name.
        inputs: Inputs with camelCase keys; secrets unwrapped.
        custom: False for components.
        parent: URN of its parent.
        depends_on: URNs it waits for, whether by option or by an input.
        provider: Reference of its provider, empty for the default one.
        protect: Whether deletion is refused.
        ignore_changes: Properties that the program leaves alone.
        delete_before_replace: Whether it goes before its replacement comes.
        retain_on_delete: Whether it stays behind.
        replace_on_changes: Properties whose change replaces it.
        timeouts: Custom timeouts, operation → duration.
        secret_inputs: Top-level inputs that are secret.
        remote: Whether a component of another language makes it.
        hooks: Kind of hook → names.
        providers: Package → provider that such a component uses for its parts.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    custom: bool
    parent: str
    depends_on: frozenset[str]
    provider: str
    protect: bool
    ignore_changes: Sequence[str]
    delete_before_replace: bool
    retain_on_delete: bool
    replace_on_changes: Sequence[str]
    timeouts: Mapping[str, str]
    secret_inputs: frozenset[str]
    remote: bool
    hooks: Mapping[str, Sequence[str]]
    providers: Mapping[str, str]


@dataclass
class Recorded:
    """What a deployment registered."""

    stack: str
    resources: list[Resource] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)
    component_outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    invokes: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def all(self, type_: str) -> list[Resource]:
        """Resources of a type, given in full or by its last part: `Service` or `aws:ecs/service:Service`."""
        return [r for r in self.resources if r.type == type_ or r.type.rsplit(":", 1)[-1] == type_]

    def one(self, type_: str, name: str | None = None) -> Resource:
        """The only resource of a type (and name)."""
        found = [r for r in self.all(type_) if name is None or r.name == name]
        assert len(found) == 1, f"{len(found)} x {type_} {name or ''}: {[r.name for r in found]}"
        return found[0]

    def children(self, parent: Resource) -> list[Resource]:
        """Direct children of a component."""
        return [r for r in self.resources if r.parent == parent.urn]

    def waits_for(self, resource: Resource) -> set[str]:
        """URNs of everything that exists before `resource` does, at any distance."""
        by_urn = {r.urn: r for r in self.resources}
        seen: set[str] = set()
        queue = list(resource.depends_on)
        while queue:
            urn = queue.pop()
            if urn not in seen:
                seen.add(urn)
                queue += by_urn[urn].depends_on if urn in by_urn else []
        return seen
