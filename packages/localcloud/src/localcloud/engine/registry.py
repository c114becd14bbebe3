"""The providers of one run: which instance serves a resource, and provider resources themselves."""

import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pulumi.provider.experimental.provider import DiffResponse, Provider

from localcloud.engine.hosting import Checked, Instance, Made, ProviderFactory
from localcloud.engine.resources import Resource, package_of, urn_type
from localcloud.engine.state import State
from localcloud.engine.values import UNKNOWN, Properties
from localcloud.errors import LocalCloudError


class Registry:
    """Provider instances by reference (`<urn>::<id>`), and itself the provider of provider resources.

    Args:
        factories: Makes a provider per package.
        state: Holds the inputs of providers that this run's program has not registered (any more).
    """

    def __init__(self, factories: Mapping[str, ProviderFactory], state: State) -> None:
        self._factories = factories
        self._state = state
        self._instances: dict[str, Instance] = {}
        self._fresh: dict[str, Provider] = {}
        self._configured: dict[str, Provider] = {}
        self._lock = threading.RLock()

    def provider_for(self, token: str) -> str:
        """Return the package of a type or function token.

        Raises:
            LocalCloudError: The local cloud has no provider for it.
        """
        package = package_of(token)
        if package not in self._factories:
            raise LocalCloudError(
                f"the local cloud has no provider for {package!r} ({token}); it has "
                f"{', '.join(sorted(self._factories)) or 'none'}",
                fix="leave the resource out of this stack, or deploy the stack with the pulumi CLI",
            )
        return package

    def instance(self, reference: str) -> Instance:
        """Return the configured provider of a reference, from the state when this run has not registered it.

        Raises:
            LocalCloudError: The reference is in neither.
        """
        with self._lock:
            known = self._instances.get(reference)
        if known is not None:
            return known
        urn, _, resource_id = reference.rpartition("::")
        with self._state.locked():
            records = [self._state.resources.get(urn), *self._state.condemned]
        for record in records:
            if record is not None and record.urn == urn and record.id == resource_id:
                return self._keep(record)
        raise LocalCloudError(f"the provider {reference} is neither in the program nor in the state")

    def remarks(self, name: str) -> dict[str, str]:
        """Return what providers say about resources in their optional attribute `name`: text by URN."""
        with self._lock:
            providers = list(self._configured.values())
        found: dict[str, str] = {}
        for provider in providers:
            found |= getattr(provider, name, {})
        return found

    def _keep(self, resource: Resource) -> Instance:
        with self._lock:
            provider = self._fresh.pop(resource.urn, None) or self._make(resource.urn)
            instance = Instance(package_of(resource.type), provider, resource.inputs)
            self._instances[f"{resource.urn}::{resource.id or UNKNOWN}"] = instance
            self._configured[resource.urn] = provider
        return instance

    def _make(self, urn: str) -> Provider:
        return self._factories[self.provider_for(urn_type(urn))]()

    def _provider(self, urn: str) -> Provider:
        known = self._fresh.get(urn) or self._configured.get(urn)
        if known is None:
            known = self._fresh[urn] = self._make(urn)
        return known

    # What follows are the operations of an Instance, for resources that are providers.

    configured = True

    def check(self, urn: str, old: Properties, new: Properties, seed: bytes) -> Checked:  # noqa: ARG002  an Instance's signature
        """Validate a provider's configuration."""
        with self._lock:
            provider = self._provider(urn)
        return Instance(package_of(urn_type(urn)), provider, {"": UNKNOWN}).check_config(urn, old, new)

    def diff(self, old: Resource, new: Properties, ignored: Sequence[str]) -> DiffResponse:  # noqa: ARG002  an Instance's signature
        """Compare a provider's recorded configuration with a new one."""
        with self._lock:
            provider = self._provider(old.urn)
        return Instance(old.package, provider, {"": UNKNOWN}).diff_config(old, new)

    def create(self, goal: Resource, *, preview: bool = False) -> Made:
        """Configure a provider; in a preview it is used, but has no id yet."""
        made = Made(id="" if preview else str(uuid.uuid4()), outputs=goal.inputs)
        self._keep(replace(goal, id=made.id))
        return made

    def update(self, old: Resource, goal: Resource, *, preview: bool = False) -> Made:  # noqa: ARG002  an Instance's signature
        """Configure a provider anew under the id it has."""
        self._keep(replace(goal, id=old.id))
        return Made(id=old.id, outputs=goal.inputs)

    def delete(self, resource: Resource) -> None:
        """Forget a provider."""
        with self._lock:
            self._instances.pop(f"{resource.urn}::{resource.id}", None)

    def find(self, goal: Resource) -> Made | None:  # noqa: ARG002  an Instance's signature
        """Return None: a provider leaves nothing behind."""
        return None

    def read(self, resource: Resource) -> Made | None:
        """Return the provider as it is recorded."""
        return Made(id=resource.id, outputs=resource.outputs, inputs=resource.inputs)
